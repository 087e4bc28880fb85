"""Logs of tickets that nobody has seen yet: what breaks a rule is rejected with its reason, and the rest goes in.

Every log is played twice: by the rules, over a ledger in memory, and by `counted`, which knows the table of states.
"""

import json
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.ticket.facts.opening import TicketOpened
from domain.ticket.facts.status import TicketReopened
from domain.ticket.facts.terms import Status
from domain.ticket.facts.work import TicketAssigned
from tests.cli.running import lifeledger, on
from tests.real.helpdesk import (
    counted,
    customer_id,
    log,
    staff_id,
    total,
    write_ndjson,
)
from tests.real.ledgers import FACT, rows
from tests.real.small_logs import (
    CLOSE,
    FIXED,
    NINE,
    NOTE,
    OPEN,
    SOLVE,
    TAKE,
    UPGRADE,
    WAIT,
    WEIGH,
    Told,
    hourly,
    played,
    written,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.xes"


def test_a_ticket_is_opened_by_its_first_event_whatever_that_is(path: Path) -> None:
    for first in (WEIGH, TAKE, WAIT, UPGRADE, FIXED, SOLVE, NOTE):
        found = played(written(path, ("1", hourly(first))))
        assert found.rejected == []
        assert [line["source"]["message_id"] for line in found.lines] == ["customer/Value 7", "1/0", "1/1"]
        assert isinstance(found.of("1")[0].event, TicketOpened)
    assert len(played(written(path, ("1", hourly(OPEN)))).lines) == 2


def test_an_opening_after_the_first_event_or_told_twice_is_rejected_and_the_rest_goes_in(path: Path) -> None:
    late = played(written(path, ("1", hourly(TAKE, OPEN, SOLVE, CLOSE))))
    assert late.rejected == [("1/2", "NotNow: this needs Unopened, and it is Active")]
    assert late.status("1") == "closed"
    twice = played(written(path, ("1", hourly(OPEN, OPEN, TAKE))))
    assert [message for message, _ in twice.rejected] == ["1/2"]
    assert twice.status("1") == "open"


def test_what_nobody_knows_is_rejected_by_its_name(path: Path) -> None:
    found = played(written(path, ("1", hourly("Sing", OPEN, "AssignTicket", None, "", TAKE, "x\u200b" * 300))))
    assert [message for message, _ in found.rejected] == ["1/1", "1/3", "1/4", "1/5", "1/7"]
    assert found.rejected[0][1] == "UnknownCommand: 'helpdesk: Sing' is none of the commands that can be sent here"
    assert found.status("1") == "open"


@pytest.mark.parametrize(
    "at", [None, "", "yesterday", "2013-03-01T09:00:00", "2913-03-01T09:00:00Z", "1013-03-01T09:00Z"]
)
def test_what_has_no_time_is_rejected_and_opens_nothing(path: Path, at: str | None) -> None:
    found = played(written(path, ("1", [Told(TAKE, at), *hourly(SOLVE, CLOSE), Told(TAKE, at)])))
    assert [message for message, _ in found.rejected] == ["1/1", "1/4"]
    assert found.status("1") == "closed"
    never = played(written(path, ("1", [Told(OPEN, at), Told(TAKE, at)])))
    assert len(never.rejected) == len(never.lines) == 2


def test_the_order_is_that_of_the_log_also_where_the_times_run_backwards(path: Path) -> None:
    backwards = [
        Told(each, (NINE - timedelta(hours=nth)).isoformat())
        for nth, each in enumerate((OPEN, SOLVE, TAKE, SOLVE, CLOSE, WAIT))
    ]
    found = played(written(path, ("1", backwards)))
    assert found.rejected == []
    assert [each.event.n for each in found.of("1") if isinstance(each.event, TicketReopened)] == [1, 2]
    assert found.status("1") == "pending_customer"
    times = [each.occurred_at for each in found.of("1")]
    assert times == sorted(times, reverse=True)


def test_without_a_resource_a_system_acted_and_the_group_has_the_ticket(path: Path) -> None:
    found = played(written(path, ("1", hourly(OPEN, TAKE, by=None)), ("2", hourly(OPEN, TAKE, by=None, group=None))))
    assert found.rejected == []
    for case, team in (("1", "helpdesk/Value 3"), ("2", None)):
        assigned = found.of(case)[-1]
        assert isinstance(assigned.event, TicketAssigned)
        assert (assigned.event.agent, assigned.event.team) == (None, team)
        assert (assigned.actor.kind, assigned.actor.id) == ("integration", "helpdesk")


def test_another_of_the_same_group_takes_it_over(path: Path) -> None:
    several = [Told(OPEN), Told(TAKE, by="Ann / A"), Told(TAKE, by="Ann - A"), Told(TAKE, by="安")]
    found = played(written(path, ("1", several)))
    assigned = [each.event for each in found.of("1") if isinstance(each.event, TicketAssigned)]
    assert [(each.previous_agent, each.agent) for each in assigned] == [
        (None, staff_id("Ann / A")),
        (staff_id("Ann / A"), staff_id("Ann - A")),
        (staff_id("Ann - A"), staff_id("安")),
    ]
    assert len({each.agent for each in assigned}) == 3, "people of whatever names stay apart"
    assert {each.team for each in assigned} == {"helpdesk/Value 3"}
    assert found.figures.repeats == {"open": 2}


def test_a_state_entered_twice_is_a_repeat_and_what_never_closes_stays(path: Path) -> None:
    again: dict[str, tuple[str, Status]] = {
        "1": (TAKE, "open"),
        "2": (WAIT, "pending_customer"),
        "3": (UPGRADE, "pending_third_party"),
        "4": (SOLVE, "resolved"),
    }
    found = played(written(path, *((case, hourly(OPEN, each, each, each)) for case, (each, _) in again.items())))
    assert found.rejected == []
    assert found.figures.repeats == {status: 2 for _, status in again.values()}
    assert {case: found.status(case) for case in again} == {case: status for case, (_, status) in again.items()}


def test_what_the_table_of_states_has_no_way_for_is_rejected(path: Path) -> None:
    found = played(written(path, ("1", hourly(OPEN, CLOSE, TAKE, CLOSE, SOLVE, CLOSE, SOLVE, CLOSE, TAKE))))
    assert [message for message, _ in found.rejected] == ["1/2", "1/4", "1/7"]
    assert found.figures.reopens == 1
    assert found.status("1") == "open"


def test_a_case_that_comes_again_goes_on_and_one_without_a_name_is_rejected(path: Path) -> None:
    found = played(written(path, ("1", hourly(TAKE, SOLVE)), (None, hourly(OPEN, TAKE)), ("1", hourly(TAKE, SOLVE))))
    assert [message for message, _ in found.rejected] == ["/1", "/2"]
    assert found.figures.reopens == 1
    assert found.status("1") == "resolved"


def test_whose_ticket_it_is(path: Path) -> None:
    """The customer whom an event of it names first; where none does, somebody of whom nothing else is known."""
    later = [Told(OPEN, customer=None), Told(TAKE, customer="Value 7"), Told(SOLVE, customer="Value 8")]
    found = played(written(path, ("1", later), ("2", hourly(OPEN, customer=None)), ("3", hourly(OPEN, customer=" "))))
    assert found.rejected == []
    opened = [found.of(case)[0].event.customer_id for case in ("1", "2", "3")]
    assert opened[0] == customer_id("Value 7")
    assert len(set(opened)) == 3
    created = [each.stream for each in found.recorded if each.stream.startswith("customer/")]
    assert created == [f"customer/{customer_id(name)}" for name in ("Value 7", "Value 8")]


# Any log

ACTIVITIES = st.sampled_from(
    [OPEN, WEIGH, TAKE, WAIT, UPGRADE, FIXED, SOLVE, SOLVE, CLOSE, CLOSE, NOTE, "Sing", "", None]
)
TIMES = st.one_of(
    st.integers(-300, 300).map(lambda minutes: (NINE + timedelta(minutes=minutes)).isoformat()),
    st.integers(0, 3).map(lambda hours: (NINE + timedelta(hours=hours)).isoformat()),
    st.sampled_from([None, "", "noon", "2013-03-01T09:00:00", "2999-01-01T00:00:00Z"]),
)
NAMES = st.one_of(st.none(), st.sampled_from(["Value 1", "Value 2", "a/b", "Zoë", " ", "李"]))
EVENTS = st.builds(Told, activity=ACTIVITIES, at=TIMES, by=NAMES, customer=NAMES, group=NAMES)
LOGS = st.lists(st.tuples(st.sampled_from(["1", "2", "Case 3", None]), st.lists(EVENTS, max_size=12)), max_size=4)


@given(LOGS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_rules_make_of_any_log_what_the_table_of_states_makes_of_it(
    path: Path, cases: list[tuple[str | None, list[Told]]]
) -> None:
    found = played(written(path, *cases))
    told = total(map(counted, log(path)))
    seen = found.figures
    for name in ("tickets", "rejected", "reopens", "reopened", "repeats", "standing"):
        assert getattr(seen, name) == getattr(told, name), name
    messages = [line["source"]["message_id"] for line in found.lines]
    assert len(set(messages)) == len(messages)
    of_events = [message for message in messages if not message.startswith("customer/") and not message.endswith("/0")]
    assert len(of_events) == told.events, "every event is a line: none is left out"


# And into PostgreSQL


@pytest.fixture
def rejects(tmp_path: Path) -> Path:
    return tmp_path / "rejects.ndjson"


@pytest.mark.slow
def test_a_dirty_log_is_imported_but_for_what_is_rejected_and_every_line_is_accounted_for(
    path: Path, rejects: Path, tmp_path: Path, database_url: str
) -> None:
    dirty = [
        ("never closes", hourly(TAKE, WAIT, WAIT)),
        ("opened late", hourly(WEIGH, OPEN, TAKE, SOLVE, CLOSE)),
        ("sings", hourly(OPEN, "Sing", TAKE)),
        ("again", hourly(OPEN, SOLVE, TAKE, SOLVE, SOLVE, CLOSE, WAIT)),
        ("no time", [Told(TAKE, None), *hourly(TAKE)]),
        ("backwards", [*hourly(OPEN, SOLVE, CLOSE)[::-1]]),
        ("nobody", hourly(TAKE, by=None, customer=None, group=None)),
        (None, hourly(OPEN)),
    ]
    out = tmp_path / "commands.ndjson"
    lines = write_ndjson(written(path, *dirty), out)
    said = lifeledger("import", out, "--json", env=on(database_url), at=tmp_path)
    told = total(map(counted, log(path)))
    summary = said.document
    assert summary["lines"] == lines
    assert sum(summary[kind] for kind in ("accepted", "already_there", "refused", "invalid", "failed")) == lines
    assert summary["refused"] + summary["invalid"] == told.rejected == 6
    assert (said.code, summary["failed"], summary["repeats"]) == (1, 0, told.repeats.total())
    assert "Traceback" not in said.err
    problems = {each["line"]: each["problem"] for each in map(json.loads, rejects.read_text().splitlines())}
    assert len(problems) == told.rejected
    assert all(problem["title"] and problem["status"] for problem in problems.values())
    kinds = Counter(problem["type"].removeprefix("/problems/") for problem in problems.values())
    assert kinds == {"not-now": 3, "unknown-command": 1, "invalid-request": 2}
    reopens = rows(
        database_url,
        f"SELECT {FACT} ->> 'n' AS n FROM ledger.events WHERE type = 'ticket.reopened' ORDER BY position",
    )
    assert [each["n"] for each in reopens] == ["1", "2"]
    again = lifeledger("import", out, "--json", env=on(database_url), at=tmp_path).document
    assert (again["accepted"], again["already_there"]) == (0, lines - told.rejected)
    assert again["refused"] + again["invalid"] == told.rejected
