"""Options: what a caller may ask for, and how a wrong name is told (FAULTS 26)."""

from __future__ import annotations

import pytest

from cleaner import PROFILES, Cleaner, InvalidInput, Options, UnknownName
from cleaner.detect.rulebook import load_rulebook
from cleaner.profiles import DETECTORS, resolve


@pytest.mark.parametrize(
    ("options", "field", "name", "known"),
    [
        (Options("strict"), "profile", "strict", "light"),
        (Options(remove=("adverts",)), "category", "adverts", "advertisement"),
        (Options(keep=("adverts",)), "category", "adverts", "advertisement"),
        (Options(detectors=("magic",)), "detector", "magic", "structure"),
        (Options(""), "profile", "", "standard"),
    ],
)
def test_unknown_names_are_refused_with_those_that_are_known(
    options: Options, field: str, name: str, known: str
) -> None:
    with pytest.raises(UnknownName) as caught:
        Cleaner(options)
    assert (caught.value.field, caught.value.name) == (field, name)
    assert known in caught.value.known
    assert known in str(caught.value)


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), float("inf")])
def test_least_confidence_is_from_0_to_1(value: float) -> None:
    with pytest.raises(InvalidInput) as caught:
        Cleaner(Options(min_confidence=value))
    assert caught.value.field == "min_confidence"


def test_a_category_is_not_both_removed_and_kept() -> None:
    with pytest.raises(InvalidInput, match="share"):
        Cleaner(Options(remove=("share",), keep=("share",)))


def test_body_takes_all_that_standard_takes_and_the_head() -> None:
    categories = load_rulebook().categories
    goes = {name: resolve(Options(name), categories).categories for name in PROFILES}
    head = {"headline", "standfirst", "byline", "date", "caption"}
    assert goes["body"] - goes["standard"] == head
    assert goes["standard"] == goes["light"]
    assert not goes["standard"] & head


def test_profiles_differ_in_confidence_and_detectors() -> None:
    categories = load_rulebook().categories
    light, standard = (resolve(Options(name), categories) for name in ("light", "standard"))
    assert light.min_confidence > standard.min_confidence
    assert light.detectors == ("rules", "templates")
    assert standard.detectors == DETECTORS
    assert resolve(Options("light", detectors=DETECTORS), categories).detectors == DETECTORS
