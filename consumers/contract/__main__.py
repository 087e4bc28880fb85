"""`python -m consumers.contract` writes docs/asyncapi.json, unless that would break whoever relies on it."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from commands.service import codec
from consumers.contract.changes import breaks
from consumers.contract.document import INBOUND, SNAPSHOT, committed, document, written
from consumers.contract.schemas import Schema


def main(arguments: Sequence[str], snapshot: Path = SNAPSHOT) -> str | None:
    """What is wrong, or nothing."""
    asked = ArgumentParser(prog="python -m consumers.contract", description=__doc__)
    asked.add_argument("--check", action="store_true", help="write nothing, and say whether the document is as it was")
    asked.add_argument("--breaking", metavar="WHY", help="write it all the same; why stays in the document")
    given = asked.parse_args(arguments)
    before = committed(snapshot)
    after = document(codec().by_name.values(), INBOUND, before)
    broken = breaks(before, after)
    if given.check:
        changed = "the document is out of date: python -m consumers.contract" if after != before else None
        return told(broken) if broken else changed
    if broken and given.breaking is None:
        return told(broken)
    if broken:
        note(after, broken, given.breaking)
    snapshot.write_text(written(after), encoding="utf-8")
    return None


def told(broken: Sequence[str]) -> str:
    return "\n".join(
        [
            "Whoever reads these topics would not understand what comes:",
            *(f"  {each}" for each in broken),
            'Leave what is there and add beside it, or give the topic its next version; or say --breaking "why".',
        ]
    )


def note(found: Schema, broken: Sequence[str], because: str) -> None:
    """What was broken on purpose stands in the document, for those whom it concerns."""
    info = found["info"]
    info["x-broken"] = [*info.get("x-broken", ()), {"because": because, "changes": [*broken]}]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
