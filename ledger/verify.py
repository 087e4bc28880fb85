"""Whether a log is what was signed, row by row, and begins with all that it had when it was last looked at."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile, zip_longest
from typing import Any

import psycopg

from ledger.checkpoint import Checkpoint, NoCheckpoint
from ledger.logs import Log, leaf_hashes
from ledger.merkle import Growing
from ledger.note import NotSigned, Verifier
from ledger.tiles import WIDTH, Tiled, hashes_in

Connection = psycopg.Connection[tuple[Any, ...]]

REPORT_EVERY = 10_000
BELOW, ABOVE = -(2**63), 2**63 - 1  # All numbers, those too that nobody has given.


@dataclass(frozen=True, slots=True)
class Wrong:
    """The first row that is not what was signed, `first`, where that can be told; otherwise it lies between `first` and
    `last`. `said` is a sentence.
    """

    first: int
    last: int
    said: str


@dataclass(frozen=True, slots=True)
class Known:
    """That a log of so many rows had this hash, who says so, and the note in which it is signed."""

    checkpoint: Checkpoint
    by: str
    note: str = ""


@dataclass(slots=True)
class Verdict:
    """`size` rows are there; the first `sealed` of them are as they were signed, or kept by who looked before."""

    log: str
    size: int = 0
    sealed: int = 0
    wrong: Wrong | None = None
    last: Known | None = None
    damaged: list[str] = field(default_factory=list)
    """What is wrong beside the rows: checkpoints that nobody signed, hashes that proofs would not find."""

    @property
    def good(self) -> bool:
        return self.wrong is None and not self.damaged


def verify(
    connection: Connection,
    log: Log,
    origin: str,
    verifier: Verifier,
    *,
    kept: Sequence[Known] = (),
    report: Callable[[int], None] = lambda _: None,
) -> Verdict:
    """Go through the whole log, which nobody writes to meanwhile. `kept` is what somebody knows of it from before."""
    verdict = Verdict(log.name)
    known = sorted([*kept, *signed(connection, log, origin, verifier, verdict)], key=lambda each: each.checkpoint.size)
    seen, nth = Kept(connection, log), 0
    while nth < len(known) and not known[nth].checkpoint.size:
        nth += 1
    for number, leaf_hash in leaf_hashes(connection, log, BELOW, ABOVE):
        if number != seen.tree.size + 1:
            verdict.wrong = out_of_place(log, number, seen.tree.size + 1)
            break
        seen.add(leaf_hash)
        while nth < len(known) and known[nth].checkpoint.size == number and verdict.wrong is None:
            if seen.tree.root() != known[nth].checkpoint.root:
                verdict.wrong = changed(log, known[nth], verdict.sealed, seen)
            else:
                verdict.sealed, verdict.last = number, known[nth]
                nth += 1
        if verdict.wrong is not None:
            break
        if number % REPORT_EVERY == 0:
            report(number)
    verdict.size = seen.tree.size
    if verdict.wrong is None:
        if nth < len(known):
            verdict.wrong = cut(log, known[-1], verdict.size)
        elif verdict.size and not known:
            verdict.damaged.append(f"nobody has signed anything of the {log.name}")
        verdict.damaged += seen.damaged()
    return verdict


def signed(connection: Connection, log: Log, origin: str, verifier: Verifier, verdict: Verdict) -> Iterator[Known]:
    """The checkpoints that are kept beside the log."""
    statement = "SELECT size, note FROM ledger.checkpoints WHERE log = %s ORDER BY size"
    for size, note in connection.execute(statement, (log.name,)).fetchall():
        try:
            found = Checkpoint.read(verifier.text_of(note))
        except (NotSigned, NoCheckpoint) as wrong:
            verdict.damaged.append(f"the checkpoint of {log.name} at {size}: {wrong}")
            continue
        if (found.origin, found.size) != (origin, size):
            verdict.damaged.append(f"the checkpoint of {log.name} at {size} is one of {found.origin} at {found.size}")
            continue
        yield Known(found, "its checkpoint", note)


# What is wrong


def out_of_place(log: Log, number: int, expected: int) -> Wrong:
    if number < expected:
        return Wrong(number, number, f"there are several {log.name} with the number {number}")
    return Wrong(expected, number - 1, f"of the {log.name}, {several(expected, number - 1)} missing")


def several(first: int, last: int) -> str:
    return f"{first} is" if first == last else f"{first} to {last} are"


def changed(log: Log, known: Known, sealed: int, seen: "Kept") -> Wrong:
    """Where the kept hashes are those that were signed, the first row that has another one is it."""
    size = known.checkpoint.size
    no = f"{known.by} at {size} does not agree"
    seen.compare_edge()
    if seen.suspect is not None and seen.root(size) == known.checkpoint.root:
        return Wrong(seen.suspect, seen.suspect, f"{log.name} {seen.suspect} is not what it was: {no}")
    return Wrong(sealed + 1, size, f"of the {log.name} from {sealed + 1} to {size} something is not what it was: {no}")


def cut(log: Log, known: Known, size: int) -> Wrong:
    had = known.checkpoint.size
    return Wrong(size + 1, had, f"of the {log.name}, {several(size + 1, had)} missing: {known.by} knows of {had}")


class Kept:
    """The tree of the rows as they are, beside the hashes that the sealer has kept."""

    def __init__(self, connection: Connection, log: Log) -> None:
        self.connection = connection
        self.log = log
        self.tree = Tiled()
        self.suspect: int | None = None
        """The first row whose kept hash is not its own."""
        self.others: list[tuple[int, int]] = []
        """Of which tiles over several rows the kept ones are not theirs."""
        statement = "SELECT coalesce(max(size), 0) FROM ledger.checkpoints WHERE log = %s"
        (self.sealed,) = connection.execute(statement, (log.name,)).fetchone() or (0,)

    def add(self, leaf_hash: bytes) -> None:
        for tile in self.tree.add(leaf_hash):
            self.compare(*tile)
        if self.tree.size == self.sealed:
            self.compare_edge()

    def compare_edge(self) -> None:
        for tile in self.tree.growing():
            self.compare(*tile)

    def compare(self, level: int, place: int, hashes: bytes) -> None:
        """Only of what is sealed there are kept ones."""
        if self.tree.size > self.sealed or self.fetched(level, place)[: len(hashes)] == hashes:
            return
        if level:
            self.others.append((level, place))
        elif self.suspect is None:
            pairs = zip_longest(hashes_in(hashes), hashes_in(self.fetched(level, place)))
            same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
            self.suspect = place * WIDTH + same + 1

    def fetched(self, level: int, place: int) -> bytes:
        statement = "SELECT hashes FROM ledger.tiles WHERE log = %s AND level = %s AND place = %s"
        (found,) = self.connection.execute(statement, (self.log.name, level, place)).fetchone() or (b"",)
        return bytes(found)

    def root(self, size: int) -> bytes:
        """Of the first rows, by the kept hashes."""
        tree = Growing()
        for place in range(-(-size // WIDTH)):
            for leaf_hash in hashes_in(self.fetched(0, place))[: size - place * WIDTH]:
                tree.add(leaf_hash)
        return tree.root()

    def damaged(self) -> list[str]:
        of = f"kept hashes of the {self.log.name} are not those of the rows"
        found = [f"{of}: of number {self.suspect} first"] if self.suspect is not None else []
        return [*found, *(f"{of}: level {level}, place {place}" for level, place in self.others)]
