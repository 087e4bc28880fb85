"""Whatever is published can stand in a company's file, from the day on which its decider is there."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest

from api.cli.company import form, parts_of
from api.cli.forms import described
from api.cli.say import Failure
from api.cli.sections import Section, sections
from api.cli.setup import apply, plan, unpublishable
from commands import DECIDERS
from commands.decider import Decider
from commands.execute import Executor
from commands.pool import is_known
from domain.access import Action
from domain.errors import Invalid, said
from domain.pool import Pool
from domain.values import OrgPath, PolicyId, PoolId, fact, value
from ledger.codec import Codec
from ledger.keys import Keys
from ledger.ledger import Ledger
from tests.cli.running import lifeledger
from tests.memory import MASTER, MemoryRows

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


# Something that is published and that no other module has heard of


Day = Literal["saturday", "sunday"]


@value
class Shift:
    team: OrgPath
    from_: int
    kind: Literal["early", "late"] = "early"


@value
class Limits:
    shortest_hours: int = 4
    time_zone: str = "Asia/Shanghai"


@value
class PublishDutyRota:
    rota_id: PolicyId
    title: str
    pool_id: PoolId
    days: Mapping[Day, tuple[Shift, ...]]
    languages: tuple[str, ...] = ()
    limits: Limits = Limits()


@fact("test-duty-rota.published")
class DutyRotaPublished:
    rota_id: PolicyId
    number: int
    title: str
    pool_id: PoolId
    days: Mapping[Day, tuple[Shift, ...]]
    languages: tuple[str, ...]
    limits: Limits


@value
class DutyRota:
    number: int = 0


def evolve(_: DutyRota, event: DutyRotaPublished) -> DutyRota:
    return DutyRota(number=event.number)


rotas = Decider[DutyRota, DutyRotaPublished](
    name="duty-rota",
    plural="duty-rotas",
    id_field="rota_id",
    key=PolicyId,
    initial=lambda _: DutyRota(),
    evolve=evolve,
    governs=True,
)


def pool_of(command: PublishDutyRota) -> PoolId:
    return command.pool_id


@rotas.decides(Action.ADMINISTER, pool=pool_of)
def publish_rota(command: PublishDutyRota, rota: DutyRota, pool: Pool) -> DutyRotaPublished:
    title = said("title", command.title).strip()
    for day, shifts in command.days.items():
        for nth, shift in enumerate(shifts):
            if not 0 <= shift.from_ <= 23:
                raise Invalid(field=f"days/{day}/{nth}/from_", because="an hour is 0 to 23")
    if not is_known(command.limits.time_zone):
        raise Invalid(field="limits/time_zone", because="this is no time zone")
    for day, shifts in command.days.items():
        for nth, shift in enumerate(shifts):
            if not pool.admits(shift.team):
                raise Invalid(field=f"days/{day}/{nth}/team", because="the pool is for others")
    return DutyRotaPublished(
        rota_id=command.rota_id,
        number=rota.number + 1,
        title=title,
        pool_id=command.pool_id,
        days=command.days,
        languages=tuple(sorted(command.languages)),
        limits=command.limits,
    )


ALL = (rotas, *DECIDERS)  # Before the pools, on which it rests.

COMPANY = """\
teams: [north, south]
duty-rotas:
  - id: weekend
    title: " At weekends "
    pool_id: north
    languages: [zh, en]
    days:
      saturday:
        - {team: north, from: 9}
        - {team: north, from: 13, kind: late}
    limits: {shortest_hours: 6}
pools:
  - {id: north, name: North, members: [north]}
"""


@pytest.fixture
def executor() -> Executor:
    rows = MemoryRows()
    codec = Codec(event for decider in ALL for event in decider.events)
    return Executor(ALL, Ledger(rows, codec, Keys(MASTER, rows)), clock=lambda: NOW)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "company.yaml"


def applied(file: Path, text: str, executor: Executor) -> list[str]:
    file.write_text(text)
    wanted = parts_of(file, ALL)
    assert not list(unpublishable(wanted, executor))
    steps, _ = plan(wanted, executor)
    done = apply(steps, wanted, executor)
    assert not [no for _, no in done if no]
    return [step.text for step, _ in done]


def faults(file: Path, text: str) -> list[str]:
    file.write_text(text)
    with pytest.raises(Failure) as refused:
        parts_of(file, ALL)
    return str(refused.value).replace(f"{file}:", "").splitlines()


def test_it_is_published_after_what_its_rule_looks_at(file: Path, executor: Executor) -> None:
    assert applied(file, COMPANY, executor) == [
        "publish the pool north, version 1",
        "publish the duty rota weekend, version 1",
    ]
    published = executor.store.history("duty-rota/weekend")[-1].event
    assert published == DutyRotaPublished(
        rota_id=PolicyId("weekend"),
        number=1,
        title="At weekends",
        pool_id=PoolId("north"),
        days={
            "saturday": (
                Shift(team=OrgPath("north"), from_=9),
                Shift(team=OrgPath("north"), from_=13, kind="late"),
            )
        },
        languages=("en", "zh"),
        limits=Limits(shortest_hours=6),
    )


def test_the_same_file_again_publishes_nothing(file: Path, executor: Executor) -> None:
    """Although the fact says it in another way than the command."""
    applied(file, COMPANY, executor)
    assert applied(file, COMPANY, executor) == []
    assert applied(file, COMPANY.replace("[zh, en]", "[en, zh]"), executor) == []


@pytest.mark.parametrize(
    ("before", "after"), [("from: 9", "from: 8"), (", kind: late", ""), ("hours: 6", "hours: 5"), (", en]", "]")]
)
def test_what_differs_is_published_in_a_new_version(before: str, after: str, file: Path, executor: Executor) -> None:
    applied(file, COMPANY, executor)
    assert COMPANY.count(before) == 1
    done = applied(file, COMPANY.replace(before, after), executor)
    assert done == ["publish the duty rota weekend, version 2"]


def test_a_default_may_be_left_out_or_said(file: Path, executor: Executor) -> None:
    applied(file, COMPANY, executor)
    assert applied(file, COMPANY.replace("hours: 6", "hours: 6, time_zone: Asia/Shanghai"), executor) == []


WRONG = """\
teams: [north]
duty-rotas:
  - id: week end
    title: ""
    pool_id: north
    languages: [7]
    days:
      saturday:
        - {team: west, from: 24}
        - {team: north, from: '9', kind: middle, to: 5}
        - 7
      someday: []
    limits: {shortest_hours: 4.0, time_zone: Mars/X}
  - id: weekend
    days: []
  - {id: weekend, title: A, pool_id: north, days: {}}
pools:
  - {id: north, name: North, members: [north]}
"""


def test_every_fault_in_it_is_told_at_once_with_its_line(file: Path) -> None:
    told = faults(file, WRONG)
    assert told == sorted(told, key=lambda each: int(each.split(":")[0]))
    number = "this should be a whole number, without quotes"
    assert sorted(told) == sorted(
        [
            "3: duty-rotas/1/id: an id has no blanks, slashes or control characters",
            "4: duty-rotas/1/title: this must not be blank",
            "6: duty-rotas/1/languages/1: this should be text: put it in quotes",
            "9: duty-rotas/1/days/saturday/1/team: 'west' is not among the teams: north",
            "9: duty-rotas/1/days/saturday/1/from: an hour is 0 to 23",
            f"10: duty-rotas/1/days/saturday/2/from: {number}",
            "10: duty-rotas/1/days/saturday/2/kind: Input should be 'early' or 'late'",
            "10: duty-rotas/1/days/saturday/2/to: there is no such field",
            "11: duty-rotas/1/days/saturday/3: this should be fields and their values",
            "12: duty-rotas/1/days/someday: Input should be 'saturday' or 'sunday'",
            f"13: duty-rotas/1/limits/shortest_hours: {number}",
            "13: duty-rotas/1/limits/time_zone: this is no time zone",
            "14: duty-rotas/2/title: this is missing",
            "14: duty-rotas/2/pool_id: this is missing",
            "15: duty-rotas/2/days: this should be fields and their values",
            "16: duty-rotas/3/id: weekend stands there twice",
        ]
    )


def test_what_cannot_be_mended_hides_nothing_of_others(file: Path) -> None:
    terms = "{holding_cap: -4, daily_claims: -1, cool_down_days: -1, hard_limit_days: -1, protection_days: -1}"
    told = faults(
        file,
        COMPANY.replace("team: north, from: 9", "team: west, from: 9").replace(
            "[north]}", f"[north], terms: {terms}}}"
        ),
    )
    assert len(told) == 6


def test_what_it_rests_on_may_be_in_the_ledger_and_not_in_the_file(file: Path, executor: Executor) -> None:
    """Then the rule is asked once the ledger is open, and before anything is sent."""
    alone = COMPANY[: COMPANY.index("pools:")]
    file.write_text(alone)
    assert list(unpublishable(parts_of(file, ALL), executor)) == [
        f"{file}:3: publish the duty rota weekend: this needs Pool, and pool/north is Unpublished"
    ]
    applied(file, COMPANY, executor)
    south = alone.replace("team: north, from: 9", "team: south, from: 9")
    file.write_text(south)
    assert list(unpublishable(parts_of(file, ALL), executor)) == [
        f"{file}:9: publish the duty rota weekend: days/saturday/0/team: the pool is for others"
    ]
    assert applied(file, alone.replace("from: 9", "from: 10"), executor) == ["publish the duty rota weekend, version 2"]


def test_what_a_pool_of_the_file_makes_impossible_is_a_fault_of_the_file(file: Path) -> None:
    assert faults(file, COMPANY.replace("team: north, from: 9", "team: south, from: 9")) == [
        "9: duty-rotas/1/days/saturday/1/team: the pool is for others"
    ]


def test_a_pool_with_a_fault_is_not_the_fault_of_what_rests_on_it(file: Path) -> None:
    assert faults(file, COMPANY.replace("name: North", 'name: ""')) == ["13: pools/1/name: this must not be blank"]


def test_it_says_what_may_stand_there() -> None:
    told = {each["field"]: each for each in described(form(ALL), "")}
    assert told["/duty-rotas/*/days/*/*/from"]["kind"] == "whole number"
    assert told["/duty-rotas/*/days/*/*/kind"] == {
        "field": "/duty-rotas/*/days/*/*/kind",
        "kind": "early, late",
        "needed": False,
        "default": "early",
    }
    assert told["/duty-rotas/*/days"]["kind"] == "fields of saturday, sunday: list of: fields"


# What is there


@pytest.mark.parametrize("section", sections(DECIDERS).values(), ids=lambda section: section.name)
def test_its_fact_says_all_that_the_command_says(section: Section) -> None:
    """Else a file that differs from what is published could not be told from one that does not."""
    (event,) = (kind for kind in section.decider.events if kind.__name__.endswith("Published"))
    assert set(section.command.__annotations__) <= set(event.__annotations__)


def test_what_governs_can_be_set_up_unless_it_is_drafted_first() -> None:
    names = sections(DECIDERS).keys()
    others = [decider for decider in DECIDERS if decider.governs and decider.plural not in names]
    assert all(any(command.__name__.startswith("Draft") for command in each.rules) for each in others)
    assert {"pools", "catalogs"} <= names


@pytest.mark.slow
def test_the_command_says_what_may_stand_in_a_file() -> None:
    said = lifeledger("setup", "--describe")
    assert said.code == 0
    assert any(
        line.split() == ["pools/*/terms/protection_days", "whole", "number", "10"] for line in said.out.splitlines()
    )
    told = {each["field"]: each for each in lifeledger("setup", "--describe", "--json").document}
    assert told["staff/*/team"] == {
        "field": "staff/*/team",
        "kind": "organisation path",
        "needed": True,
        "default": None,
    }


@pytest.mark.slow
def test_without_a_file_there_is_nothing_to_do() -> None:
    said = lifeledger("setup")
    assert said.code == 2
    assert "--describe" in said.err
