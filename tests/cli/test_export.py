"""lifeledger export: a log of each form from the command line, checked by it, and what cannot be done is told."""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.bringing import captured, told, write
from tests.cli.running import lifeledger, on
from tests.servers import Server

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def history(postgres: Server, prepared: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    name = f"exports_{os.getpid()}"
    postgres.create_database(name, prepared)
    url = postgres.url(name)
    file = tmp_path_factory.mktemp("history") / "history.ndjson"
    write(file, *map(captured, range(5)), told("ContactLead", 1))
    assert lifeledger("import", file, "--json", env=on(url), at=file.parent).code == 0
    yield url
    postgres.drop_database(name)


def test_each_form_is_written_and_nothing_is_wrong_with_it(history: str, tmp_path: Path) -> None:
    for arguments in (["ocel", "log.sqlite"], ["ocel", "log.json"], ["xes", "lead", "log.xes"]):
        said = lifeledger("export", *arguments, "--json", env=on(history), at=tmp_path)
        assert (said.code, said.err) == (0, ""), said
        assert said.document["events"] >= 6
        checked = lifeledger("export", "check", arguments[-1], at=tmp_path)
        assert (checked.code, checked.out) == (0, f"{arguments[-1]}: nothing is wrong with it\n"), checked
    said = lifeledger("export", "csv", "lead", "log.csv", env=on(history), at=tmp_path)
    assert said.out.startswith("log.csv: "), said
    assert sorted(each.name for each in tmp_path.iterdir()) == ["log.csv", "log.json", "log.sqlite", "log.xes"]


def test_until_a_position(history: str, tmp_path: Path) -> None:
    said = lifeledger("export", "ocel", "log.json", "--until", "2", "--json", env=on(history), at=tmp_path)
    assert said.document["position"] == 2
    assert len(json.loads((tmp_path / "log.json").read_text())["events"]) == said.document["events"] == 2


def test_what_is_wrong_with_a_log_is_told_and_ends_in_1(history: str, tmp_path: Path) -> None:
    assert lifeledger("export", "ocel", "log.sqlite", env=on(history), at=tmp_path).code == 0
    with closing(sqlite3.connect(tmp_path / "log.sqlite")) as connection, connection:
        connection.execute("DELETE FROM object WHERE ocel_type = 'Staff'")
    said = lifeledger("export", "check", "log.sqlite", "--json", at=tmp_path)
    assert said.code == 1
    assert any("there is no object 'staff-" in each for each in said.document["faults"])


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["ocel", "log.db"], 2, "ends in .sqlite or .json"),
        (["xes", "lead", "log.xml"], 2, "ends in .xes"),
        (["csv", "dog", "log.csv"], 2, "dog"),
        (["ocel", "nowhere/log.json"], 1, "there is no folder nowhere"),
        (["ocel", "log.json", "--until", "yesterday"], 2, "--until"),
        (["ocel", "log.json", "--until", "4000000"], 2, "the ledger ends at position"),
    ],
)
def test_what_cannot_be_done_is_told(history: str, tmp_path: Path, arguments: list[str], code: int, told: str) -> None:
    said = lifeledger("export", *arguments, env=on(history), at=tmp_path)
    assert (said.code, told in said.err) == (code, True), said
    assert list(tmp_path.iterdir()) == []
