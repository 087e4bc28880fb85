"""A file becomes staff, pools and catalogs; applied again it changes nothing."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from api.cli.company import CALLER, Capacity, Parts, onboarding, parts_of
from api.cli.outline import Outline, every_fault, put
from api.cli.say import Failure
from api.cli.setup import Step, apply, departed, plan
from commands import DECIDERS
from commands.ask import Ask, Outcome
from commands.execute import Executor
from commands.key_account_policy import BeginRanking
from commands.staff import MoveStaff
from domain.agent_book import AgentBook
from domain.pool import Pool
from domain.staff import Departed, Employed
from domain.values import OrgPath, StaffId, replace
from ledger.envelope import time_ordered_id
from tests.cli.bringing import asked
from tests.cli.running import environment, lifeledger, on
from tests.memory import memory_ledger
from tests.servers import new_home
from tests.spec import policy

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


def test_what_was_done_under_a_version_makes_no_new_one(file: Path, executor: Executor) -> None:
    ranked = f"{COMPANY}key-account-policies:\n  - id: standard\n    terms: {{share_percent: 10}}\n"
    assert applied(file, ranked, executor)[-1] == "publish the key account policy standard, version 1"
    (answer,) = executor([Ask(BeginRanking(), time_ordered_id(), policy)])
    assert isinstance(answer, Outcome)
    assert answer.refusal is None
    assert applied(file, ranked, executor) == []
    other = ranked.replace("share_percent: 10", "share_percent: 15")
    assert applied(file, other, executor) == ["publish the key account policy standard, version 2"]


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


def test_who_has_departed_is_not_brought_back_by_an_old_file(file: Path, executor: Executor) -> None:
    gone = COMPANY.replace("available: false", "departed: true")
    assert "onboard bob in north as sales_manager" not in applied(file, gone, executor)
    applied(file, COMPANY, executor)
    assert "let bob go" in applied(file, gone, executor)
    assert isinstance(executor.state("staff/bob").state, Departed)
    assert applied(file, gone, executor) == []
    old = outline(file, COMPANY)
    (told,) = departed(old, executor)
    assert told == (
        f"{file}:4: bob departed at 2026-03-02T09:00:00+00:00: say `departed: true` here, "
        "or have him come back by OnboardStaff first"
    )
    assert not [step for step in plan(old, executor)[0] if step.ask.command.staff_id == "bob"]


def test_who_has_come_back_by_a_command_works_here_again(file: Path, executor: Executor) -> None:
    gone = COMPANY.replace("available: false", "departed: true")
    applied(file, COMPANY, executor)
    applied(file, gone, executor)
    bob = outline(file, COMPANY).value.staff[1]
    executor([Ask(onboarding(bob), time_ordered_id(), CALLER)])
    assert list(departed(outline(file, COMPANY), executor)) == []
    assert applied(file, COMPANY, executor) == ["make bob unavailable"]


def test_what_no_command_changes_is_told(file: Path, executor: Executor) -> None:
    applied(file, COMPANY, executor)
    steps, stuck = plan(outline(file, COMPANY.replace("name: Ann", "name: Anna")), executor)
    assert not steps
    assert stuck == [f"{file}:3: ann was onboarded as Ann, and there is no command that changes a name"]


def test_a_refusal_names_the_line_that_it_is_about(file: Path, executor: Executor) -> None:
    """Also one that could not be recorded, since it names no subject."""
    wanted = outline(file, COMPANY)
    ann = onboarding(wanted.value.staff[0])
    nobody = MoveStaff(staff_id=StaffId("zoe"), to=OrgPath("south"))
    steps = [
        Step(("staff", 1), "do so", Ask(command, time_ordered_id(), CALLER))
        for command in (replace(ann, staff_id=StaffId("a b")), nobody, replace(ann, org_path=OrgPath("/")), ann)
    ]
    assert [no for _, no in apply(steps, wanted, executor)] == [
        f"{file}:4: do so: staff_id: an id has no blanks, slashes or control characters",
        f"{file}:4: do so: no staff/zoe is to be seen here",
        f"{file}:7: do so: org_path: an organisation is a path of names, as in north/team-1",
        None,
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
        (COMPANY.replace("sales_manager", "boss"), ["6: staff/2/role: 'boss' is none of sales, sales_manager, "]),
        (COMPANY.replace("sales_manager", "policy"), ["6: staff/2/role: policy is a role of machines; people have "]),
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


EVERYTHING = """\
teams: [north, "south//x"]
teams: [north, "south//x", 7]
staff:
  - {id: a b, name: " ", role: boss, team: nord, capacity: {held: -1}, shoe_size: 43}
  - {id: bob, name: Bob, role: policy, team: north, capacity: {held: -1, daily_claims: 10000000}}
  - {id: bob, name: Bert, role: sales, team: north, skills: [7, car]}
  - Zoe
pools:
  - id: north
    name: ""
    members: [north, west]
    terms: {time_zone: Mars/X, holding_cap: -4, protection_days: soon}
  - id: north
    members: [north]
    name: North
catalogs:
  - id: lead-fields
    fields:
      - {name: size, type: choice}
      - {name: size, type: colour}
      - {name: note, type: text, choices: [a]}
      - {type: text}
  - id: lost-reasons
    entries:
      - {code: price}
      - {code: " "}
      - {code: price}
      - {code: price, de: Preis}
holidays: []
"""


def test_every_fault_is_told_at_once_in_the_order_of_the_file(file: Path) -> None:
    an_id = "an id has no blanks, slashes or control characters"
    a_path = "an organisation is a path of names, as in north/team-1"
    people = (
        "sales, sales_manager, partner, inspector, quality_manager, credit_controller, service_agent, service_manager,"
        " analyst, auditor, operations"
    )
    text = "this should be text: put it in quotes"
    a_limit = "a limit is 0 to 1000000"
    a_choice = "a choice, and only a choice, names its choices"
    told = faults(file, EVERYTHING)
    assert told == sorted(told, key=lambda each: int(each.split(":")[0]))
    assert sorted(told) == sorted(
        [
            "2: teams stands there twice",
            f"2: teams/3: {text}",
            f"2: teams/2: {a_path}",
            "4: staff/1/team: 'nord' is not among the teams; north is one",
            "4: staff/1/capacity/daily_claims: this is missing",
            "4: staff/1/shoe_size: there is no such field",
            f"4: staff/1/id: {an_id}",
            "4: staff/1/name: this must not be blank",
            f"4: staff/1/role: 'boss' is none of {people}, administrator",
            f"4: staff/1/capacity/held: {a_limit}",
            f"5: staff/2/role: policy is a role of machines; people have one of {people}, administrator",
            f"5: staff/2/capacity/held: {a_limit}",
            f"5: staff/2/capacity/daily_claims: {a_limit}",
            "6: staff/3/id: bob stands there twice",
            f"6: staff/3/skills/1: {text}",
            "7: staff/4: this should be fields and their values",
            "10: pools/1/name: this must not be blank",
            "11: pools/1/members/2: 'west' is not among the teams: north, south//x",
            "12: pools/1/terms/time_zone: 'Mars/X' is no IANA time zone",
            "12: pools/1/terms/holding_cap: this is 0 to 1000000",
            "12: pools/1/terms/protection_days: this should be a whole number, without quotes",
            "13: pools/2/id: north stands there twice",
            f"19: catalogs/1/fields/1: {a_choice}",
            "20: catalogs/1/fields/2/name: size stands there twice",
            "20: catalogs/1/fields/2/type: Input should be 'text', 'integer', 'decimal', 'boolean', 'date' or 'choice'",
            f"21: catalogs/1/fields/3: {a_choice}",
            "22: catalogs/1/fields/4/name: this is missing",
            "26: catalogs/2/entries/2/code: this must not be blank",
            "27: catalogs/2/entries/3/code: price stands there twice",
            "28: catalogs/2/entries/4/code: price stands there twice",
            "28: catalogs/2/entries/4/de: there is no such field",
            "29: holidays: there is no such field",
        ]
    )


def test_what_is_wrong_with_the_teams_is_not_told_again_of_everybody(file: Path) -> None:
    assert faults(file, COMPANY.replace("[north, north/harbour, south]", "north")) == [
        "1: teams: this should be a list"
    ]
    assert len(faults(file, COMPANY.replace("teams: [north, north/harbour, south]\n", ""))) == 3


@pytest.mark.parametrize("text", ["staff: &all [*all]", "staff: &all {id: *all}", "1: {2: 3}", "teams: [[[]]]", "7"])
def test_a_file_that_is_no_company_at_all_is_told_so(text: str, file: Path) -> None:
    assert faults(file, text)


def test_a_part_that_stands_in_several_places_is_mended_in_all_of_them(file: Path) -> None:
    several = """\
teams: [north]
staff:
  - {id: ann, name: Ann, role: sales, team: north, capacity: &few {held: -1, daily_claims: -1}}
  - {id: bob, name: Bob, role: sales, team: north, capacity: *few}
"""
    assert len(faults(file, several)) == 4


def test_text_stays_text(file: Path) -> None:
    """In YAML 1.1 these are a truth, a number of minutes, an octal number and a date."""
    found = outline(file, "teams: [no, 12:30, 007, 2026-03-02, on, 1_000]").value
    assert found.teams == ("no", "12:30", "007", "2026-03-02", "on", "1_000")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("held: 50", "held: true", "3: staff/1/capacity/held: this should be a whole number, without quotes"),
        ("held: 50", "held: 50.0", "3: staff/1/capacity/held: this should be a whole number, without quotes"),
        ("claims: 5", "claims: '5'", "3: staff/1/capacity/daily_claims: this should be a whole number, without quotes"),
        ("available: false", "available: no", "8: staff/2/available: this should be true or false, without quotes"),
        ("available: false", "available: 0", "8: staff/2/available: this should be true or false, without quotes"),
        ("name: North", "name: 7", "11: pools/1/name: this should be text: put it in quotes"),
    ],
)
def test_nothing_is_converted(before: str, after: str, told: str, file: Path) -> None:
    assert faults(file, COMPANY.replace(before, after)) == [told]


def test_a_number_and_a_truth_are_what_they_look_like(file: Path) -> None:
    bob = "{id: bob, name: '7', role: sales, team: north, capacity: {held: 7, daily_claims: 0}, available: true}"
    (person,) = outline(file, f"teams: [north]\nstaff: [{bob}]").value.staff
    assert (person.name, person.capacity, person.available) == ("7", Capacity(held=7, daily_claims=0), True)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("teams: [north]\nstaff:\n  - id: {{ me }}", "3: this is no YAML: found unhashable key"),
        ("teams: [north]\n? [a, b]\n: c", "2: this is no YAML: found unhashable key"),
        ("teams:\n  - !!timestamp 2026-03-02", "2: this is no YAML: could not determine a constructor for the tag"),
        ("teams: [north]\nstaff: &all\n  - *all", "2: this stands within itself"),
        ("teams:\n  " + "[" * 101 + "]" * 101, "2: this is nested too deeply"),
        ("teams: " + "[" * 9_000 + "]" * 9_000, " this is nested too deeply"),
        ('teams:\n  - "\\ud800"', "2: this has half of a character"),
        ("teams: [!!int north]", " this is no YAML: invalid literal"),
        ("teams: [!!bool north]", " this is no YAML: 'north'"),
    ],
)
def test_what_yaml_can_have_and_no_company_is_told_and_no_more(text: str, told: str, file: Path) -> None:
    (found,) = faults(file, text)
    assert found.startswith(told)


def test_a_member_that_is_no_path_is_told_in_its_place_every_time(file: Path) -> None:
    """Beside it, what another rule says of the whole list: both are mended, the inner one first."""
    a_path = "an organisation is a path of names, as in north/team-1"
    unknown = "'north/' is not among the teams; north is one"
    for members, nth in (("[north/]", 1), ("[south, north/]", 2)):
        assert sorted(faults(file, COMPANY.replace("[north]", members))) == sorted(
            [f"12: pools/1/members/{nth}: {a_path}", f"12: pools/1/members/{nth}: {unknown}"]
        )


def test_a_part_is_mended_before_what_it_is_in() -> None:
    """What stands in for the whole has parts of its own, or none."""
    data = {name: [name] for name in "abcdefgh"}
    told = [fault for name in data for fault in [((name,), "these are too many"), ((name, 0), "this is none")]]
    found = every_fault(
        data,
        TypeAdapter(dict[str, list[str]]),
        lambda value, _: told if value["a"] == ["a"] else (),
        lambda path: ["all"] if len(path) == 1 else "one",
    )
    assert list(found) == told
    assert data == {name: ["all"] for name in "abcdefgh"}


def test_a_place_that_is_not_there_is_left_so() -> None:
    data = {"members": list[str]()}
    for path in (("members", 0), ("members", 0, "id"), ("staff", 0)):
        put(data, path, "north")
    assert data == {"members": []}


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
