"""The house itself: who may import whom, who may write, and what is installed."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
ROOMS = ("api", "commands", "consumers", "domain", "ledger", "projections")
OTHERS = [path.stem for path in (ROOT / "consumers" / "inbound").glob("*.py") if path.stem != "__init__"]
PINNED = dict(
    line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")
)


def normal(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


def declared() -> Iterator[str]:
    extras = PROJECT["project"]["optional-dependencies"].values()
    for requirement in [*PROJECT["project"]["dependencies"], *(line for lines in extras for line in lines)]:
        yield normal(re.split(r"[\[<>=~ ]", requirement)[0])


def test_every_dependency_is_pinned_and_nothing_says_from_where() -> None:
    assert set(declared()) <= set(map(normal, PINNED))
    assert all(re.fullmatch(r"[0-9][0-9a-z.]*", version) for version in PINNED.values())


def test_installed_is_what_is_pinned() -> None:
    command = [sys.executable, "-m", "pip", "freeze", "--exclude-editable"]
    frozen = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    installed = dict(line.split("==") for line in frozen.splitlines() if "==" in line)
    stray = {name: version for name, version in installed.items() if PINNED.get(name, version) != version}
    assert not stray, "run make test, which installs what constraints.txt says"


def test_only_the_recorder_speaks_of_the_library_s_way_to_write() -> None:
    """`insert_events` repeats after a lost reply and then reports its own success as a conflict."""
    for path in (path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        names = {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
        assert path == ROOT / "ledger" / "recorder.py" or "insert_events" not in names, path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "line", "kept"),
    [
        ("commands.lead", "import domain", True),
        ("commands.lead", "import projections", False),
        ("projections.funnel", "import commands", False),
        ("projections.funnel", "import ledger", True),
        ("ledger.feed", "import commands", False),
        ("domain.lead", "import ledger", False),
        ("domain.lead", "import time", False),
        ("commands.lead", "import asyncio", False),
        ("commands.execute", "import asyncio", True),
        ("projections.funnel", "import psycopg2", False),
        ("projections.funnel", "import numpy", False),
        ("projections.churn.facts", "import ibis", False),
        ("projections.churn.tables.rfm", "import ibis", True),
        ("projections.churn.tables.rfm", "import duckdb", False),
        ("consumers.projector", "import pyarrow", False),
        ("consumers.projector", "import psycopg2", True),
        ("consumers.policies.departure", "import os", False),
        ("consumers.inbound.calls", "import os", False),
        ("consumers.inbound.reader", "import os", True),
        ("api.app", "import consumers", False),
        ("consumers.clock", "import api", False),
        ("api.cli", "import consumers.projector", True),
    ],
)
def test_the_contracts_hold_and_bite(module: str, line: str, kept: bool, tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for folder in (*ROOMS, "consumers/policies", "consumers/inbound", "projections/churn", "projections/churn/tables"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").touch()
    (tmp_path / "consumers" / "projector.py").touch()
    (tmp_path / "commands" / "execute.py").write_text("import typing\n")
    for name in OTHERS:
        (tmp_path / "consumers" / "inbound" / name).with_suffix(".py").write_text("import pydantic\n")
    (tmp_path / module.replace(".", "/")).with_suffix(".py").write_text(line + "\n")
    code = "from importlinter.cli import lint_imports_command as lint; lint()"
    linter = [sys.executable, "-c", code, "--no-cache"]
    done = subprocess.run(linter, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ("Contracts: 3 kept, 0 broken." if kept else "1 broken.") in done.stdout, done.stdout + done.stderr
    assert (done.returncode == 0) == kept
