"""``cleaner top``: a service's metrics as a page that keeps itself up to date."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import click
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cleaner.errors import Unreachable

_Labels = frozenset[tuple[str, str]]
_MOST_BYTES = 16 * 1024 * 1024


@click.command("top")
@click.argument("address", metavar="HOST:PORT")
@click.option("--seconds", type=click.FloatRange(0.1), default=2.0, show_default=True,
              help="How long a turn takes.")  # fmt: skip
@click.option("--once", is_flag=True, help="Print what there was since the start, and end.")
def command(address: str, seconds: float, once: bool) -> None:
    """Show throughput, latency, queue, removals and versions of a service, until Ctrl-C.

    HOST:PORT is where it answers Prometheus: cleaner serve --metrics HOST:PORT.
    """
    console = Console()
    before, now = Samples(), read(address)
    if once:
        console.print(page(address, before, now))
        return
    try:
        with Live(page(address, before, now), console=console, screen=console.is_terminal) as live:
            while True:
                time.sleep(seconds)
                try:
                    before, now = now, read(address)
                except Unreachable as error:  # it may come back
                    live.update(Text(str(error)))
                else:
                    live.update(page(address, before, now))
    except KeyboardInterrupt:
        return


@dataclass(frozen=True, slots=True)
class Samples:
    """All numbers of one moment."""

    time: float = 0.0
    values: Mapping[str, Mapping[_Labels, float]] = field(default_factory=dict)

    def total(self, name: str, **labels: str) -> float:
        """Return the sum of a name's samples that have these labels."""
        wanted = labels.items()
        return sum(value for found, value in self.rows(name) if wanted <= dict(found).items())

    def rows(self, name: str) -> Iterable[tuple[_Labels, float]]:
        """Return a name's samples."""
        return self.values.get(name, {}).items()

    def labels(self, name: str, label: str) -> list[str]:
        """Return the values of a label, in order."""
        return sorted({dict(found)[label] for found, _ in self.rows(name) if label in dict(found)})


def read(address: str) -> Samples:
    """Ask a service.

    Raises:
        Unreachable: it does not answer, or with something else than metrics.
    """
    import urllib.request

    from prometheus_client.parser import text_string_to_metric_families

    url = f"http://{address.removeprefix('http://').rstrip('/').removesuffix('/metrics')}/metrics"
    values: dict[str, dict[_Labels, float]] = defaultdict(dict)
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            told = answer.read(_MOST_BYTES).decode()
        for family in text_string_to_metric_families(told):
            for sample in family.samples:
                values[sample.name][frozenset(sample.labels.items())] = sample.value
    except (OSError, ValueError) as error:
        raise Unreachable(f"no metrics at {url}: {error}") from None
    if "cleaner_frame_documents_count" not in values and "cleaner_workers" not in values:
        raise Unreachable(f"{url} tells nothing of a cleaner")
    started = next(iter(values.get("process_start_time_seconds", {}).values()), time.time())
    return Samples(max(time.time() - started, 0.001), values)


def page(address: str, before: Samples, now: Samples) -> Group:
    """Return what happened between two moments; since the start where `before` is empty."""
    change = Change(before, now)
    return Group(_head(address, change), Text(), _calls(change), Text(), _removals(change))


@dataclass(frozen=True, slots=True)
class Change:
    """What is different between two moments."""

    before: Samples
    now: Samples

    def more(self, name: str, **labels: str) -> float:
        """Return how much more there is of a counter; all of it where the service began anew."""
        total = self.now.total(name, **labels)
        more = total - self.before.total(name, **labels)
        return more if more >= 0 else total

    def rate(self, name: str, **labels: str) -> float:
        """Return how much more a second."""
        seconds = self.now.time - self.before.time
        return self.more(name, **labels) / (seconds if seconds > 0 else self.now.time)

    def quantile(self, name: str, share: float, **labels: str) -> float:
        """Return the upper end of the bucket that a share of the observations is within; or NaN."""
        counts = [
            (float(edge), self.more(f"{name}_bucket", le=edge, **labels))
            for edge in self.now.labels(f"{name}_bucket", "le")
        ]
        counts.sort()
        if not counts or not (all_of_them := counts[-1][1]):
            return math.nan
        return next(edge for edge, count in counts if count >= share * all_of_them)


def _head(address: str, change: Change) -> Text:
    now = change.now
    versions = ", ".join(now.labels("cleaner_ruleset_info", "version")) or "not known yet"
    came = change.more("cleaner_characters_total", what="read")
    gone = change.more("cleaner_characters_total", what="removed") / (came or 1)
    by_why = _by(now, "cleaner_worker_ends_total", "why")
    ends = ", ".join(f"{why} {count:g}" for why, count in by_why)
    documents = change.rate("cleaner_documents_total")
    failed = change.rate("cleaner_documents_total", outcome="failed")
    waits = change.quantile("cleaner_queue_wait_seconds", 0.99)
    lines = (
        f"{address}   ruleset {versions}",
        f"documents  {documents:.1f}/s, {failed:.1f}/s failed, {gone:.1%} removed",
        f"queue      {now.total('cleaner_queue_requests'):g} waiting, "
        f"{now.total('cleaner_queue_seconds'):.2f} s; p99 of waits {_seconds(waits)}",
        f"workers    {now.total('cleaner_workers'):g} up; gone: {ends or 'none'}",
        f"rules      {now.total('cleaner_rule_timeouts_total'):g} skipped for time",
    )
    return Text("\n".join(lines))


def _calls(change: Change) -> Table:
    table = Table("method", "calls/s", "not OK/s", "now", "p50", "p99", box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for method in change.now.labels("cleaner_call_seconds_count", "method"):
        every = change.rate("cleaner_call_seconds_count", method=method)
        fine = change.rate("cleaner_call_seconds_count", method=method, code="OK")
        running = change.now.total("cleaner_calls_running", method=method)
        numbers = (f"{every:.1f}", f"{every - fine:.1f}", f"{running:g}")
        shares = (change.quantile("cleaner_call_seconds", q, method=method) for q in (0.5, 0.99))
        table.add_row(method.rpartition(".")[2], *numbers, *map(_seconds, shares))
    return table


def _removals(change: Change) -> Table:
    table = Table("removed", "a second", "ever", box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    rows = sorted(_by(change.now, "cleaner_removals_total", "category"), key=lambda row: -row[1])
    for category, total in rows:
        rate = change.rate("cleaner_removals_total", category=category)
        table.add_row(Text(category), f"{rate:.1f}", f"{total:g}")
    return table


def _by(now: Samples, name: str, label: str) -> Iterator[tuple[str, float]]:
    for value in now.labels(name, label):
        yield value, now.total(name, **{label: value})


def _seconds(seconds: float) -> str:
    if math.isnan(seconds):
        return "-"
    # The histogram knows no more than the bucket.
    return "> 60 s" if math.isinf(seconds) else f"≤ {seconds * 1000:g} ms"
