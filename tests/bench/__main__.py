"""make bench: every ratio of the table, side by side in one run, and the table for docs/benchmarks.md.

What is compared is measured in turns, several times, and the median of the ratios counts: on a shared machine the rates
themselves move by the hour.
"""

import argparse
import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ledger.embedded import EmbeddedPostgres
from tests.bench import churn_fits, churn_tables, consume, growth, http, over_kafka, relay, seal, visible, write
from tests.bench.rebuild import ratios
from tests.bench.turns import compared
from tests.servers import DISK, new_home

RATES = (200, 1_000)  # Commands a second.
DOCS = Path(__file__).parent.parent.parent / "docs" / "benchmarks.md"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table. A bound with a `≤` is not to be gone beyond; where there is none, it is only told."""

    what: str
    least: str
    aim: str
    measured: float
    told: str


def over(what: str, least: float, aim: float, found: tuple[float, str]) -> Line:
    return Line(what, f"{least:g}×", f"{aim:g}×", *found)


@contextmanager
def server() -> Iterator[EmbeddedPostgres]:
    with new_home(DISK) as home, EmbeddedPostgres.start(home) as own:  # What is measured is what users have.
        yield own


def in_turns(rounds: int, *measures: Callable[[], float]) -> list[list[float]]:
    """The rates of each, by round."""
    return [list(each) for each in zip(*[[measure() for measure in measures] for _ in range(rounds)], strict=True)]


def measured(rounds: int, seconds: float, sizes: tuple[int, ...]) -> Iterator[Line]:
    with server() as own, tempfile.TemporaryDirectory() as folder:
        commands, lines, two, one, library = in_turns(
            rounds,
            lambda: write.group_commit(own, seconds=seconds),
            lambda: http.bulk(own),
            lambda: write.pgbench(own, Path(folder), write.IN_TWO_STATEMENTS, seconds=round(seconds)),
            lambda: write.pgbench(own, Path(folder), write.IN_ONE_STATEMENT, seconds=round(seconds)),
            lambda: write.out_of_the_box(own, seconds=seconds),
        )
        yield over("durable commands/s, one process, 64 waiting, over pgbench c16", 1.0, 2.0, compared(commands, two))
        yield over("the same over pgbench c16 with both rows in one statement", 1.0, 2.0, compared(commands, one))
        yield over("the same over eventsourcing out of the box, 8 threads", 10.0, 20.0, compared(commands, library))
        yield over(
            "HTTP commands/s, one worker, over the bare endpoint",
            0.7,
            0.9,
            http.single(own, rounds=rounds, seconds=seconds),
        )
        yield over("NDJSON bulk over the same pgbench", 0.8, 1.5, compared(lines, two))
        yield over("the same over pgbench with both rows in one statement", 0.8, 1.5, compared(lines, one))
        against_read, of_heaviest, against_single = ratios(own, rounds=rounds)
        yield over("rebuild of the worklist, events/s, over the raw keyset read", 0.35, 0.6, against_read)
        yield over("rebuild of the heaviest view over the same read", 0.2, 0.4, of_heaviest)
        yield over("rebuild of the worklist over one transaction per event", 30.0, 60.0, against_single)
        yield Line("verify, events/s, over the raw read of the same rows", "", "", *seal.verifying(own, rounds=rounds))
        yield from to_kafka(own, rounds)
        what = "messages of Kafka taken in, one command each, over a client that only reads them"
        yield Line(what, "", "", *consume.consuming(own, rounds=rounds))
        for rate in RATES:
            yield seen(visible.measure(own, rate=rate, seconds=2 * seconds), rate)
        yield from grown(own, sizes)
    what = "RFM and cohorts of 10M purchases in Ibis: time over SQL written by hand"
    yield Line(what, "≤ 2.5×", "≤ 1.5×", *churn_tables.tables(rounds))
    what = "BG/NBD fitted to 1,000,000 customers, over one evaluation of its likelihood on every row"
    yield Line(what, "", "", *churn_fits.fitting(rounds))


def to_kafka(server: EmbeddedPostgres, rounds: int) -> Iterator[Line]:
    if (found := relay.relaying(server, rounds)) is None:
        print("without java and mvn there is no Kafka to measure the relay with", flush=True)
        return
    for line, ratio in found.items():
        yield Line(line, "", "", *ratio)
    if (folded := over_kafka.folding(server, rounds)) is not None:
        yield Line("views folded from Kafka by one worker, events/s, over the same from the ledger", "", "", *folded)


def seen(found: visible.Seen, rate: int) -> Line:
    what = f"from commit to the worklist at {rate:,} commands/s: p99, over the writer's own p99"
    return Line(what, "", "", found.ratio, found.told())


def grown(server: EmbeddedPostgres, sizes: tuple[int, ...]) -> Iterator[Line]:
    first, *rest = growth.costs(server, sizes)
    for each in rest:
        lengths = f"of one event at {each.events:,} over that at {first.events:,}"
        rebuilt = f"{each.rebuilt:.1f} / {first.rebuilt:.1f} µs"
        followed = f"{each.followed:.1f} / {first.followed:.1f} µs"
        yield Line(f"rebuild of the worklist: cost {lengths}", "≤ 1.2×", "≤ 1×", each.rebuilt / first.rebuilt, rebuilt)
        yield Line(f"the worklist live: cost {lengths}", "≤ 1.2×", "≤ 1×", each.followed / first.followed, followed)


def table(lines: list[Line], command: str) -> str:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if "model name" in line
        ),
        platform.processor(),
    )
    where = f"{os.cpu_count()} cores ({model}), Python {platform.python_version()}, PostgreSQL 18, default durability"
    rows = [f"| {line.what} | {line.least} | {line.aim} | **{line.measured:.2f}×** | {line.told} |" for line in lines]
    return "\n".join(
        [
            "# Benchmarks",
            "",
            "Ratios of rates that were measured in turns in one run; the median of the rounds. The workload is in",
            "`tests/bench/workload.py`, what is compared in `tests/bench/`. The rates themselves depend on the machine",
            "and on the hour, and are there to be doubted. What pgbench inserts is one ledger row and one row of the",
            "command log in a transaction, at 16 connections; a command of ours writes 1.4 ledger rows on average, and",
            "whatever keys and identities go with them. Of the rebuild, `strictly` counts only events of the types",
            "that the view reads; the heaviest is the one of all views whose rebuild takes longest on that history.",
            "From commit to the worklist, one process writes at a steady rate and another keeps all the views.",
            "",
            f"{datetime.now(UTC):%Y-%m-%d}, {where}; `{command}`.",
            "",
            "| | at least | aim | measured | rates, ours / theirs, per second; the ratios of the rounds |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    parser.add_argument(
        "--sizes",
        type=lambda text: tuple(map(int, text.split(","))),
        default=(50_000, 500_000),
        help="lengths of a ledger at which the cost of an event is compared, shortest first",
    )
    given = parser.parse_args()
    lines: list[Line] = []
    for line in measured(given.rounds, given.seconds, given.sizes):
        lines.append(line)
        bounds = f"(at least {line.least}, aim {line.aim})" if line.least else ""
        print(f"{line.what:<80} {line.measured:8.2f}×   {bounds}   {line.told}", flush=True)
    if given.write:
        DOCS.write_text(
            table(
                lines,
                f"make bench ARGS='--rounds {given.rounds} --seconds {given.seconds:g}"
                f" --sizes {','.join(map(str, given.sizes))} --write'",
            ),
            encoding="utf-8",
        )


if __name__ == "__main__":
    main()
