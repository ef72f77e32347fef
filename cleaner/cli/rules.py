"""``cleaner rules``: the rulebook for its readers and its writers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from cleaner.cli import FAILED, complain
from cleaner.errors import UnknownName

if TYPE_CHECKING:
    from cleaner.detect.rulebook import Rule


@click.group("rules")
def command() -> None:
    """List, show, check and try the hand-written rules."""


@command.command("list")
@click.option("--language", help="Only rules of this language.")
@click.option("--category", help="Only rules of this category.")
@click.option("--format", "form", type=click.Choice(["text", "jsonl"]), default="text")
def list_rules(language: str | None, category: str | None, form: str) -> None:
    """List rules: id, scope, confidence, why."""
    from cleaner.detect.rulebook import load_rulebook

    book = load_rulebook()
    if category is not None and category not in (*book.categories, "keep"):
        raise UnknownName("category", category, tuple(book.categories))
    for rule in book.rules:
        if language not in (None, rule.language) or category not in (None, rule.category):
            continue
        if form == "jsonl":
            click.echo(json.dumps(_as_json(rule), ensure_ascii=False))
        else:
            head = f"{rule.id:<44} {rule.scope:<8} {rule.confidence:.2f}"
            click.echo(f"{click.style(head, fg='cyan')}  {rule.why}")


@command.command("show")
@click.argument("rule_id")
def show(rule_id: str) -> None:
    """Show one rule with its pattern and its proof."""
    import tomllib

    from cleaner.detect.rulebook import load_rulebook, pack_files

    rule = load_rulebook().by_id.get(rule_id)
    if rule is None:
        known = [known for known in load_rulebook().by_id if known.startswith(rule_id[:6])]
        raise UnknownName("rule", rule_id, tuple(known[:12]) or ("see `cleaner rules list`",))
    row = next(
        row
        for file in pack_files()
        for row in tomllib.loads(file.read_text(encoding="utf-8")).get("rule", ())
        if row["id"] == rule_id
    )
    for key, value in _as_json(rule).items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value).strip("\n")
        click.echo(f"{click.style(f'{key:<11}', bold=True)}{shown}")
    for key, colour in (("hit", "red"), ("miss", "green")):
        for text in row[key]:
            click.echo(f"{click.style(f'{key:<11}', fg=colour)}{text}")


@command.command("check")
@click.argument("prefix", default="")
def check(prefix: str) -> None:
    """Prove every rule (or those whose id starts with PREFIX).

    Schema, ids, categories, hits, misses, sentences to be kept, speed on adversarial text.
    """
    from cleaner.detect.proof import check as prove
    from cleaner.detect.rulebook import load_rulebook

    count = sum(rule.id.startswith(prefix) for rule in load_rulebook().rules)
    if not count:
        raise UnknownName("rule", prefix, ("see `cleaner rules list`",))
    faults = prove(only=prefix)
    for fault in faults:
        complain(fault)
    if faults:
        raise click.exceptions.Exit(FAILED)
    click.echo(f"{count} rules proved", err=True)


@command.command("test")
@click.argument("text")
def test(text: str) -> None:
    """Show which rules match TEXT, taken as one paragraph."""
    from cleaner.detect.patterns import Matcher
    from cleaner.detect.proof import matches_of
    from cleaner.detect.rulebook import load_rulebook

    found = matches_of(text, Matcher(load_rulebook()))
    for match in found:
        rule = match.rule
        click.echo(
            f"{click.style(rule.id, fg='cyan')}  {rule.category} {rule.confidence:.2f}  {rule.why}"
        )
    if not found:
        click.echo("no rule matches", err=True)


@command.command("compile")
@click.option(
    "--check", "only_check", is_flag=True, help="Fail if it is out of date; write nothing."
)
def compile_rules(only_check: bool) -> None:
    """Write the parsed rulebook beside the packs, which makes start-up fast.

    It is used only where it was made from exactly the packs that are there.
    """
    from cleaner.detect.rulebook import is_stored, store_rulebook

    if only_check and not is_stored():
        complain("rulebook.json is out of date; run `cleaner rules compile`")
        raise click.exceptions.Exit(FAILED)
    if not only_check:
        click.echo("written" if store_rulebook() else "already up to date", err=True)


@command.command("warm")
def warm() -> None:
    """Compile every pattern now, so that no process has to wait for one later."""
    from cleaner.detect.proof import warm as compile_all

    compile_all()


def _as_json(rule: Rule) -> dict[str, object]:
    names = ("id", "category", "language", "scope", "confidence", "why", "leads", "max_chars",
             "keywords", "pattern")  # fmt: skip
    row = {name: getattr(rule, name) for name in names}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in row.items()}
