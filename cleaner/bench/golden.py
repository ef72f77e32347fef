"""Golden cases: reviewed pairs of input and cleaned copy, read from ``golden/``.

The layout stands in ``golden/README.md``. A case answers for the profile in its ``case.toml``
with ``expected.txt``; further reviewed copies are ``expected.body.txt``, ``expected.light.txt``
and, with reflow, ``expected.reflow.txt``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cleaner.errors import InvalidInput
from cleaner.model import Document, Kind, Result
from cleaner.pipeline import Cleaner
from cleaner.profiles import PROFILES, Options

GROUPS = ("seeds", "synthetic", "untouched", "known_failures")
FOLDER = Path(__file__).parents[2] / "golden"
VARIANTS = ("", *PROFILES, "reflow")


@dataclass(frozen=True, slots=True)
class Case:
    """One reviewed pair, for one variant of the options."""

    folder: Path
    variant: str
    """Empty for the case's own profile, else a profile's name or ``reflow``."""
    document: Document
    options: Options

    @property
    def name(self) -> str:
        """``group/slug`` and the variant."""
        name = f"{self.folder.parent.name}/{self.folder.name}"
        return f"{name}@{self.variant}" if self.variant else name

    @property
    def group(self) -> str:
        """One of `GROUPS`."""
        return self.folder.parent.name

    @property
    def expected_file(self) -> Path:
        """The reviewed copy; absent in ``untouched`` and before the first review."""
        return self.folder / _named("expected", self.variant, "txt")

    @property
    def removed_file(self) -> Path:
        """What a reviewer reads beside it."""
        return self.folder / _named("removed", self.variant, "tsv")

    @property
    def expected(self) -> str | None:
        """The reviewed copy; None before the first review. In ``untouched``, the input."""
        if self.group == "untouched":
            return self.answer().document.text
        if not self.expected_file.is_file():
            return None
        return self.expected_file.read_bytes().decode()

    def answer(self) -> Result:
        """Return today's answer."""
        return _cleaner(self.options).clean(self.document)


def cases(folder: Path = FOLDER, only: str = "") -> Iterator[Case]:
    """Yield the cases of a golden folder whose name contains `only`."""
    for group in GROUPS:
        for place in sorted((folder / group).glob("*/")):
            for case in _variants(place):
                if only in case.name:
                    yield case


def accept(case: Case) -> None:
    """Take today's answer as the reviewed copy."""
    result = case.answer()
    if case.group != "untouched":
        case.expected_file.write_bytes(result.text.encode())
    case.removed_file.write_bytes(removed_table(result).encode())


def removed_table(result: Result) -> str:
    """Return what was removed as tab-separated lines: start, end, category, detector, quote."""
    rows = ["start\tend\tcategory\tdetector\tquote"]
    for removal in result.removed:
        quote = result.document.text[removal.start : removal.end]
        shown = "".join(map(_shown, quote))
        verdict = removal.verdict
        rows.append(
            f"{removal.start}\t{removal.end}\t{verdict.category}\t{verdict.detector}\t{shown}"
        )
    return "\n".join(rows) + "\n"


def _shown(sign: str) -> str:
    if sign.isprintable() and sign != "\\":
        return sign
    return sign.encode("unicode_escape").decode()


def _named(stem: str, variant: str, suffix: str) -> str:
    return f"{stem}.{variant}.{suffix}" if variant else f"{stem}.{suffix}"


def _variants(place: Path) -> Iterator[Case]:
    settings = place / "case.toml"
    try:
        row = tomllib.loads(settings.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise InvalidInput("case.toml", f"{settings}: {error}") from None
    html = (place / "source.html").is_file()
    document = Document(
        raw=(place / ("source.html" if html else "source.txt")).read_bytes(),
        kind=Kind.HTML if html else Kind.TEXT,
        id=place.name,
        url=row.get("url", ""),
        language=row.get("language", ""),
    )
    for variant in VARIANTS:
        if variant and not (place / _named("expected", variant, "txt")).is_file():
            continue
        profile = variant if variant in PROFILES else row.get("profile", "standard")
        yield Case(place, variant, document, Options(profile, reflow=variant == "reflow"))


@cache
def _cleaner(options: Options) -> Cleaner:
    return Cleaner(options)
