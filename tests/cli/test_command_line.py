"""What all commands have in common, and the settings."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.running import PROGRAM, environment, lifeledger, on
from tests.servers import Server, mighty

pytestmark = pytest.mark.slow
NOWHERE = "/var/empty/nowhere"
COMMANDS = ("demo", "serve", "worker", "setup", "import", "config", "views")


def test_it_says_its_version_and_its_commands() -> None:
    assert lifeledger("--version").out == "lifeledger 0.1.0\n"
    helped = lifeledger("--help")
    assert helped.code == 0
    assert all(f"\n  {name} " in helped.out for name in COMMANDS)


@pytest.mark.parametrize("command", [["serve", "--porto", "1"], ["paint"], ["import"], ["views", "repaint"], []])
def test_wrong_usage_is_told_and_ends_in_2(command: list[str]) -> None:
    said = lifeledger(*command)
    assert said.code == 2
    assert "Traceback" not in said.err


def test_what_is_misspelt_among_the_settings_is_named_and_ends_in_2() -> None:
    said = lifeledger("config", env=environment(LIFELEDGER_QUEU="1", LIFELEDGER_PORT="http"))
    assert said.code == 2
    assert said.err.startswith("lifeledger: LIFELEDGER_PORT: ")
    said = lifeledger("config", "--json", env=environment(LIFELEDGER_QUEU="1"))
    assert json.loads(said.err) == {"error": "LIFELEDGER_QUEU: there is no such setting; LIFELEDGER_QUEUE is one"}


def test_config_tells_what_is_set_and_where_it_comes_from() -> None:
    said = lifeledger("config", "--json", env=environment(LIFELEDGER_PORT="9000", LIFELEDGER_HOME=NOWHERE))
    settings = {each["setting"]: each for each in said.document}
    assert settings["port"] == {
        "setting": "port",
        "value": 9000,
        "from": "environment",
        "variable": "LIFELEDGER_PORT",
    }
    assert settings["queue"]["from"] == "default"
    assert settings["database_url"]["value"] == f"(embedded, in {NOWHERE}/postgres)"
    assert settings["master_key_file"]["value"] == f"({NOWHERE}/master.key)"


def test_config_keeps_secrets() -> None:
    key = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3I="
    url = "postgresql://ann:s%40cret@db.example:5432/ledger?sslmode=require&password=s3cret"
    env = environment(LIFELEDGER_MASTER_KEY=key, DATABASE_URL=url)
    for said in (lifeledger("config", env=env), lifeledger("config", "--json", env=env)):
        assert not any(secret in said.out for secret in (key, "s%40cret", "s3cret"))
        assert "postgresql://ann:********@db.example:5432/ledger?sslmode=require&password=********" in said.out


def test_a_table_is_never_cut_off_where_no_terminal_is() -> None:
    said = lifeledger("config", env=environment(LIFELEDGER_HOME="/" + "long" * 40, COLUMNS="40"))
    assert "long" * 40 in said.out
    assert "\x1b" not in said.out


def test_who_has_read_enough_is_no_failure() -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([*PROGRAM, "config"], stdout=write, stderr=subprocess.PIPE, env=environment(), check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_database_that_does_not_answer_is_one_line_without_its_password() -> None:
    env = environment(DATABASE_URL="postgresql://ann:s3cret@127.0.0.1:9/ledger")
    for command in (["serve", "--port", "0"], ["import", os.devnull]):
        said = lifeledger(*command, env=env)
        assert said.code == 1
        assert said.err.startswith("lifeledger: ")
        assert "127.0.0.1" in said.err
        assert "s3cret" not in said.err
        assert "Traceback" not in said.err


@pytest.mark.parametrize("power", ["SUPERUSER", "BYPASSRLS"])
def test_nobody_works_as_a_role_above_row_security(
    power: str, tmp_path: Path, postgres: Server, database_url: str
) -> None:
    company = tmp_path / "company.yaml"
    company.write_text("teams: [north]")
    works = (["serve", "--port", "0"], ["worker"], ["import", os.devnull], ["setup", company], ["views", "status"])
    with mighty(postgres, database_url, power) as url:
        for command in works:
            said = lifeledger(*command, env=on(url), at=tmp_path)
            assert said.code == 1
            assert said.err == (
                f"lifeledger: the role mighty_{os.getpid()} is a superuser or bypasses row security; "
                "connect as a plain role\n"
            )
