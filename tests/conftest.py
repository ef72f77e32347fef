"""What tests of several folders share: hypothesis profiles and the golden cases."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from cleaner import Cleaner, Options
from cleaner.detect.patterns import Matcher
from cleaner.detect.rulebook import RULES, parse_rulebook
from cleaner.threads import one_thread

_LOOSE = (HealthCheck.too_slow, HealthCheck.data_too_large)
settings.register_profile("dev", max_examples=40, deadline=None, suppress_health_check=_LOOSE)
# In CI a red build must be the change's fault: the same examples every time.
settings.register_profile(
    "ci", parent=settings.get_profile("dev"), derandomize=True, max_examples=8
)
settings.load_profile("ci" if os.environ.get("CI") else "dev")
one_thread()
sys.path.append(str(Path(__file__).parent))  # `newsroom`: importlib mode leaves the folder out

_ROW = re.compile(r"test_row(\d+)")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let a test that has a row of the fault table in its name carry the marker, too."""
    for item in items:
        if named := _ROW.search(item.name):
            item.add_marker(pytest.mark.fault(int(named[1])))


Seconds = Callable[[Callable[[], object]], float]
# What `_loop` takes on one idle core of the machines that the limits were set on.
_LOOP_SECONDS = 0.07
Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture(scope="session")
def cleaner_of() -> Callable[[Options], Cleaner]:
    """Return a Cleaner for Options; one for each, as callers are told to keep them."""
    made: dict[Options, Cleaner] = {}

    def get(options: Options = Options()) -> Cleaner:
        return made.setdefault(options, Cleaner(options))

    return get


def _loop() -> int:
    return sum(number * number for number in range(1_000_000))


def _taken(call: Callable[[], object]) -> float:
    started = time.process_time()
    call()
    return time.process_time() - started


@pytest.fixture(scope="session")
def seconds() -> Seconds:
    """Return a function that tells the CPU seconds of a call, as if nothing else were running.

    Neighbours on the same core make CPU seconds longer, too: a loop of known cost says how much.
    """

    def measure(call: Callable[[], object]) -> float:
        before = _taken(_loop)
        taken = _taken(call)
        return taken * min(1, 2 * _LOOP_SECONDS / (before + _taken(_loop)))

    return measure


@pytest.fixture(scope="session")
def run_cleaner() -> Run:
    """Return a function that runs ``python -m cleaner`` as a process of its own."""

    def run(
        *arguments: str, stdin: bytes = b"", **more: object
    ) -> subprocess.CompletedProcess[bytes]:
        environment = {**os.environ, **more.pop("env", {})}  # type: ignore[dict-item]
        return subprocess.run(
            [sys.executable, "-m", "cleaner", *arguments],
            input=stdin, capture_output=True, env=environment, timeout=120, check=False, **more,  # type: ignore[call-overload]
        )  # fmt: skip

    return run


_SMALL = {
    "en/read_more.toml": """
category = "read_more"
[[rule]]
id = "en.read_more.button"
keywords = ["read more"]
pattern = '''^ read \\s more \\W{0,3} $'''
why = "A button"
hit = ["Read more"]
miss = ["Read more books", "They read more than we do."]
""",
    "en/newsletter.toml": """
category = "newsletter"
language = "en"
[[rule]]
id = "en.newsletter.subscribe"
keywords = ["newsletter"]
pattern = '''^ subscribe \\s to \\s our \\s newsletter [.!]? $'''
why = "A sign-up button"
hit = ["Subscribe to our newsletter"]
miss = ["She writes a newsletter.", "Subscribe to our newsletter, the man cried."]
[[rule]]
id = "en.newsletter.sentence"
scope = "sentence"
keywords = ["sign up"]
pattern = '''^ sign \\s up \\s for \\s our \\s newsletter \\b'''
why = "A sign-up sentence"
hit = ["Sign up for our newsletter."]
miss = ["They sign up for ours.", "He had to sign up."]
[[rule]]
id = "en.newsletter.line"
scope = "line"
keywords = ["inbox"]
pattern = '''^ in \\s your \\s inbox $'''
why = "A line"
hit = ["In your inbox"]
miss = ["It is in your inbox.", "An inbox"]
""",
    "en/donation.toml": """
category = "donation"
language = "en"
[[rule]]
id = "en.donation.favor"
keywords = ["small favor"]
pattern = '''small \\s favor \\s to \\s ask'''
why = "Opens an appeal"
leads = "rest"
hit = ["we have a small favor to ask."]
miss = ["a small favor", "He asked a small favor."]
[[rule]]
id = "en.donation.support"
keywords = ["support our"]
pattern = '''^ support \\s our \\s journalism'''
why = "An appeal"
hit = ["Support our journalism today."]
miss = ["They support our team.", "Readers support our journalism."]
[[rule]]
id = "en.donation.thanks"
keywords = ["thank you"]
pattern = '''^ thank \\s you \\. $'''
why = "Ends appeals"
confidence = 0.45
hit = ["Thank you."]
miss = ["Thank you, he said.", "We thank you."]
""",
    "en/most_read.toml": """
category = "most_read"
language = "en"
[[rule]]
id = "en.most_read.heading"
keywords = ["most read"]
pattern = '''^ most \\s read $'''
why = "A heading"
leads = "list"
hit = ["Most read"]
miss = ["The most read book", "Most read it twice."]
""",
    "en/navigation.toml": """
category = "navigation"
language = "en"
[[rule]]
id = "en.navigation.word"
keywords = ["home", "news", "sport", "menu"]
pattern = '''^ (?:home|news|sport|menu) $'''
why = "A menu word"
confidence = 0.35
hit = ["Home"]
miss = ["Home is where we are.", "No news"]
""",
    "keep/en.toml": """
category = "keep"
language = "en"
sentences = ["The newsletter of 1848 was printed by hand."]
[[rule]]
id = "keep.en.footnote"
keywords = ["footnote"]
pattern = '''^ footnote: '''
why = "Footnotes stay"
hit = ["Footnote: Read more"]
miss = ["A footnote", "No footnote:"]
""",
}


@pytest.fixture(scope="session")
def small_packs() -> dict[str, bytes]:
    """Return a rulebook of this suite's own, as file name to content.

    Tests of code read it, so that they do not hang on what the real packs say today.
    """
    categories = (RULES / "categories.toml").read_bytes()
    return {"categories.toml": categories, **{name: text.encode() for name, text in _SMALL.items()}}


@pytest.fixture(scope="session")
def small_matcher(small_packs: dict[str, bytes]) -> Matcher:
    """Return a Matcher of that rulebook."""
    return Matcher(parse_rulebook(small_packs))


def _words(text: str) -> list[str]:
    return text.split()


_THING = _words("""pier mill ferry orchard lantern cellar bridge quarry garden wagon bakery lighthouse archive canal
    chapel market tower well school barn library harbour meadow workshop station theatre reservoir granary vineyard
    museum prison shipyard monastery hospital tunnel dam""")
_LIKE = _words("""old flooded narrow silent crowded broken yellow distant stubborn frozen borrowed crooked famous hollow
    northern painted restless salty tired wooden abandoned cheerful dusty eastern forgotten grey humble iron lonely muddy""")
_DOES = _words("""reopened measured sold painted defended lost inspected rebuilt mentioned closed photographed surveyed
    guarded crossed counted blamed praised moved bought found emptied repaired described visited drew insured lit named
    searched warmed""")
_NEAR = _words("behind beyond above near opposite below beside inside towards under")
_PEOPLE = _words("Lee Roe Sand Ford Lund Hill Voss Wood Grey Marsh Stone Frost")


def _sentence(draw: random.Random) -> str:
    like, thing, near = (lambda words=words: draw.choice(words) for words in (_LIKE, _THING, _NEAR))
    who, does = draw.choice(_PEOPLE), lambda: draw.choice(_DOES)
    return (
        f"{who} {does()} {like()} {thing()} {near()} {like()} {thing()}, {does()} {like()} {thing()} "
        f"and {does()} {draw.randrange(20, 900)} {like()} {thing()} keys {near()} {thing()} {thing()}."
    )


@pytest.fixture(scope="session")
def harbour_pages() -> Callable[..., list[dict[str, str]]]:
    """Return a function that writes `count` pages of a publisher: stories of their own in one frame.

    The frame has menu, credit and teasers; one page in ten has a subhead that others have as well.
    """

    def pages(publisher: str, count: int, seed: int = 0) -> list[dict[str, str]]:
        made = []
        for n in range(count):
            draw = random.Random(f"{publisher} {seed} {n}")
            story = [" ".join(_sentence(draw) for _ in range(2)) for _ in range(6)]
            if n % 10 == 0:
                story.insert(3, "What happens next")
            names = draw.sample(_PEOPLE, 2)
            frame = [
                f"Reporting by {names[0]} in the harbour office; editing by {names[1]}",
                f"You have {draw.randrange(1, 9)} free articles left this month",
                "More stories from the quay",
                *(" ".join(_sentence(draw).split()[:7]) for _ in range(3)),
                f"All of {publisher}, every morning in your letter box",
            ]
            text = "\n\n".join(["Home", "Tides and weather", _sentence(draw)[:48], *story, *frame])
            day = f"2026-{1 + n % 12:02}-{1 + n % 28:02}"
            made.append({"id": f"{publisher}/{n}", "url": f"https://{publisher}/news/{n}", "date": day, "text": text})  # fmt: skip
        return made

    return pages
