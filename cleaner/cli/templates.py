"""``cleaner templates``: what a bundle holds, and a person's word on it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cleaner.errors import InvalidInput

if TYPE_CHECKING:
    from cleaner.detect.templates.bundle import Bundle, Template

_BUNDLE = click.Path(dir_okay=False, path_type=Path)
_SHOWN_PUBLISHERS = 12


@click.group("templates")
def command() -> None:
    """List, show and compare learned templates; accept or refuse one by hand."""


@command.command("list")
@click.argument("bundle", type=_BUNDLE)
@click.option("--publisher", default="", help="Only templates of this publisher.")
@click.option("--refused", is_flag=True, help="The candidates that were refused instead.")
@click.option("--format", "form", type=click.Choice(["table", "jsonl"]), default="table")
def list_templates(bundle: Path, publisher: str, refused: bool, form: str) -> None:
    """List the templates of BUNDLE: id, category, pages, share, position, text."""
    from cleaner.detect.templates.bundle import Bundle

    book = Bundle.load(bundle)
    rows = [t for t in _of_publisher(book, publisher) if t.accepted is not refused]
    if form == "jsonl":
        for template in rows:
            click.echo(json.dumps(_as_json(template), ensure_ascii=False))
    elif sys.stdout.isatty():
        _table(rows)
    else:
        for template in rows:
            click.echo("\t".join(_cells(template)))
    if not rows:
        click.echo("no candidate was refused" if refused else "no template", err=True)


@command.command("show")
@click.argument("bundle", type=_BUNDLE)
@click.argument("name", metavar="ID")
def show(bundle: Path, name: str) -> None:
    """Show the template ID: everything that is known of it. The beginning of an id will do."""
    from cleaner.detect.templates.bundle import Bundle
    from cleaner.learn.templates.decisions import find

    book = Bundle.load(bundle)
    for index in find(book, name):
        for key, value in _as_shown(book.template(index)).items():
            click.echo(f"{click.style(f'{key:<12}', bold=True)}{value}")


@command.command("accept")
@click.argument("bundle", type=_BUNDLE)
@click.argument("names", metavar="ID…", nargs=-1, required=True)
def accept(bundle: Path, names: tuple[str, ...]) -> None:
    """Accept templates by hand; learning anew keeps to it."""
    _decide(bundle, names, accepted=True)


@command.command("refuse")
@click.argument("bundle", type=_BUNDLE)
@click.argument("names", metavar="ID…", nargs=-1, required=True)
def refuse(bundle: Path, names: tuple[str, ...]) -> None:
    """Refuse templates by hand; learning anew keeps to it."""
    _decide(bundle, names, accepted=False)


@command.command("diff")
@click.argument("old", type=_BUNDLE)
@click.argument("new", type=_BUNDLE)
@click.option("--refused", is_flag=True, help="Candidates that were refused in both, too.")
def diff(old: Path, new: Path, refused: bool) -> None:
    """Show what NEW has that OLD has not (+), what it lacks (-) and what differs (~)."""
    from cleaner.detect.templates.bundle import Bundle

    before, after = Bundle.load(old), Bundle.load(new)
    total = 0
    if before.digest != after.digest:
        for sign, colour, line in _changes(before, after, refused):
            total += 1
            click.secho(f"{sign} {line}", fg=colour)
    click.echo(f"{before.digest} → {after.digest}: {total} differ", err=True)


def _decide(path: Path, names: tuple[str, ...], accepted: bool) -> None:
    """Rewrite a bundle with what a person said of some of its templates."""
    from cleaner.detect.templates.bundle import Bundle
    from cleaner.learn.templates.decisions import decided, find

    book = Bundle.load(path)
    chosen = {index for name in names for index in find(book, name)}
    templates = list(book)
    for index in sorted(chosen):
        templates[index] = decided(templates[index], accepted)
        word = "accepted" if accepted else "refused"
        click.echo(f"{word} {templates[index].id}  {_line(templates[index].text)}")
    made = Bundle.of(templates)
    made.save(path)
    click.echo(f"{path}: {book.digest} → {made.digest}", err=True)


def _of_publisher(book: Bundle, publisher: str) -> Iterator[Template]:
    from cleaner.detect.publisher import publisher_key

    names = [publisher_key(publisher)] if publisher else book.publishers
    for name in names:
        rows = book.all_of(name)
        if publisher and not rows:
            known = book.publishers
            some = ", ".join(known[:_SHOWN_PUBLISHERS])
            more = " …" if len(known) > _SHOWN_PUBLISHERS else ""
            raise InvalidInput(
                "publisher", f"no templates of {publisher!r}; known: {some or 'none'}{more}"
            )
        found = map(book.template, rows)
        yield from sorted(found, key=lambda t: (-t.pages, t.where, t.text))


def _changes(before: Bundle, after: Bundle, refused: bool) -> Iterator[tuple[str, str, str]]:
    """Yield sign, colour and line of each difference."""
    old, new = _by_key(before), _by_key(after)
    for key in sorted({*old, *new}):
        was, now = old.get(key), new.get(key)
        if not refused and not (was and was.accepted) and not (now and now.accepted):
            continue
        some = now or was
        about = f"{some.id}  {_line(some.text)}" if some else ""
        if was is None or now is None:
            status = "" if some and some.accepted else "  (refused)"
            yield ("+", "green", about + status) if now else ("-", "red", about + status)
        elif changed := _changed(was, now):
            yield "~", "yellow", f"{about}  [{changed}]"


def _by_key(book: Bundle) -> dict[tuple[str, int, str], Template]:
    return {(t.publisher, t.where, t.text): t for t in book}


def _changed(was: Template, now: Template) -> str:
    """Return the fields that differ."""
    said: list[str] = []
    for name in (field.name for field in fields(was)):
        old, new = getattr(was, name), getattr(now, name)
        if old == new or name in ("reason", "fingerprint"):
            continue
        if name == "accepted":
            said.insert(0, "accepted now" if new else "refused now")
        else:
            said.append(f"{name} {old} → {new}")
    return ", ".join(said)


def _cells(template: Template) -> tuple[str, ...]:
    return (
        template.id, template.category, str(template.pages), f"{template.share:.0%}",
        template.position, *([] if template.accepted else [template.reason]), _line(template.text),
    )  # fmt: skip


def _table(rows: Iterable[Template]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    rows = list(rows)
    table = Table(box=None, header_style="bold", pad_edge=False)
    refused = any(not template.accepted for template in rows)
    for name in ("id", "category"):
        table.add_column(name, overflow="fold")
    for name in ("pages", "share"):
        table.add_column(name, justify="right")
    table.add_column("position")
    for name in ("why refused", "text") if refused else ("text",):
        table.add_column(name, overflow="fold", ratio=1)
    for template in rows:
        table.add_row(*map(Text, _cells(template)))
    Console().print(table)


def _line(text: str) -> str:
    return " ".join(text.split())


def _as_json(template: Template) -> dict[str, object]:
    return {"id": template.id, **asdict(template), "where": template.where.name.lower()}


def _as_shown(template: Template) -> dict[str, object]:
    """Return the fields as a person reads them."""
    from cleaner.learn.templates.report import PARTS, PLACES, day_of

    row = _as_json(template)
    row["where"] = f"{PARTS[template.where]}, {PLACES[template.position]}"
    row["share"] = f"{template.share:.1%} of the publisher's pages"
    row["first"], row["last"] = day_of(template.first) or "–", day_of(template.last) or "–"
    row["accepted"] = "yes" if template.accepted else "no, refused"
    row["by_hand"] = "yes" if template.by_hand else "no"
    return {key: value for key, value in row.items() if key not in ("position", "fingerprint")}
