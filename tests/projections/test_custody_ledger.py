"""The custody ledger: whose a subject was, from when until when, how that came, and who decided it."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from commands.customer import customers
from commands.decider import Decider
from commands.lead.leads import leads
from commands.ticket import tickets
from domain.access import Scope
from domain.actor import Actor, Reason
from domain.customer.dossier import Collaboration, Dossier
from domain.customer.facts.lifecycle import TouchpointRecorded
from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored, CustomerUnmerged
from domain.customer.facts.owners import (
    CustomerAssigned,
    CustomerCollaboratorAdded,
    CustomerReleased,
    CustomerTransferred,
    OwnerChoice,
)
from domain.lead.facts.custody import LeadHandedOff
from domain.ticket.facts.status import TicketReopened
from domain.ticket.facts.work import AgentReplied, EscalationVacated, TicketAssigned, TicketEscalated
from domain.values import CallId, Instant, OrgPath, PoolId, StaffId
from projections.custody_ledger import Custody, custody_ledger
from projections.query import Filter, Listing, page, summary
from projections.rows import Scoped
from projections.scope import Reach
from projections.staff_directory import Colleague, staff_directory
from tests.commands.customer.situations import LI, dossier, merged, shut
from tests.commands.customer.situations import OTHER as DOUBLE
from tests.commands.customer.situations import created as li_created
from tests.commands.ticket.situations import DESK, TIA, TICKET, TOM, answer, closed, resolved, to_tom
from tests.commands.ticket.situations import told as ticket_opened
from tests.projections.leads import (
    ANN,
    BOB,
    LEAD,
    NORTH,
    OTHER,
    SOUTH,
    assigned,
    at,
    captured,
    claimed,
    contacted,
    converted,
    helped,
    invalidated,
    lost,
    lost_again,
    pooled,
    recycled,
    released,
    reopened,
    talked,
    transferred,
    tried,
)
from tests.projections.leads import merged as lead_merged
from tests.projections.lists import NOW, Views
from tests.projections.spec import around, rows

Stay = tuple[str, StaffId | None, StaffId | None]
created, give, joined = li_created[0], to_tom[0], merged[0]
handed_off = LeadHandedOff(lead_id=LEAD, call_id=CallId(UUID(int=9)), from_=ANN)


def ledger(*told: Any) -> list[Custody]:
    """What is listed; one event a day, from 1 March on."""
    begin = at(3, 1)
    found = rows(custody_ledger, *[(begin + timedelta(days=number), event) for number, event in enumerate(told)])
    listed = [row for row in found if row.ordinal > 0]
    return sorted(listed, key=lambda row: (row.subject_id, row.ordinal))


def stays(*told: Any) -> list[Stay]:
    found = ledger(*told)
    assert [row.ordinal for row in found] == list(range(1, len(found) + 1))
    return [(row.method, row.from_owner, row.to_owner) for row in found]


def spans(*told: Any) -> list[tuple[Instant, Instant | None]]:
    return [(row.since, row.until) for row in ledger(*told)]


# Leads


def test_a_lead_goes_from_hand_to_hand() -> None:
    told = (captured, pooled, claimed, transferred, replace(released, from_=BOB))
    assert stays(*told) == [
        ("pool", None, None),
        ("claim", None, ANN),
        ("transfer", ANN, BOB),
        ("release", BOB, None),
    ]
    assert spans(*told) == [
        (at(3, 2), at(3, 3)),
        (at(3, 3), at(3, 4)),
        (at(3, 4), at(3, 5)),
        (at(3, 5), None),
    ]
    assert [row.pool for row in ledger(*told)] == [NORTH, None, None, SOUTH]
    assert [row.reason for row in ledger(*told)] == ["new", None, None, "voluntary-return"]


def test_from_is_whose_it_was_and_decided_by_is_who_did_it() -> None:
    by_mia = replace(
        around(4, at(3, 4), recycled),
        actor=Actor(kind="user", id="mia", name="Mia", role="sales_manager", org_path=OrgPath("north")),
        on_behalf_of="tom",
        policy_version="pool/north@3",
        reason=Reason(code="too many", text="a word"),
        imported=True,
    )
    known = rows(custody_ledger, captured, pooled, claimed)
    *_, row = custody_ledger.evolve(tuple(known), replace(recycled, rule_id="lapse"), by_mia)
    assert row == Custody(
        subject_id=f"lead/{LEAD}",
        ordinal=3,
        since=at(3, 4),
        method="recycle",
        from_owner=ANN,
        to_owner=None,
        pool=NORTH,
        pool_id=NORTH,
        reason="no-follow-up",
        decided_by_kind="user",
        decided_by="mia",
        decided_by_name="Mia",
        decided_by_org=OrgPath("north"),
        on_behalf_of="tom",
        rule_id="lapse",
        policy_version="pool/north@3",
        imported=True,
    )
    assert "a word" not in repr(row)


def test_the_reason_of_the_command_is_told_where_the_event_has_none() -> None:
    recorded = replace(around(4, at(3, 4), transferred), reason=Reason(code="ill"))
    *_, row = custody_ledger.evolve(tuple(rows(custody_ledger, captured, pooled, claimed)), transferred, recorded)
    assert (row.reason, row.method, row.from_owner, row.to_owner) == ("ill", "transfer", ANN, BOB)


def test_who_is_named_had_it_although_nobody_has_told_how_it_came_to_him() -> None:
    assert stays(captured, recycled) == [("recycle", ANN, None)]
    assert stays(captured, released) == [("release", ANN, None)]
    assert stays(captured, transferred) == [("transfer", ANN, BOB)]


@pytest.mark.parametrize("method", ["assign", "dispatch", "import"])
def test_how_it_came_to_somebody(method: Any) -> None:
    given = replace(assigned, method=method, rule_id="north-rule", rule_number=3)
    row = ledger(captured, pooled, given)[-1]
    assert (row.method, row.from_owner, row.to_owner, row.rule_id, row.rule_number) == (
        method,
        None,
        BOB,
        "north-rule",
        3,
    )


def test_of_who_has_left_it_is_taken_for_that_reason() -> None:
    gone = replace(recycled, reason="owner-departed", rule_id="departure")
    row = ledger(captured, pooled, claimed, gone)[-1]
    assert (row.method, row.reason, row.from_owner, row.rule_id) == ("departure", "owner-departed", ANN, "departure")


def test_a_call_hands_it_off() -> None:
    assert stays(captured, pooled, claimed, handed_off)[2:] == [("hand-off", ANN, None)]
    assert stays(captured, pooled, handed_off) == stays(captured, pooled)


def test_nobody_has_what_is_over() -> None:
    assert stays(captured, pooled, claimed, lost)[2:] == [("lost", ANN, None)]
    assert stays(captured, pooled, invalidated)[1:] == [("invalid", None, None)]
    assert stays(captured, pooled, claimed, converted)[2:] == [("converted", ANN, None)]
    assert stays(captured, pooled, claimed, lead_merged)[2:] == [("merged", ANN, None)]
    row = ledger(captured, pooled, claimed, lost)[-1]
    assert (row.reason, row.pool, row.until) == ("price", None, None)
    assert stays(captured, lost) == []
    again = stays(captured, pooled, claimed, lost, lost_again, reopened, pooled)
    assert again[2:] == [("lost", ANN, None), ("pool", None, None)]


def test_what_is_told_once_more_is_no_change() -> None:
    once = ledger(captured, pooled, claimed)
    assert ledger(captured, pooled, claimed, claimed, replace(assigned, owner=ANN)) == once
    assert ledger(captured, pooled, claimed, replace(transferred, to=ANN)) == once
    assert stays(captured, pooled, pooled) == [("pool", None, None)]
    assert stays(captured, pooled, replace(pooled, pool_id=SOUTH)) == [("pool", None, None)] * 2


def test_contacts_count_for_who_has_it_then() -> None:
    told = (captured, pooled, claimed, talked, tried, talked, transferred, talked)
    assert [row.contacts for row in ledger(*told)] == [0, 2, 1]
    assert [row.contacts for row in ledger(captured, talked, pooled, talked, claimed)] == [0, 0]


# Tickets


def test_a_ticket_goes_from_the_team_to_an_agent_and_back() -> None:
    back = TicketAssigned(
        ticket_id=TICKET,
        from_="open",
        to="new",
        team=DESK,
        previous_agent=TOM,
        method="take-back",
        rule_id="departure",
        why="owner-departed",
    )
    on = replace(give, agent=TIA, previous_agent=TOM, from_="open", method="dispatch", rule_id="skills")
    assert stays(ticket_opened, give, on) == [("assign", None, TOM), ("dispatch", TOM, TIA)]
    assert ledger(ticket_opened, give, on)[-1].rule_id == "skills"
    row = ledger(ticket_opened, give, back)[-1]
    assert (row.method, row.reason, row.from_owner, row.to_owner, row.team) == (
        "departure",
        "owner-departed",
        TOM,
        None,
        DESK,
    )
    by_hand = replace(back, why=None)
    assert stays(ticket_opened, give, by_hand)[-1] == ("take-back", TOM, None)
    assert stays(ticket_opened, give, give) == stays(ticket_opened, give)
    unnamed = replace(on, previous_agent=None)
    assert stays(ticket_opened, give, unnamed)[-1] == ("dispatch", TOM, TIA)


def test_a_reopened_ticket_comes_to_who_had_it_or_to_nobody() -> None:
    done = (ticket_opened, give, resolved, closed)
    comes_back = TicketReopened(ticket_id=TICKET, from_="closed", n=1, agent=TOM)
    assert stays(*done, comes_back) == [("assign", None, TOM)]
    nobody = replace(comes_back, agent=None)
    assert stays(*done, nobody)[1:] == [("reopen", TOM, None)]
    assert stays(ticket_opened, resolved, nobody) == []


def test_answers_count_and_notes_among_colleagues_do_not() -> None:
    note = AgentReplied(ticket_id=TICKET, public=False, message="he is angry")
    (row,) = ledger(ticket_opened, answer, give, answer, note)
    assert row.contacts == 1
    assert ledger(ticket_opened, answer) == []


# Customers

to_ann = CustomerAssigned(customer_id=LI, owner=ANN, role="primary")
served = CustomerAssigned(customer_id=LI, owner=TIA, role="service")
ann_to_bob = CustomerTransferred(customer_id=LI, from_=ANN, to=BOB, role="primary")
let_go = CustomerReleased(customer_id=LI, from_=ANN, role="primary")
touched = TouchpointRecorded(customer_id=LI, channel="phone", direction="outbound", note="he likes figs")


def by_role(*told: Any) -> list[tuple[str | None, str, StaffId | None, StaffId | None, bool]]:
    return [(row.role, row.method, row.from_owner, row.to_owner, row.until is None) for row in ledger(*told)]


def test_each_role_has_its_own_custody() -> None:
    assert ledger(created) == []
    assert by_role(created, to_ann, served, ann_to_bob) == [
        ("primary", "assign", None, ANN, False),
        ("service", "assign", None, TIA, True),
        ("primary", "transfer", ANN, BOB, True),
    ]
    assert by_role(created, to_ann, let_go)[1:] == [("primary", "release", ANN, None, True)]
    assert by_role(created, to_ann, to_ann, replace(ann_to_bob, to=ANN)) == by_role(created, to_ann)


def test_a_rule_may_have_chosen_him() -> None:
    choice = OwnerChoice(rule_id="nearest", seen_at=7)
    for event in (
        replace(to_ann, choice=choice),
        replace(ann_to_bob, choice=choice),
        replace(let_go, choice=choice),
    ):
        before = () if isinstance(event, CustomerAssigned) else (to_ann,)
        assert ledger(created, *before, event)[-1].rule_id == "nearest"


def test_a_touchpoint_counts_for_all_who_look_after_him() -> None:
    assert [row.contacts for row in ledger(created, touched, to_ann, touched, served, touched, ann_to_bob)] == [2, 1, 0]
    assert "figs" not in repr(ledger(created, to_ann, touched))


def test_a_merge_changes_who_looks_after_him_and_undoing_it_changes_it_back() -> None:
    kept = dossier(owners={"primary": BOB, "service": TIA})
    both = replace(joined, kept=kept)
    apart = unmerged(dossier(owners={"primary": ANN}))
    assert by_role(created, to_ann, both, apart) == [
        ("primary", "assign", None, ANN, False),
        ("primary", "merge", ANN, BOB, False),
        ("service", "merge", None, TIA, False),
        ("primary", "unmerge", BOB, ANN, True),
        ("service", "unmerge", TIA, None, True),
    ]
    gone = CustomerAbsorbed(customer_id=LI, into=DOUBLE, from_="prospect")
    back = CustomerRestored(customer_id=LI, out_of=DOUBLE, to="prospect", kept=kept)
    assert by_role(created, to_ann, gone) == by_role(created, to_ann), "it stays as it was, behind the survivor"
    assert by_role(created, to_ann, gone, back)[1:] == [
        ("primary", "unmerge", ANN, BOB, True),
        ("service", "unmerge", None, TIA, True),
    ]


def unmerged(kept: Dossier) -> CustomerUnmerged:
    return CustomerUnmerged(customer_id=LI, absorbed=DOUBLE, version=2, from_="prospect", to="prospect", kept=kept)


# Who sees it


def let_in(who: StaffId, access: Any, until: Instant | None = None) -> CustomerCollaboratorAdded:
    return CustomerCollaboratorAdded(customer_id=LI, staff_id=who, access=access, until=until)


RAY = StaffId("ray")
called = TicketEscalated(ticket_id=TICKET, level=1, trigger="by-hand", to=RAY)
take = TicketAssigned(ticket_id=TICKET, from_="open", to="new", team=DESK, previous_agent=TOM, method="take-back")
WAYS: tuple[tuple[Decider[Any, Any], Any, tuple[Any, ...]], ...] = (
    (leads, LEAD, (captured, pooled)),
    (leads, LEAD, (captured, pooled, claimed, helped)),
    (leads, LEAD, (captured, pooled, claimed, helped, released)),
    (leads, LEAD, (captured, pooled, claimed, helped, transferred, lost)),
    (leads, LEAD, (captured, pooled, claimed, handed_off)),
    (leads, LEAD, (captured, pooled, lost)),
    (tickets, TICKET, (ticket_opened, give)),
    (tickets, TICKET, (ticket_opened, called, give)),
    (tickets, TICKET, (ticket_opened, give, called, called)),
    (tickets, TICKET, (ticket_opened, called, give, take)),
    (tickets, TICKET, (ticket_opened, give, resolved, closed)),
    (customers, LI, (created, to_ann, served)),
    (customers, LI, (created, served, let_in(BOB, "read", at(4, 1)), let_in(RAY, "work"))),
    (customers, LI, (created, let_in(BOB, "read"), let_in(BOB, "work"), to_ann)),
    (customers, LI, (created, let_in(BOB, "read"), let_in(RAY, "work"), to_ann, let_go)),
    (customers, LI, (created, to_ann, let_go, replace(to_ann, owner=BOB))),
    (customers, LI, (created, to_ann, served, let_go)),
    (customers, LI, (created, to_ann, *shut[:1])),
    (
        customers,
        LI,
        (
            created,
            to_ann,
            let_in(RAY, "work"),
            replace(
                joined,
                kept=dossier(
                    owners={"service": TIA}, collaborators={BOB: Collaboration(access="read", until=at(4, 2))}
                ),
            ),
        ),
    ),
)


@pytest.mark.parametrize(("decider", "key", "told"), WAYS)
def test_it_is_seen_by_whoever_may_see_the_subject(decider: Decider[Any, Any], key: Any, told: Any) -> None:
    assert decider.holding is not None
    held = decider.holding(decider.fold(key, told))
    assert held is not None
    found = ledger(*told)
    assert found
    beside = dict(held.workers or {}) | (dict(held.readers or {}) if held.owner else {})
    for row in found:
        assert isinstance(row, Scoped)
        assert row.owner_id == held.owner
        assert dict(zip(row.collaborators, row.collaborating_until, strict=True)) == beside
        if held.owner is None and held.formerly is not None:
            assert row.formerly == f"staff/{held.formerly}"
        elif held.pooled:
            assert held.pool_id in {row.pool_id, PoolId((row.formerly or "").removeprefix("pool/"))}
        else:
            assert row.formerly is None


def test_who_is_not_in_hand_any_more_is_not_called_in_either() -> None:
    gone = EscalationVacated(ticket_id=TICKET, metric="resolution", level=1, staff_id=RAY)
    (row,) = ledger(ticket_opened, give, called, gone)
    assert row.collaborators == ()
    nobody = replace(called, to=None)
    (row,) = ledger(ticket_opened, give, nobody)
    assert row.collaborators == ()


def test_contacts_leave_custody_as_it_is() -> None:
    assert ledger(captured, pooled, claimed, contacted) == ledger(captured, pooled, claimed)


# In the database


@pytest.fixture
def told(views: Views) -> Views:
    other = [replace(each, lead_id=OTHER) for each in (captured, pooled, assigned)]
    story = [captured, pooled, claimed, talked, released, *other, created, to_ann, ticket_opened, give]
    views.put(custody_ledger, *rows(custody_ledger, *((at(3, 1 + number), each) for number, each in enumerate(story))))
    staff = [("ann", "north"), ("bob", "south"), ("tom", "service/desk")]
    views.put(
        staff_directory,
        *(Colleague(staff_id=StaffId(name), name=name, role="sales", org_path=OrgPath(org)) for name, org in staff),
    )
    return views


@pytest.mark.slow
def test_what_happened_to_one_subject(told: Views) -> None:
    found = told.list(custody_ledger, Filter("subject_id", "eq", f"lead/{LEAD}"), sort="ordinal")
    assert [(row["method"], row["from_org"], row["to_org"]) for row in found] == [
        ("pool", None, None),
        ("claim", None, "north"),
        ("release", "north", None),
    ]
    assert [row["days"] for row in found] == [Decimal(1), Decimal(2), Decimal((NOW - at(3, 5)).days)]
    assert {row["kind"] for row in found} == {"lead"}


@pytest.mark.slow
def test_how_often_what_changes_hands(told: Views) -> None:
    found = told.run(summary(custody_ledger, "moves", Listing(NOW, None)))
    assert [(row["kind"], row["method"], row["changes"], row["contacts"]) for row in found] == [
        ("customer", "assign", 1, 0),
        ("lead", "assign", 1, 0),
        ("lead", "claim", 1, 1),
        ("lead", "pool", 2, 0),
        ("lead", "release", 1, 0),
        ("ticket", "assign", 1, 0),
    ]
    assert sum(row["without_contact"] for row in found) == 3
    of_north = told.list(custody_ledger, Filter("to_org", "eq", "north"))
    assert {row["subject_id"] for row in of_north} == {f"lead/{LEAD}", f"customer/{LI}"}


@pytest.mark.slow
def test_each_sees_the_past_of_what_he_sees_now(told: Views) -> None:
    def seen(who: str, org: str, scope: Scope) -> set[str]:
        reach = Reach(Actor(kind="user", id=who, role="sales", org_path=OrgPath(org)), scope)
        return {row["subject_id"] for row in told.run(page(custody_ledger, Listing(NOW, reach)))}

    assert seen("ann", "north", Scope.OWN) == {f"customer/{LI}"}
    assert seen("bob", "south", Scope.OWN) == {f"lead/{OTHER}"}
    assert seen("eve", "south", Scope.SUBTREE) == {f"lead/{OTHER}"}
