"""The six laws, over every golden case and over generated text.

Generated documents are composed: paragraphs in several scripts, chrome in every language of the
rulebook (the packs' own ``hit`` texts), menus, wrapped paragraphs, quotations, code, every kind of
line end, invisible signs, and texts that hypothesis makes of single signs.
"""

from __future__ import annotations

import itertools
import json
import textwrap
import tomllib
import unicodedata
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cleaner import Action, Cleaner, Document, Kind, Options, Result
from cleaner.bench.golden import cases
from cleaner.detect.rulebook import pack_files
from cleaner.ingest import Limits, ingest
from cleaner.ingest.text import lines_of
from cleaner.render.offsets import Unit, convert
from cleaner.segment import segment

ALL_OPTIONS = tuple(
    Options(profile, reflow=reflow)
    for profile in ("standard", "body", "light")
    for reflow in (False, True)
)
GOLDEN = {case.name: case for case in cases() if not case.variant}
_CODECS = {Unit.CODE_POINT: "utf-32-le", Unit.UTF8: "utf-8", Unit.UTF16: "utf-16-le"}
_WIDTHS = {Unit.CODE_POINT: 4, Unit.UTF8: 1, Unit.UTF16: 2}

PARAGRAPHS = (
    "The council voted on Tuesday to rebuild the old bridge, after two winters in which nobody "
    "had been able to cross the river without driving to the next town.",
    "“We asked for donations in March,” said Ruth Adeyemi, who runs the food bank, “and by May "
    "the shelves were empty again.”",
    "Die Brücke wurde am Dienstag nach zwei Jahren wieder freigegeben, teilte die Stadt mit. "
    "Über fünfzig Anwohner waren gekommen.",
    "Мост открыли во вторник после двух лет ремонта, сообщила мэрия. Жители говорят, что ждали "
    "этого дня с прошлой зимы, когда лёд сломал опоры.",
    "افتتح الجسر القديم يوم الثلاثاء بعد عامين من أعمال الترميم، وقال السكان إنهم انتظروا هذا اليوم "
    "منذ الشتاء الماضي حين جرف السيل الأعمدة.",
    "这座老桥在关闭两年之后于星期二重新开放，市政府说工程花费了三百万元。附近居民表示，他们从去年冬天起就在等待这一天。",
    "二年間の工事を終えて、古い橋が火曜日に再び開通した。市によると、費用は三億円だったという。住民は長い間待っていた。",
    "오래된 다리가 2년간의 공사를 마치고 화요일에 다시 열렸다. 주민들은 지난겨울부터 이날을 기다렸다고 말했다.",
    "पुराना पुल दो साल की मरम्मत के बाद मंगलवार को फिर से खुल गया। निवासियों ने कहा कि वे पिछली सर्दियों से इंतज़ार कर रहे थे।",
    "Cây cầu cũ đã mở cửa trở lại hôm thứ Ba sau hai năm sửa chữa, chính quyền thành phố cho biết, "
    "và người dân nói rằng họ đã chờ đợi ngày này từ lâu.",
    "Η παλιά γέφυρα άνοιξε ξανά την Τρίτη έπειτα από δύο χρόνια εργασιών, ανακοίνωσε ο δήμος.",
    "הגשר הישן נפתח מחדש ביום שלישי לאחר שנתיים של שיפוצים, והתושבים אמרו שחיכו ליום הזה מאז החורף.",
)
CHROME = (
    "Read more", "Read More »", "Subscribe to our newsletter", "Sign up for our newsletter.",
    "Advertisement", "Share this article", "Sergei Bobylev / TASS", "All rights reserved.",
    "© 2024 The Valley Ledger. All rights reserved.", "Most read", "Related stories",
    "Donate today to support our journalism.", "… we have a small favor to ask.",
    "Follow us on Facebook", "Skip to main content", "Accept all cookies", "Tags: bridge, river",
    "Thank you.", "Continue", "Lesen Sie auch: Warum die Linden so spät blühen",
    "Читайте также", "اقرأ أيضا", "相关阅读", "관련 기사", "続きを読む", "Abone olun",
)  # fmt: skip
LABELS = (
    "Home", "News", "Sport", "Culture", "Video", "Menu", "Search", "Log in", "About us", "Contact",
    "Privacy", "More", "Startseite", "Accueil", "Главная", "首页", "1", "•", "—",
)  # fmt: skip
TITLES = (
    "Old bridge opens again after two winters", "Five ways to choose a tent", "What the mayor said:",
    "Why lindens bloom late this year", "MODERATOR: Thank you.", "MAYOR: You are welcome.",
    "- flour", "* two eggs", "3. Stir", "> quoted text", "```", "print('Subscribe now')", "}",
    'x = "Read more"', "No.", "Yes, always.", '"Subscribe to our newsletter," it said.',
)  # fmt: skip
# Every so many of the packs' texts: a pattern takes longer to compile than to match.
_EACH = 23
BREAKS = (
    "\n", "\n\n", "\n\n\n", "\r\n", "\r\n\r\n", "\r", "\r\r", " \n", "\n \n", "\n\t\n\n", "\u2028",
    "\u2029", "\x85", "\x0b", "\x0c\n", "\n\u200b\n", "\u3000\n", " ", "  ", "",
)  # fmt: skip
SIGNS = (
    "\u200b", "\u00ad", "\u0301", "\u0323\u0301", "\u00a0", "\x00", "\ufeff", "\u202e", "\u2066",
    "\u200d", "\ufe0f", "😀", "\u0483", "…", "ﬁ", "Ａ", "с", "ο", "\u1100", "\x1f", "\t", "]", '"',
)  # fmt: skip


@cache
def hits() -> tuple[str, ...]:
    """Return the texts that the packs call chrome, of all languages."""
    packs = (tomllib.loads(file.read_text(encoding="utf-8")) for file in pack_files())
    texts = [text for pack in packs for rule in pack.get("rule", ()) for text in rule["hit"]]
    return tuple(texts[::_EACH])


@st.composite
def wrapped(draw: st.DrawFn) -> str:
    """Make a hard-wrapped paragraph of an article or of chrome."""
    text = draw(st.sampled_from((*PARAGRAPHS, *hits()))) + " " + draw(st.sampled_from(PARAGRAPHS))
    lines = textwrap.wrap(text, draw(st.integers(30, 80)), break_on_hyphens=True)
    return draw(st.sampled_from(("\n", "\r\n", " \n"))).join(lines)


@st.composite
def glued(draw: st.DrawFn) -> str:
    """Make one line of an article's and of chrome's sentences."""
    chosen = st.sampled_from((*PARAGRAPHS, *hits(), *CHROME))
    return " ".join(draw(st.lists(chosen, min_size=2, max_size=4)))


@st.composite
def spoilt(draw: st.DrawFn) -> str:
    """Make a line with odd signs in it."""
    text = draw(st.sampled_from((*PARAGRAPHS, *hits(), *CHROME)))
    for sign in draw(st.lists(st.sampled_from(SIGNS), min_size=1, max_size=4)):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + sign + text[at:]
    form = draw(st.sampled_from(("NFC", "NFD", "")))
    return unicodedata.normalize(form, text) if form else text


def pieces() -> st.SearchStrategy[str]:
    """Return what documents are composed of."""
    return st.one_of(
        st.sampled_from(PARAGRAPHS),
        st.deferred(lambda: st.sampled_from(hits())),
        st.sampled_from(CHROME),
        st.sampled_from(LABELS),
        st.sampled_from(TITLES),
        wrapped(),
        glued(),
        spoilt(),
    )


@st.composite
def composed(draw: st.DrawFn, breaks: tuple[str, ...] = BREAKS) -> str:
    """Make a document of pieces; most breaks in it are of one kind, as in life."""
    usual = draw(st.sampled_from(breaks))
    between = st.one_of(st.just(usual), st.just(usual), st.sampled_from(breaks))
    parts = [draw(st.sampled_from(("", "\n", " ", "\r\n", "\ufeff")))]
    for piece in draw(st.lists(pieces(), min_size=1, max_size=12)):
        parts += [piece, draw(between)]
    return "".join(parts)


DOCUMENTS = st.one_of(composed(), composed(), composed(), st.text(max_size=300))
OPTIONS = st.sampled_from(ALL_OPTIONS)
everywhere = pytest.mark.parametrize("name", GOLDEN)
Get = Callable[[Options], Cleaner]


def replayed(result: Result) -> str:
    """Return the document's text with the removed Spans taken out and the joins applied."""
    return spliced(result, Unit.CODE_POINT)


def spliced(result: Result, unit: Unit) -> str:
    """Return the same in offsets of `unit` over the encoded text, as another language would."""
    codec, width = _CODECS[unit], _WIDTHS[unit]
    text = result.document.text
    encoded = text.encode(codec)
    edits = sorted(
        [(removal.start, removal.end, "") for removal in result.removed]
        + [(join.start, join.end, join.text) for join in result.joins]
    )
    flat = convert(text, [offset for start, end, _ in edits for offset in (start, end)], unit)
    left, at = b"", 0
    for (start, end), (*_, instead) in zip(
        zip(flat[::2], flat[1::2], strict=True), edits, strict=True
    ):
        left += encoded[at * width : start * width] + instead.encode(codec)
        at = end
    return (left + encoded[at * width :]).decode(codec)


def holds_subtractive(result: Result, reflow: bool) -> None:
    """Only whole Spans go, and a join only turns blank space into a space or nothing."""
    text = result.document.text
    spans = [(removal.start, removal.end) for removal in result.removed]
    assert spans == sorted(spans)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(left[1] <= right[0] for left, right in itertools.pairwise(spans))
    assert reflow or not result.joins
    for join in result.joins:
        assert join.text in ("", " ")
        assert not any(
            sign.isprintable() and not sign.isspace() for sign in text[join.start : join.end]
        )
    assert replayed(result) == result.text


def holds_coverage(result: Result) -> None:
    """Verdicts stand in order, without overlap, and cover each Block by what became of it."""
    text = result.document.text
    spans = [(verdict.start, verdict.end) for verdict in result.verdicts]
    assert spans == sorted(spans)
    assert all(start < end for start, end in spans)
    assert all(left[1] <= right[0] for left, right in itertools.pairwise(spans))
    fate = [""] * len(text)
    for verdict in result.verdicts:
        fate[verdict.start : verdict.end] = [verdict.action] * (verdict.end - verdict.start)
    gone = bytearray(len(text))
    for removal in result.removed:
        gone[removal.start : removal.end] = b"\1" * (removal.end - removal.start)
    for block in segment(result.document).blocks:
        for at in range(block.start, block.end):
            if not text[at].isspace() and text[at].isprintable():
                assert fate[at] == (Action.REMOVE if gone[at] else Action.KEEP), (at, text[at])


def holds_explained(result: Result) -> None:
    """Each removal names a category, a detector, a source and a reason; its claim overlaps it."""
    for removal in result.removed:
        verdict = removal.verdict
        assert verdict.action is Action.REMOVE
        assert verdict.category
        assert verdict.source
        assert verdict.why
        assert 0 < verdict.confidence <= 1
        for finding in verdict.findings:
            assert 0 <= finding.start < finding.end <= len(result.document.text)


def holds_idempotent(cleaner: Cleaner, result: Result) -> None:
    """Cleaning the answer again, with the same options and hints, changes nothing."""
    again = replace(result.document, text=result.text, raw=None, kind=Kind.TEXT, lines=None)
    second = cleaner.clean(again)
    assert second.text == result.text
    assert second.removed == ()


@everywhere
def test_golden_case_keeps_the_laws(name: str, cleaner_of: Get) -> None:
    """Subtractive, replayable in every unit, covered, explained, idempotent: under each profile."""
    for options in (Options(), Options("body", reflow=True), Options("light")):
        cleaner = cleaner_of(options)
        result = cleaner.clean(GOLDEN[name].document)
        holds_subtractive(result, options.reflow)
        holds_coverage(result)
        holds_explained(result)
        assert [spliced(result, unit) for unit in Unit] == [result.text] * 3
        holds_idempotent(cleaner, result)


@given(DOCUMENTS, OPTIONS)
def test_text_is_subtractive(cleaner_of: Get, text: str, options: Options) -> None:
    holds_subtractive(cleaner_of(options).clean(text), options.reflow)


@given(DOCUMENTS, OPTIONS)
def test_verdicts_cover_every_block(cleaner_of: Get, text: str, options: Options) -> None:
    holds_coverage(cleaner_of(options).clean(text))


@given(DOCUMENTS, OPTIONS)
def test_every_removal_is_explained(cleaner_of: Get, text: str, options: Options) -> None:
    holds_explained(cleaner_of(options).clean(text))


@given(DOCUMENTS, OPTIONS, st.sampled_from(Unit))
def test_text_replays_in_every_unit(
    cleaner_of: Get, text: str, options: Options, unit: Unit
) -> None:
    result = cleaner_of(options).clean(text)
    assert spliced(result, unit) == result.text


@given(DOCUMENTS, OPTIONS)
def test_text_is_idempotent(cleaner_of: Get, text: str, options: Options) -> None:
    cleaner = cleaner_of(options)
    holds_idempotent(cleaner, cleaner.clean(text))


def test_answers_do_not_depend_on_order_or_threads() -> None:
    documents = [case.document for case in GOLDEN.values()]
    forward = [Cleaner().clean(document) for document in documents]
    shared = Cleaner()
    backward = [shared.clean(document) for document in reversed(documents)][::-1]
    with ThreadPoolExecutor(4) as pool:
        threaded = list(pool.map(shared.clean, documents))
    for one, two, three in zip(forward, backward, threaded, strict=True):
        told = [(row.document.id, row.warnings, row.text) for row in (one, two, three)]
        assert told[0] == told[1] == told[2]
        assert one == two == three, one.document.id


@given(st.lists(DOCUMENTS, min_size=2, max_size=4), OPTIONS)
def test_earlier_documents_leave_no_trace(
    cleaner_of: Get, texts: list[str], options: Options
) -> None:
    alone = Cleaner(options).clean(texts[-1])
    assert list(cleaner_of(options).clean_many(texts))[-1] == alone


def test_command_line_gives_the_library_s_bytes(cleaner_of: Get, run_cleaner: Callable) -> None:
    texts = [case for case in GOLDEN.values() if case.document.kind is Kind.TEXT]
    for case in (texts[0], texts[len(texts) // 2], texts[-1]):
        raw = case.document.raw or b""
        done = run_cleaner("clean", "--input", "text", stdin=raw)
        assert done.returncode == 0, done.stderr
        assert done.stdout == cleaner_of(Options()).clean(raw).text.encode()


def test_command_line_agrees_on_every_golden_case(cleaner_of: Get, run_cleaner: Callable) -> None:
    options = Options("body", reflow=True)
    rows, wanted = [], []
    for case in GOLDEN.values():
        content = (case.document.raw or b"").decode()
        html = case.document.kind is Kind.HTML
        document = replace(case.document, raw=None, text=content)
        rows.append(
            {"id": case.name, "html" if html else "text": content, "url": document.url,
             "language": document.language}
        )  # fmt: skip
        result = cleaner_of(options).clean(document)
        wanted.append((case.name, result.text, [(gone.start, gone.end) for gone in result.removed]))
    stdin = "\n".join(map(json.dumps, rows)).encode()
    done = run_cleaner("clean", "--format", "jsonl", "--profile", "body", "--reflow", stdin=stdin)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [
        (row["id"], row["text"], [(gone["start"], gone["end"]) for gone in row["removed"]])
        for row in found
    ] == wanted


UNTOUCHED = [name for name, case in GOLDEN.items() if case.group == "untouched"]


@pytest.mark.parametrize("name", UNTOUCHED)
def test_untouched_stays_whole(name: str, cleaner_of: Get) -> None:
    result = cleaner_of(Options()).clean(GOLDEN[name].document)
    assert result.removed == ()
    assert result.text == result.document.text
    assert cleaner_of(Options("light")).clean(GOLDEN[name].document).removed == ()


def kept_sentences() -> Iterator[str]:
    """Yield the sentences that the keep packs name, in the order of the packs."""
    for file in pack_files():
        if file.parent.name == "keep":
            yield from tomllib.loads(file.read_text(encoding="utf-8")).get("sentences", ())


KEPT = list(dict.fromkeys(kept_sentences()))


@pytest.mark.parametrize("profile", ["standard", "light"])
@pytest.mark.parametrize("frame", ["{}", f"{PARAGRAPHS[0]}\n\n{{}}\n\n{PARAGRAPHS[2]}\n"])
def test_sentences_about_chrome_stay(frame: str, profile: str, cleaner_of: Get) -> None:
    cleaner = cleaner_of(Options(profile))
    texts = [frame.format(sentence) for sentence in KEPT]
    assert [text for text in texts if cleaner.clean(text).text != text] == []


@given(st.lists(st.sampled_from(PARAGRAPHS), min_size=1, max_size=8, unique=True))
def test_articles_without_chrome_stay_whole(cleaner_of: Get, paragraphs: list[str]) -> None:
    text = "\n\n".join(paragraphs) + "\n"
    assert cleaner_of(Options()).clean(text).text == text


PLAIN_BREAKS = ("\n", "\n\n", "\n\n\n", " \n", " ", "\n\n  ")
LINE_ENDS = st.sampled_from(("\r\n", "\r", "\u2028", "\u2029", "\x85"))


@given(composed(PLAIN_BREAKS).map(lambda text: text.replace("\r", "")), LINE_ENDS, OPTIONS)
@example(f"{PARAGRAPHS[0]} Read more.\n{PARAGRAPHS[0]}", "\u2028", Options())
def test_line_ends_are_kept_and_decide_nothing(
    cleaner_of: Get, text: str, end: str, options: Options
) -> None:
    """FAULTS 11: the same text with other line ends gets the same answer, in its own line ends."""
    usual = "\n".join(text[line.start : line.end] for line in lines_of(text))
    cleaner = cleaner_of(options)
    assert cleaner.clean(usual.replace("\n", end)).text == cleaner.clean(usual).text.replace(
        "\n", end
    )


def fates(result: Result) -> list[tuple[str, str, str]]:
    """Return the decisions of a Result with their texts composed."""
    text = result.document.text
    return [
        (row.action, row.category, unicodedata.normalize("NFC", text[row.start : row.end]))
        for row in result.verdicts
    ]


@pytest.mark.fault(10)
@given(DOCUMENTS, OPTIONS)
@example(
    "\n\n".join(
        (PARAGRAPHS[7], "오늘의 주요 뉴스를 이메일로 받아보세요", "관련 기사", PARAGRAPHS[7])
    ),
    Options(),
)
@example(
    "二年間の工事を終えて、古い橋が火曜日に再び開通した。市によると、費用は三億円だったという。住民は長い間待っていた。\n"
    "The council voted on Tuesday to rebuild the old bridge, after two\n"
    "winters in which nobody had been able to cross the river without driving\n"
    "half an hour to the next one. The work is to take a year, the mayor\n"
    "said.\n",
    Options(),
)
def test_nfc_and_nfd_get_the_same_decisions(cleaner_of: Get, text: str, options: Options) -> None:
    """FAULTS 10."""
    composed, apart = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    cleaner = cleaner_of(options)
    assert fates(cleaner.clean(composed)) == fates(cleaner.clean(apart))


def test_every_script_s_chrome_is_found_in_nfd_as_in_nfc(cleaner_of: Get) -> None:
    clean = cleaner_of(Options()).clean
    for hit in hits():
        composed, apart = (unicodedata.normalize(form, hit) for form in ("NFC", "NFD"))
        assert fates(clean(composed)) == fates(clean(apart)), hit


@given(DOCUMENTS)
def test_text_and_its_utf8_bytes_get_one_answer(cleaner_of: Get, text: str) -> None:
    cleaner = cleaner_of(Options())
    if not text.startswith("\ufeff"):  # in bytes it is a byte order mark, and goes
        assert cleaner.clean(text.encode()) == cleaner.clean(text)


@given(DOCUMENTS)
def test_ingested_documents_are_cleaned_as_they_are(cleaner_of: Get, text: str) -> None:
    cleaner = cleaner_of(Options())
    assert cleaner.clean(ingest(Document(text=text), Limits())) == cleaner.clean(text)
