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
from datetime import UTC, datetime
from pathlib import Path

from ledger.embedded import EmbeddedPostgres
from tests.bench import http, write
from tests.bench.rebuild import ratios
from tests.bench.turns import compared
from tests.servers import new_home

DOCS = Path(__file__).parent.parent.parent / "docs" / "benchmarks.md"

Line = tuple[str, float, float, float, str]  # what, at least, aim, measured, rates


@contextmanager
def server() -> Iterator[EmbeddedPostgres]:
    with new_home() as home, EmbeddedPostgres.start(home) as own:
        yield own


def in_turns(rounds: int, *measures: Callable[[], float]) -> list[list[float]]:
    """The rates of each, by round."""
    return [list(each) for each in zip(*[[measure() for measure in measures] for _ in range(rounds)], strict=True)]


def measured(rounds: int, seconds: float) -> Iterator[Line]:
    with server() as own, tempfile.TemporaryDirectory() as folder:
        commands, lines, two, one, library = in_turns(
            rounds,
            lambda: write.group_commit(own, seconds=seconds),
            lambda: http.bulk(own),
            lambda: write.pgbench(own, Path(folder), write.IN_TWO_STATEMENTS, seconds=round(seconds)),
            lambda: write.pgbench(own, Path(folder), write.IN_ONE_STATEMENT, seconds=round(seconds)),
            lambda: write.out_of_the_box(own, seconds=seconds),
        )
        yield "durable commands/s, one process, 64 waiting, over pgbench c16", 1.0, 2.0, *compared(commands, two)
        yield "the same over pgbench c16 with both rows in one statement", 1.0, 2.0, *compared(commands, one)
        yield "the same over eventsourcing out of the box, 8 threads", 10.0, 20.0, *compared(commands, library)
        yield (
            "HTTP commands/s, one worker, over the bare endpoint",
            0.7,
            0.9,
            *http.single(own, rounds=rounds, seconds=seconds),
        )
        yield "NDJSON bulk over the same pgbench", 0.8, 1.5, *compared(lines, two)
        yield "the same over pgbench with both rows in one statement", 0.8, 1.5, *compared(lines, one)
        against_read, against_single = ratios(own, rounds=rounds)
        yield "rebuild of the worklist, events/s, over the raw keyset read", 0.35, 0.6, *against_read
        yield "the same over one transaction per event", 30.0, 60.0, *against_single


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
    rows = [
        f"| {what} | {least:g}× | {aim:g}× | **{ratio:.2f}×** | {rates} |" for what, least, aim, ratio, rates in lines
    ]
    return "\n".join(
        [
            "# Benchmarks",
            "",
            "Ratios of rates that were measured in turns in one run; the median of the rounds. The workload is in",
            "`tests/bench/workload.py`, what is compared in `tests/bench/`. The rates themselves depend on the machine",
            "and on the hour, and are there to be doubted. What pgbench inserts is one ledger row and one row of the",
            "command log in a transaction, at 16 connections; a command of ours writes 1.4 ledger rows on average, and",
            "whatever keys and identities go with them. Of the rebuild, `strictly` counts only events of the types",
            "that the view reads.",
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
    given = parser.parse_args()
    lines: list[Line] = []
    for line in measured(given.rounds, given.seconds):
        lines.append(line)
        print(f"{line[0]:<72} {line[3]:8.2f}×   (at least {line[1]:g}×, aim {line[2]:g}×)   {line[4]}", flush=True)
    if given.write:
        DOCS.write_text(
            table(lines, f"make bench ARGS='--rounds {given.rounds} --seconds {given.seconds:g} --write'"),
            encoding="utf-8",
        )


if __name__ == "__main__":
    main()
