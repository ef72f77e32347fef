"""Examples show which words are the template's, which a slot's and which the article's."""

from __future__ import annotations

import pytest

from cleaner.detect.templates.bundle import Bundle, Template, Where
from cleaner.detect.templates.slots import anchor_print
from cleaner.learn.templates.sample import Part, Sample, examples, marked, sample

OWN, SLOT, ARTICLE = Part.OWN, Part.SLOT, Part.ARTICLE


def template(text: str, where: Where = Where.BLOCK) -> Template:
    room = 12 if "{…}" in text else 0
    return Template("harbour.example", text, where, "other", 0.95, 9, 0, 0.9, -1, -1, "tail", 0, room, "recurs", anchor_print(text, where))  # fmt: skip


CASES = [
    ("The post {…} appeared first on Harbour Post.", Where.BLOCK, "The post Nine days of silt appeared first on Harbour Post.",
     [("The post ", OWN), ("Nine days of silt", SLOT), (" appeared first on Harbour Post.", OWN)]),
    ("Reporting by {…} editing by {…}", Where.BLOCK, "Reporting by Ann Lee; editing by Jo Roe.",
     [("Reporting by ", OWN), ("Ann Lee;", SLOT), (" editing by ", OWN), ("Jo Roe.", SLOT)]),
    ("{…} contributed to this report", Where.BLOCK, "Ann Lee contributed to this report.",
     [("Ann Lee", SLOT), (" contributed to this report.", OWN)]),
    ("You have 3 articles left", Where.BLOCK, "You have 12 articles left!", [("You have 12 articles left!", OWN)]),
    ("Photo: Harbour Post", Where.CLOSING, "The bridge at dawn. (Photo: Harbour Post)",
     [("The bridge at dawn. ", ARTICLE), ("(Photo: Harbour Post)", OWN)]),
    ("Updated at 3 pm.", Where.OPENING, "Updated at 5 pm. The bridge is open.",
     [("Updated at 5 pm", OWN), (". The bridge is open.", ARTICLE)]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "where", "line", "parts"), CASES)
def test_parts_of_an_example(text: str, where: Where, line: str, parts: list[tuple[str, Part]]) -> None:  # fmt: skip
    found = marked(template(text, where), line)
    assert found == parts
    assert "".join(part for part, _ in found) == line


@pytest.mark.parametrize(
    "line", ["", "!", "The post", "Harbour Post.", "The bridge is open again.", "appeared first on Harbour Post. The post"]
)  # fmt: skip
def test_a_line_that_is_not_the_template_s_has_no_parts(line: str) -> None:
    assert marked(template(CASES[0][0]), line) == []


def test_examples_are_three_different_ones_that_fit() -> None:
    texts = [f"The post {name} appeared first on Harbour Post." for name in "AABBCD"]
    found = examples(template(CASES[0][0]), ["Nothing of it", *texts])
    assert [parts[1] for parts in found] == [("A", SLOT), ("B", SLOT), ("C", SLOT)]


LINE = "The port authority reopened the eastern channel on day {} of a winter in which storms had closed it to all of the larger ships."


def pages(count: int) -> list[dict[str, object]]:
    text = "\n\n".join(["Home", *[LINE] * 4, "You have 3 articles left"])
    return [
        {"id": str(n), "url": f"https://harbour.example/{n}", "publisher": None, "day": -1, "text": text.format(*range(n, n + 4)), "html": None}
        for n in range(count)
    ]  # fmt: skip


def sampled(count: int, most: int) -> Sample:
    import pyarrow as pa

    from cleaner.learn.templates.passes import PAGES

    batch = pa.RecordBatch.from_pylist(pages(count), PAGES)
    bundle = Bundle.of([template("You have 3 articles left")])
    return sample(lambda: [batch], bundle, ["harbour.example", "unseen.example"], most)["harbour.example"]  # fmt: skip


def test_a_sample_says_how_much_was_caught_and_where() -> None:
    found = sampled(9, 5)
    assert len(found.results) == 5
    assert (found.lines, found.caught, found.share) == (30, 5, 1 / 6)
    (places,) = found.places.values()
    assert all(2 < place < 3 for place in places), "below the article"
    assert found.shown is not None
    assert "articles left" not in found.shown.text


def test_a_sample_is_the_same_every_time() -> None:
    assert [r.document.id for r in sampled(50, 4).results] == [r.document.id for r in sampled(50, 4).results]  # fmt: skip
