from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

from rich.console import Console

from cleaner.bench import quality
from cleaner.bench.quality_page import page_of
from cleaner.bench.shingles import Match, Score

BODY = (
    "The ferry to the islands will not sail before Thursday, the harbour master said on Monday, because of the storm.\n"
    "Divers will look at the foundations as soon as the swell allows it, and that may take a week or more.\n"
    "The town hopes to open the pier again before the summer guests arrive, she said, and so do the islanders."
)
TEXT = f"Home\nSport\nWeather\n{BODY}\nSubscribe to our newsletter\nPrivacy policy"
ABOUT = {
    "id": "1",
    "page_type": "article",
    "language": "en",
    "role": "dev",
    "gold": BODY,
    "title": "Ferry waits for the storm to pass",
    "apart": ["By Ann Example"],
    "url": "https://a.example/1",
}
SYSTEMS = ["no cleaning", "best stretch", "boilerstrip body"]


@cache
def answers() -> list[quality.Answer]:
    return quality.measure([(ABOUT, {"html-text": TEXT, "justext": BODY})], SYSTEMS, 1)


def test_systems_are_measured_on_the_same_text() -> None:
    found = quality.figures(answers())
    assert found["no cleaning"]["html-text"]["recall"] == 1
    assert found["no cleaning"]["html-text"]["precision"] < 1
    assert found["no cleaning"]["justext"]["f1"] == 1
    assert found["best stretch"]["html-text"]["f1"] == 1
    assert found["boilerstrip body"]["html-text"]["article_lost"] == 0
    pinned = quality.floors(answers())
    assert pinned["f1"].keys() == {"boilerstrip body, html-text", "boilerstrip body, justext"}


def test_headline_and_byline_count_for_nobody() -> None:
    head = f"{ABOUT['title']}\nBy Ann Example"
    for gold in (BODY, f"{head}\n{BODY}"):
        truth = quality.Truth.of(ABOUT | {"gold": gold})
        for answer in (BODY, f"{head}\n{BODY}"):
            assert truth.match(answer).f1 == 1
        assert truth.match(f"{BODY}\nSubscribe to our newsletter").precision < 1


def test_a_page_s_time_is_told_beside_a_peer_s() -> None:
    found = [
        replace(answers()[0], system=name, seconds=s) for name, s in (("jusText", 0.2), ("x", 0.05))
    ]
    console = Console(width=120, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(quality.speed(found, ["jusText", "x"]))
    text = console.export_text()
    assert re.search(r"jusText .*200\.00 .*1\.00", text)
    assert re.search(r"x .*50\.00 .*4\.00", text)
    assert all(answer.seconds >= 0 for answer in answers())


def test_tables_have_a_row_a_system() -> None:
    console = Console(width=120, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    for table in quality.tables(answers(), SYSTEMS):
        console.print(table)
    text = console.export_text()
    assert all(text.count(name) == 3 for name in SYSTEMS)


def test_the_report_marks_what_was_lost_and_what_stayed() -> None:
    lines = BODY.split("\n")
    answer = "\n".join(["Subscribe to our newsletter every day", *lines[1:]])
    text = "\n".join(["Home", *lines, "Subscribe to our newsletter every day"])
    points = [("full page", "<peer>", Score(1, 0.8, 0.7, 0.9, 0.1))]
    page = page_of(points, [("0.500 <title>", BODY, text, answer)])
    assert re.findall(r'<p class="(\w+)">(\w+)', page)[0] == ("gone", "Home")
    assert '<p class="lost">The ferry' in page
    assert '<p class="missed">Subscribe' in page
    assert "&lt;peer&gt;" in page
    assert "<title>" not in page.split("</head>")[1].replace("<title>&lt;peer&gt;</title>", "")
    assert "http" not in page


def test_a_document_s_f1() -> None:
    assert Match(0, 0, 0).f1 == 1
    assert Match(0, 3, 3).f1 == 0
