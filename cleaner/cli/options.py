"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from cleaner.profiles import DETECTORS, PROFILES, Options

if TYPE_CHECKING:
    from cleaner.detect.templates.bundle import Bundle


class _Category(click.ParamType[str]):
    """A category id; the cleaner itself refuses an unknown one and names those there are."""

    name = "category"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        from cleaner.detect.rulebook import load_rulebook

        categories = load_rulebook().categories.values()
        return [
            CompletionItem(row.id, help=row.title)
            for row in categories
            if row.id.startswith(incomplete)
        ]


input_option = click.option(
    "--input",
    "input_form",
    type=click.Choice(["auto", "text", "html", "jsonl"]),
    default="auto",
    show_default=True,
    help="What the input is.",
)


def source_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the hints that hold for all documents, and the bundle that is looked up by them."""
    for option in reversed(
        (
            click.option("--url", default="", help="Where the documents were found."),
            click.option("--publisher", default="", help="Whose documents they are."),
            click.option("--bundle", type=click.Path(dir_okay=False, path_type=Path),
                         help="Learned templates to apply, as `cleaner learn` writes them."),
        )
    ):  # fmt: skip
        command = option(command)
    return command


def bundle_of(path: Path | None, options: Options) -> Bundle | None:
    """Return the bundle at `path`.

    Raises:
        UsageError: templates alone shall speak, and there are none.
        BundleError: the file is no bundle.
    """
    if path is None:
        if options.detectors == ("templates",):
            raise click.UsageError("--detectors templates needs templates: name a --bundle")
        return None
    from cleaner.detect.templates.bundle import Bundle

    return Bundle.load(path)


def policy_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that make `cleaner.Options`; `as_options` reads them."""
    for option in reversed(
        (
            click.option("--profile", type=click.Choice(list(PROFILES)), default="standard",
                         show_default=True, help="What goes."),
            click.option("--remove", multiple=True, type=_Category(),
                         help="Take this category out too. Repeatable."),
            click.option("--keep", multiple=True, type=_Category(),
                         help="Leave this category in. Repeatable."),
            click.option("--detectors", metavar="NAME,…", default="",
                         help=f"Who may speak: {', '.join(DETECTORS)}.  [default: all]"),
            click.option("--min-confidence", type=click.FloatRange(0, 1),
                         help="Least confidence of a claim that counts alone."),
            click.option("--reflow", is_flag=True, help="Join the lines of wrapped paragraphs."),
        )
    ):  # fmt: skip
        command = option(command)
    return command


def as_options(
    profile: str,
    remove: tuple[str, ...],
    keep: tuple[str, ...],
    detectors: str,
    min_confidence: float | None,
    reflow: bool,
) -> Options:
    """Return the Options that `policy_options` collected."""
    names = tuple(name.strip() for name in detectors.split(",") if name.strip())
    return Options(profile, remove, keep, names, min_confidence, reflow)
