"""The log of loan applications as files to import: all of it or a part, and all of that but some cases drawn by lot."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.real import bpic2012
from tests.real.bpic2012 import Case, counted, log, write_ndjson
from tests.real.ledgers import LEFT_OUT


@dataclass(frozen=True)
class Told:
    cases: Sequence[Case]
    left_out: Sequence[Case]
    lines: Mapping[str, int]  # In the file of "all", and of "some".


def write_all_and_some(path: Path, folder: Path, seed: int, part: int | None = None) -> Told:
    """Into all.ndjson and some.ndjson. Of a part of so many cases, all is no more than that part."""
    cases = list(log(path))
    if part is not None:
        cases = drawn(cases, part, seed)
    left_out = random.Random(seed).sample(cases, LEFT_OUT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bpic2012, "log", lambda _: iter(cases))  # It takes ten seconds to read.
        lines = {
            "all": write_ndjson(path, folder / "all.ndjson"),
            "some": write_ndjson(path, folder / "some.ndjson", leave_out={case.name for case in left_out}),
        }
    return Told(cases, left_out, lines)


def drawn(cases: Sequence[Case], part: int, seed: int) -> list[Case]:
    """So many by lot, and those of the fewest kinds, which a lot would miss; in the order of the file."""
    chosen = {case.name for case in random.Random(seed).sample(cases, part)}
    return [case for case in cases if case.name in chosen or is_rare(case)]


def is_rare(case: Case) -> bool:
    """Two have a call that never ends, and three are qualified and no more."""
    figures = counted(case)
    return bool(figures.unended or figures.qualified)
