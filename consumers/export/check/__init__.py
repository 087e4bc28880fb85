"""What is wrong with an event log, thing by thing: more than its form, which schemas look at."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from consumers.export.check.in_json import faults_of_json
from consumers.export.check.in_sqlite import faults_of_sqlite
from consumers.export.check.in_xes import faults_of_xes
from domain.values import Instant

READERS: Mapping[str, Callable[[Path, Instant], Iterator[str]]] = {
    ".sqlite": faults_of_sqlite,
    ".json": faults_of_json,
    ".xes": faults_of_xes,
}


def faults(path: Path, now: Instant) -> Iterator[str]:
    """One after the other; of what has none, none. Nothing that happened is later than `now`."""
    return READERS[path.suffix](path, now)
