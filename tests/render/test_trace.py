"""A Trace knows where each part of a text came from, through any number of edits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cleaner import Action, Join, Removal, Verdict
from cleaner.render.trace import Trace


def removal(start: int, end: int) -> Removal:
    return Removal(start, end, Verdict(start, end, Action.REMOVE))


def test_what_is_left_is_traced_to_its_origin() -> None:
    trace = Trace("abcdefghij")
    trace.remove((removal(2, 4), removal(6, 7)))
    assert trace.text == "abefhij"
    assert trace.origins(0, 7) == [(0, 2), (4, 6), (7, 10)]
    assert trace.origins(2, 3) == [(4, 5)]
    trace.remove((removal(1, 5),))
    assert trace.text == "aij"
    assert trace.origins(0, 3) == [(0, 1), (8, 10)]


def test_joins_stand_until_they_are_removed() -> None:
    trace = Trace("ab\ncd\nef")
    trace.join((Join(2, 3, " "), Join(5, 6, "")))
    assert trace.text == "ab cdef"
    assert trace.joins == (Join(2, 3, " "), Join(5, 6, ""))
    assert trace.origins(0, 3) == [(0, 3)]
    trace.remove((removal(0, 3),))
    assert trace.text == "cdef"
    assert trace.joins == (Join(5, 6, ""),)


def test_nothing_done_nothing_changed() -> None:
    trace = Trace("")
    trace.remove(())
    assert (trace.text, trace.joins, trace.origins(0, 0)) == ("", (), [])


@given(st.data())
def test_any_removals_can_be_traced(data: st.DataObject) -> None:
    text = data.draw(st.text(min_size=1, max_size=40))
    trace, kept = Trace(text), list(range(len(text)))
    for _ in range(data.draw(st.integers(1, 4))):
        cuts = sorted(data.draw(st.lists(st.integers(0, len(kept)), max_size=6, unique=True)))
        spans = list(zip(cuts[::2], cuts[1::2], strict=False))
        trace.remove(tuple(removal(start, end) for start, end in spans))
        for start, end in reversed(spans):
            del kept[start:end]
    assert trace.text == "".join(text[at] for at in kept)
    found = [at for start, end in trace.origins(0, len(kept)) for at in range(start, end)]
    assert found == kept
