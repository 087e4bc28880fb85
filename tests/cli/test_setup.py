"""A file becomes staff, pools and catalogs; applied again it changes nothing."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.cli.outline import Outline
from api.cli.say import Failure
from api.cli.setup import Parts, apply, parts_of, plan
from commands import DECIDERS
from commands.execute import Executor
from domain.agent_book import AgentBook
from domain.pool import Pool
from domain.staff import Departed, Employed
from tests.cli.running import environment, lifeledger, on
from tests.memory import memory_ledger
from tests.servers import new_home

COMPANY = """\
teams: [north, north/harbour, south]
staff:
  - {id: ann, name: Ann, role: sales, team: north/harbour, capacity: {held: 50, daily_claims: 5}}
  - id: bob
    name: Bob
    role: sales_manager
    team: north
    available: false
pools:
  - id: north
    name: North
    members: [north]
    terms: {protection_days: 7}
catalogs:
  - id: lost-reasons
    entries:
      - {code: price, zh: 价格, en: Price}
"""
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def executor() -> Executor:
    return Executor(DECIDERS, memory_ledger(), clock=lambda: NOW)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "company.yaml"


def outline(file: Path, text: str) -> Outline[Parts]:
    file.write_text(text)
    return parts_of(file)


def applied(file: Path, text: str, executor: Executor) -> list[str]:
    """What was done; nothing is refused."""
    wanted = outline(file, text)
    steps, stuck = plan(wanted, executor)
    done = apply(steps, wanted, executor)
    assert not stuck
    assert not [no for _, no in done if no]
    return [step.text for step, _ in done]


def faults(file: Path, text: str) -> list[str]:
    with pytest.raises(Failure) as refused:
        outline(file, text)
    return str(refused.value).replace(f"{file}:", "").splitlines()


def test_everything_in_the_file_comes_to_be(file: Path, executor: Executor) -> None:
    assert applied(file, COMPANY, executor) == [
        "onboard ann in north/harbour as sales",
        "onboard bob in north as sales_manager",
        "make bob unavailable",
        "let ann hold 50 and claim 5 a day",
        "publish the pool north, version 1",
        "publish the catalog lost-reasons, version 1",
    ]
    bob = executor.state("staff/bob").state
    assert isinstance(bob, Employed)
    assert not bob.available
    assert executor.state("agent-book/ann").state == AgentBook(cap=50, daily_claims=5, claims={})
    pool = executor.state("pool/north").state
    assert isinstance(pool, Pool)
    assert (pool.terms.protection_days, pool.terms.hard_limit_days) == (7, 20)


def test_the_same_file_again_changes_nothing(file: Path, executor: Executor) -> None:
    applied(file, COMPANY, executor)
    position = executor.store.last_position()
    assert applied(file, COMPANY, executor) == []
    assert executor.store.last_position() == position


@pytest.mark.parametrize(
    ("before", "after", "done"),
    [
        ("protection_days: 7", "protection_days: 8", ["publish the pool north, version 2"]),
        ("name: North", "name: Norden", ["publish the pool north, version 2"]),
        ("en: Price", "en: Too dear", ["publish the catalog lost-reasons, version 2"]),
        ("held: 50", "held: 60", ["let ann hold 60 and claim 5 a day"]),
        ("team: north/harbour", "team: south", ["move ann to south as sales"]),
        ("available: false", "available: true", ["make bob available"]),
        ("    available: false\n", "", []),
        ("    available: false\n", "    departed: true\n", ["let bob go"]),
    ],
)
def test_what_has_changed_in_the_file_changes(
    before: str, after: str, done: list[str], file: Path, executor: Executor
) -> None:
    applied(file, COMPANY, executor)
    assert COMPANY.count(before) == 1
    assert applied(file, COMPANY.replace(before, after), executor) == done


def test_who_has_left_may_come_back(file: Path, executor: Executor) -> None:
    gone = COMPANY.replace("available: false", "departed: true")
    assert "onboard bob in north as sales_manager" not in applied(file, gone, executor)
    applied(file, COMPANY, executor)
    assert "let bob go" in applied(file, gone, executor)
    assert isinstance(executor.state("staff/bob").state, Departed)
    assert applied(file, gone, executor) == []
    assert "onboard bob in north as sales_manager" in applied(file, COMPANY, executor)


def test_what_no_command_changes_is_told(file: Path, executor: Executor) -> None:
    applied(file, COMPANY, executor)
    steps, stuck = plan(outline(file, COMPANY.replace("name: Ann", "name: Anna")), executor)
    assert not steps
    assert stuck == [f"{file}:3: ann was onboarded as Ann, and there is no command that changes a name"]


def test_a_refusal_names_the_line_that_it_is_about(file: Path, executor: Executor) -> None:
    wanted = outline(file, COMPANY.replace("protection_days: 7", "time_zone: Mars/Olympus"))
    steps, _ = plan(wanted, executor)
    refused = [no for _, no in apply(steps, wanted, executor) if no]
    assert refused == [
        f"{file}:13: publish the pool north, version 1: terms/time_zone: 'Mars/Olympus' is no IANA time zone"
    ]


def test_who_changes_the_same_meanwhile_is_not_overruled(file: Path, executor: Executor) -> None:
    wanted = outline(file, COMPANY)
    steps, _ = plan(wanted, executor)
    applied(file, COMPANY.replace("protection_days: 7", "protection_days: 9"), executor)
    refused = [no for _, no in apply(steps, wanted, executor) if no]
    assert any("pool/north is at version 1, not 0: apply the file again" in no for no in refused)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", [" is empty"]),
        ("teams: [a\nstaff: b", ["2: this is no YAML"]),
        ("teams: north", ["1: teams: this should be a list"]),
        ("- a\n- b", ["1: the file: this should be fields and their values"]),
        ("team: [north]", ["1: team: there is no such field"]),
        ("teams: [a]\nteams: [b]", ["2: teams stands there twice"]),
        ("pools:\n  - id: a\n    name: A\n    members: []\n    id: b", ["5: id stands there twice"]),
        ("staff:\n  - name: Ann", ["2: staff/1/id: this is missing"]),
        (COMPANY.replace("sales_manager", "boss"), ["6: staff/2/role: 'boss' is no role"]),
        (COMPANY.replace("sales_manager", "sale"), ["6: staff/2/role: 'sale' is no role; sales is one"]),
        (COMPANY.replace("team: north/harbour", "team: harbour"), ["3: staff/1/team: 'harbour' is not among"]),
        (COMPANY.replace("[north]", "[nord]"), ["12: pools/1/members/1: 'nord' is not among the teams; north is one"]),
        (COMPANY.replace("id: bob", "id: ann"), ["4: staff/2/id: ann stands there twice"]),
        (COMPANY.replace("id: bob", "id: 7"), ["4: staff/2/id: this should be text: put it in quotes"]),
        (COMPANY.replace("protection_days: 7", "protection_days: soon"), ["13: pools/1/terms/protection_days: "]),
        (COMPANY.replace("protection_days: 7", "protected_days: 7"), ["13: pools/1/terms/protected_days: there is no"]),
        ("catalogs: !!python/object:os.system []", ["1: this is no YAML: could not determine a constructor"]),
    ],
)
def test_a_fault_is_told_with_its_line(text: str, told: list[str], file: Path) -> None:
    found = faults(file, text)
    assert len(found) >= len(told)
    for each, wanted in zip(found, told, strict=False):
        assert wanted in each


def test_text_stays_text(file: Path) -> None:
    """In YAML 1.1 these are a truth, a number of minutes, an octal number and a date."""
    found = outline(file, "teams: [no, 12:30, 007, 2026-03-02, on, 1_000]").value
    assert found.teams == ("no", "12:30", "007", "2026-03-02", "on", "1_000")


def test_what_is_not_utf_8_is_told(file: Path) -> None:
    file.write_bytes(b"teams: [\xff]")
    with pytest.raises(Failure, match="is no YAML"):
        parts_of(file)


# As a command


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
