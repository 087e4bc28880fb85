"""`python -m consumers.contract` writes docs/asyncapi.json, unless that would break whoever relies on it."""

import json
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from shutil import which

from commands.service import codec
from consumers.contract.changes import breaks
from consumers.contract.document import INBOUND, SNAPSHOT, committed, document, written
from consumers.contract.schemas import Schema


def main(arguments: Sequence[str], snapshot: Path = SNAPSHOT) -> str | None:
    """What is wrong, or nothing."""
    asked = ArgumentParser(prog="python -m consumers.contract", description=__doc__)
    asked.add_argument("--check", action="store_true", help="write nothing, and say whether the document is as it was")
    asked.add_argument("--breaking", metavar="WHY", help="write it all the same; why stays in the document")
    asked.add_argument("--since", metavar="COMMIT", help="compare also with where we parted from there")
    given = asked.parse_args(arguments)
    if given.breaking is not None and not given.breaking.strip():
        return "--breaking: say why; it stays in the document, for those whom it concerns"
    before = committed(snapshot)
    after = document(codec().by_name.values(), INBOUND, before)
    broken = breaks(before, after) if before else [f"{snapshot.name}: it is gone, with all that it promised"]
    if given.since is not None:
        broken += broken_since(as_of(given.since, snapshot), after)
    if given.check:
        changed = "the document is out of date: python -m consumers.contract" if after != before else None
        return told(broken) if broken else changed
    if broken and given.breaking is None:
        return told(broken)
    if broken:
        note(after, broken, given.breaking)
    snapshot.write_text(written(after), encoding="utf-8")
    return None


def as_of(commit: str, snapshot: Path) -> Schema:
    """The document of the last commit that is ours and theirs. Raises CalledProcessError, after git has said why."""

    def git(*arguments: str) -> str:
        whole = [which("git") or "git", "-C", str(snapshot.parent), *arguments]
        return subprocess.run(whole, check=True, stdout=subprocess.PIPE, text=True).stdout

    parted = git("merge-base", commit, "HEAD").strip()
    there = git("ls-tree", parted, snapshot.name)
    found: Schema = json.loads(git("show", f"{parted}:./{snapshot.name}")) if there else {}
    return found


def broken_since(before: Schema, after: Schema) -> list[str]:
    """What is broken, and not on record."""
    recorded = {change for each in after["info"].get("x-broken", ()) for change in each["changes"]}
    return [each for each in breaks(before, after) if each not in recorded]


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
