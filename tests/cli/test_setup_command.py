"""Setting up a company, as a command: on a fresh machine, with a preview, and on a database that is given."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.bringing import asked
from tests.cli.company import COMPANY
from tests.cli.running import environment, lifeledger, on
from tests.servers import new_home


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "company.yaml"


@pytest.fixture
def home() -> Iterator[Path]:
    with new_home() as home:
        yield home


@pytest.mark.slow
def test_the_first_command_on_a_fresh_machine(home: Path, file: Path) -> None:
    file.write_text(COMPANY)
    env = environment(LIFELEDGER_HOME=str(home))
    before = lifeledger("setup", file, "--preview", "--json", env=env)
    assert before.document["preview"]
    first = lifeledger("setup", file, "--json", env=env)
    assert first.code == 0
    assert first.document["done"] == before.document["done"]
    key = home / "master.key"
    assert key.stat().st_mode & 0o777 == 0o600
    made = key.read_bytes()
    assert lifeledger("setup", file, env=env).out == "nothing to do: everything is as the file says\n"
    assert key.read_bytes() == made
    assert not (home / "postgres" / "data" / "postmaster.pid").exists()


@pytest.mark.slow
def test_a_file_with_a_fault_changes_nothing_and_says_so_in_a_preview_too(database_url: str, file: Path) -> None:
    file.write_text(
        COMPANY.replace("id: bob", "id: b b").replace("days: 7}", "days: 7, time_zone: Mars/X, holding_cap: -4}")
    )
    for options in (["--preview"], []):
        said = lifeledger("setup", file, *options, env=on(database_url))
        assert (said.code, said.out) == (1, "")
        assert said.err.replace(f"{file}:", "").splitlines() == [
            "lifeledger: 4: staff/2/id: an id has no blanks, slashes or control characters",
            "13: pools/1/terms/time_zone: 'Mars/X' is no IANA time zone",
            "13: pools/1/terms/holding_cap: this is 0 to 1000000",
        ]
    assert asked(database_url, "SELECT * FROM ledger.commands") == []


@pytest.mark.slow
def test_an_old_file_changes_nothing_once_somebody_has_departed(database_url: str, file: Path) -> None:
    for text in (COMPANY, COMPANY.replace("available: false", "departed: true")):
        file.write_text(text)
        assert lifeledger("setup", file, env=on(database_url)).code == 0
    before = asked(database_url, "SELECT count(*) FROM ledger.commands")
    file.write_text(COMPANY.replace("name: North", "name: Norden"))
    for options in (["--preview"], []):
        said = lifeledger("setup", file, *options, env=on(database_url))
        assert (said.code, said.out) == (1, "")
        assert said.err.startswith(f"lifeledger: {file}:4: bob departed at 20")
    assert asked(database_url, "SELECT count(*) FROM ledger.commands") == before


@pytest.mark.slow
def test_for_a_given_database_the_key_is_given_too(database_url: str, file: Path, home: Path) -> None:
    file.write_text(COMPANY)
    said = lifeledger("setup", file, env=environment(DATABASE_URL=database_url, LIFELEDGER_HOME=str(home)))
    assert said.code == 2
    assert "no master key: LIFELEDGER_MASTER_KEY is not set" in said.err
    said = lifeledger("setup", file, "--json", env=on(database_url))
    assert said.code == 0
    file.write_text(COMPANY.replace("north/harbour, capacity", "harbour, capacity"))
    said = lifeledger("setup", file, "--json", env=on(database_url))
    assert said.code == 1
    assert json.loads(said.err)["error"].startswith(f"{file}:3: staff/1/team: ")
    said = lifeledger("setup", file.with_name("missing.yaml"), env=on(database_url))
    assert said.code == 2
    assert "missing.yaml" in said.err
