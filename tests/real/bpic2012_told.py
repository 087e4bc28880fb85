"""The log of loan applications as files to import: all of it, and all but some cases that are drawn by lot."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.real import bpic2012
from tests.real.bpic2012 import Case, log, write_ndjson
from tests.real.ledgers import LEFT_OUT


@dataclass(frozen=True)
class Told:
    cases: Sequence[Case]
    left_out: Sequence[Case]
    lines: Mapping[str, int]  # In the file of "all", and of "some".


def write_all_and_some(path: Path, folder: Path, seed: int) -> Told:
    """Into all.ndjson and some.ndjson."""
    cases = list(log(path))
    left_out = random.Random(seed).sample(cases, LEFT_OUT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bpic2012, "log", lambda _: iter(cases))  # It takes ten seconds to read.
        lines = {
            "all": write_ndjson(path, folder / "all.ndjson"),
            "some": write_ndjson(path, folder / "some.ndjson", leave_out={case.name for case in left_out}),
        }
    return Told(cases, left_out, lines)
