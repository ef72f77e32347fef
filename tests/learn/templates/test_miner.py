"""What recurs is learned where it is chrome, and refused with a reason where it is not."""

from __future__ import annotations

import random

from cleaner import Cleaner, Options
from cleaner.detect.templates import Bundle, Where
from cleaner.detect.templates.bundle import SLOT
from cleaner.learn.templates.support import Support
from cleaner.model import Document

from .pages import accepted, mined, page, refused, story, title

TAIL = ("Most read this week", "About the Lantern", "Our privacy promise to readers")
APPEAL = "The Lantern has no owner but its readers, so if this story told you something new, please think about giving a little each month to keep our reporters on the road."  # fmt: skip


def pages(
    count: int, *tail: str, head: tuple[str, ...] = ("Lantern home", "Weather and tides")
) -> list[dict[str, object]]:
    return [page(n, [*head, *story(n), *tail]) for n in range(count)]


def test_lines_that_recur_around_the_article_are_templates() -> None:
    found = mined(pages(12, *TAIL, APPEAL))
    assert accepted(found) == {"Lantern home", "Weather and tides", *TAIL, APPEAL}
    assert found.pages.keys() == {"lantern.example"}
    assert 9 <= found.pages["lantern.example"] <= 12


def test_support_position_and_days_are_told() -> None:
    (privacy,) = [t for t in mined(pages(12, *TAIL)).templates if t.text == TAIL[2]]
    assert (privacy.position, privacy.first, privacy.last) == ("tail", 20000, 20011)
    assert 9 <= privacy.days <= 12
    assert 9 <= privacy.pages <= 12
    assert privacy.share > 0.9
    assert "below the article" in privacy.reason


def test_no_sentence_of_any_story_is_a_template() -> None:
    found = mined(pages(30, *TAIL))
    told = "\n".join(line for n in range(30) for line in story(n))
    assert not [t.text for t in found.templates if t.accepted and t.text in told]


def test_patterns_get_slots_where_their_lines_differ() -> None:
    rows = [
        page(
            n,
            [*story(n), f"The post {title(random.Random(n + 900))} appeared first on The Lantern"],
        )
        for n in range(12)
    ]
    assert accepted(mined(rows)) == {f"The post {SLOT} appeared first on The Lantern"}


def test_credits_of_the_same_editors_are_one_pattern() -> None:
    names = ("Frost", "Lund", "Marsh", "Vale", "Birch", "Reed", "Stone", "Wood", "Hill", "Brook")
    rows = [
        page(n, [*story(n), f"Reporting by Ada {names[n % 10]}; editing by Eve {names[n % 3]}"])
        for n in range(24)
    ]
    (only,) = accepted(mined(rows))
    assert only.startswith("Reporting by Ada {…}")
    assert "editing by Eve" in only


def test_numbers_are_one_template() -> None:
    rows = [
        page(n, [*story(n), f"You have {n + 2} free articles left this month"]) for n in range(12)
    ]
    (only,) = [t for t in mined(rows).templates if t.accepted]
    assert only.room == 0
    document = Document(
        text="\n\n".join([*story(99), "You have 41 free articles left this month"]),
        publisher="lantern.example",
    )
    cleaner = Cleaner(Options(detectors=("templates",)), bundle=Bundle.of([only]))
    assert cleaner.clean(document).text == "\n\n".join(story(99))


def test_chrome_glued_to_an_articles_line_is_a_part() -> None:
    rows = []
    for n in range(12):
        lines = story(n)
        lines[-1] += " Read more of this in the evening Lantern."
        rows.append(page(n, lines))
    (only,) = [t for t in mined(rows).templates if t.accepted]
    assert (only.where, only.text) == (Where.CLOSING, "Read more of this in the evening Lantern.")


def test_near_duplicates_are_one_page() -> None:
    rows = []
    for n in range(12):  # one story, its last paragraph updated
        lines = story(5, 14)
        lines[-1] = story(n + 700)[-1]
        rows.append(page(n, lines))
    rows += pages(20)
    assert not accepted(mined(rows)) & set(story(5, 14))


def test_one_url_seen_again_and_again_is_one_page() -> None:
    rows = [page(3, [*story(n), "A line of one busy address"]) for n in range(10)] + pages(8)
    assert "A line of one busy address" not in accepted(mined(rows))


def test_subheads_and_datelines_between_paragraphs_are_refused() -> None:
    rows = []
    for n in range(20):
        told = story(n)
        rows.append(
            page(
                n,
                [
                    *told[:3],
                    "What happened next",
                    *told[3:5],
                    "Why it matters",
                    *told[5:],
                    "About the Lantern",
                ],
            )
        )
    found = mined(rows)
    assert accepted(found) == {"About the Lantern"}
    assert {"What happened next", "Why it matters"} <= refused(found).keys()


def test_running_text_that_recurs_in_stories_is_refused() -> None:
    background = "The canal was dug by hand in four winters and has been closed to barges since the flood took its upper lock away."
    rows = [
        page(n, [*story(n)[:4], background, *story(n)[4:], "About the Lantern"]) for n in range(8)
    ] + pages(40, "About the Lantern")
    found = mined(rows)
    assert "About the Lantern" in accepted(found)
    assert "between the lines of articles" in refused(found)[background]


def test_a_correction_is_journalism_however_often_it_recurs() -> None:
    correction = "Correction: An earlier version of this article misstated the width of the canal."
    found = mined(pages(12, correction, "About the Lantern"))
    assert accepted(found) == {"Lantern home", "Weather and tides", "About the Lantern"}
    assert refused(found)[correction].startswith("keep rule")


def test_what_a_service_learns_asks_for_several_days() -> None:
    rows = [dict(row, day=20000) for row in pages(12, "Bought on a single day")]
    found = mined(rows, Support(days=3))
    assert accepted(found) == set()
    assert "days only" in refused(found)["Bought on a single day"]


def test_pages_without_publisher_or_content_are_passed_over() -> None:
    rows = [dict(page(n, story(n)), publisher="", url="") for n in range(6)]
    rows += [dict(page(50, []), text=""), dict(page(51, []), text=None)]
    assert mined(rows).templates == ()


def test_html_pages_are_learned_from_like_text() -> None:
    rows = []
    for n in range(12):
        told = "".join(f"<p>{line}</p>" for line in story(n))
        rows.append(
            dict(
                page(n, []),
                text=None,
                html=f"<body><div>Lantern home</div>{told}<div>About the Lantern</div>".encode(),
            )
        )
    assert accepted(mined(rows)) == {"Lantern home", "About the Lantern"}


def test_order_and_batches_do_not_matter() -> None:
    rows = pages(25, *TAIL, APPEAL) + [
        dict(row, publisher="harbour.example") for row in pages(9, "Harbour desk")
    ]
    once = mined(rows, batch=100)
    luck = random.Random(1)
    for size in (1, 4, 13):
        luck.shuffle(rows)
        assert mined(rows, batch=size) == once


def test_publishers_are_kept_apart() -> None:
    rows = pages(10, "About the Lantern") + [
        dict(row, publisher="harbour.example") for row in pages(10, "Harbour desk")
    ]
    by = {t.publisher: t.text for t in mined(rows).templates if t.position == "tail"}
    assert by == {"lantern.example": "About the Lantern", "harbour.example": "Harbour desk"}
