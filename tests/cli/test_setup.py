"""A file becomes staff, pools and catalogs; applied again it changes nothing."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.cli.company import CALLER, onboarding
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
from tests.cli.company import COMPANY, outline
from tests.memory import memory_ledger
from tests.spec import policy

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def executor() -> Executor:
    return Executor(DECIDERS, memory_ledger(), clock=lambda: NOW)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "company.yaml"


def applied(file: Path, text: str, executor: Executor) -> list[str]:
    """What was done; nothing is refused."""
    wanted = outline(file, text)
    steps, stuck = plan(wanted, executor)
    done = apply(steps, wanted, executor)
    assert not stuck
    assert not [no for _, no in done if no]
    return [step.text for step, _ in done]


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
