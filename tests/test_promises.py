"""What docs/promises.md says shows a promise is there."""

import re
from pathlib import Path

HERE = Path(__file__).parent
TOLD = (HERE.parent / "docs" / "promises.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[\w/]+(?:\.py)?|test_\w+(?:\.py)?)`", TOLD)


def is_there(name: str) -> bool:
    if "/" in name:
        return (HERE.parent / name).exists()
    if name.endswith(".py"):
        return any(HERE.rglob(name))
    return any(f"def {name}(" in each.read_text(encoding="utf-8") for each in HERE.rglob("test_*.py"))


def test_what_shows_a_promise_is_there() -> None:
    assert len(NAMED) > 30
    assert [each for each in NAMED if not is_there(each)] == []


def test_a_promise_without_a_spec_stands_nowhere() -> None:
    rows = [line for line in TOLD.splitlines() if line.startswith("| **")]
    assert len(rows) > 15
    assert [row for row in rows if "`tests/" not in row] == []
