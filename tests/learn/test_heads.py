from __future__ import annotations

from cleaner.learn.heads import split_head

BODY = [
    "The ferry to the islands will not sail before Thursday, the harbour master said.",
    "Divers will look at the foundations as soon as the swell allows it.",
]
TITLE = "Ferry waits for the storm to pass | The Islander"


def test_the_headline_and_the_short_lines_around_it_are_the_head() -> None:
    head = [
        "Monday, 4 March",
        "Ferry waits for the storm to pass",
        "By Ann Example",
        "Harbour desk",
    ]
    assert split_head("\n\n".join([*head, *BODY]), [TITLE]) == (head, BODY)


def test_a_caption_inside_is_of_the_head() -> None:
    lines = [BODY[0], "The pier in March", BODY[1]]
    assert split_head("\n".join(lines), ["The pier in March"]) == ([lines[1]], BODY)


def test_without_a_headline_everything_is_body() -> None:
    lines = ["What happened", *BODY]
    assert split_head("\n".join(lines), [TITLE]) == ([], lines)
    assert split_head("\n".join(lines), []) == ([], lines)
    assert split_head("", [TITLE]) == ([], [])
