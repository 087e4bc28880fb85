"""Every command, to a customer in every state: the table of what is heard where."""

from typing import Any

import pytest

from commands.customer import customers
from commands.customer.clock import StartCustomerClock
from commands.customer.contracts import EndContract, RecordContract
from commands.customer.creating import (
    AdoptCustomer,
    CorrectCustomer,
    CreateCustomer,
    RegisterCustomer,
    UpdateCustomerProfile,
)
from commands.customer.credit import (
    LiftCreditHold,
    OverrideCredit,
    PlaceCreditHold,
    RaiseCreditAlert,
    ReleaseCredit,
    ReserveCredit,
    SetCreditLevel,
)
from commands.customer.customers import GivenProfile
from commands.customer.learning import NoteLearning
from commands.customer.lifecycle import (
    ChangeCustomerStatus,
    RecordCustomerOrder,
    RecordCustomerRefund,
    RecordTouchpoint,
)
from commands.customer.merging import MergeCustomers, UnmergeCustomer
from commands.customer.owners import AddCustomerCollaborator, AssignCustomer, ReleaseCustomer, TransferCustomer
from commands.customer.protection import (
    ClearRiskFlag,
    ErasePersonalData,
    LiftLegalHold,
    PlaceLegalHold,
    RaiseRiskFlag,
    ShutCustomer,
)
from commands.customer.relations import (
    ApplyTag,
    AssignSegment,
    ChangeContactRole,
    LinkContact,
    RemoveTag,
    RequestNotification,
    UnlinkContact,
)
from commands.customer.standing import ChangeRevenueStanding
from domain.access import Action
from domain.actor import Actor, Reason
from domain.customer.facts.credit import CreditHoldPlaced
from domain.customer.facts.protection import ContractRecorded, LegalHoldPlaced, PersonalDataErased, RiskFlagRaised
from domain.customer.facts.relations import ContactLinked, TagApplied
from domain.customer.refusals import HasBeenMerged
from domain.errors import Hidden, NotNow
from domain.key_account_policy import STANDARD
from tests.commands.customer.situations import (
    LATER,
    LI,
    ORDER,
    OTHER,
    TENTH,
    THIRD,
    WANG,
    ZHAO,
    assigned,
    changed,
    controllers,
    cora,
    created,
    detached,
    handed_on,
    level,
    merged,
    money,
    ordered,
    other_created,
    published,
    reserved,
)
from tests.commands.test_key_account_policy import done, march, usual
from tests.spec import ANN, BOB, SUE, administrator, crm, day, given, mia, policy

WHO = {
    Action.CAPTURE: crm,
    Action.WORK: mia,
    Action.MIRROR: crm,
    Action.CLOSE: mia,
    Action.ASSIGN: mia,
    Action.MERGE: mia,
    Action.CREDIT: cora,
    Action.ADMINISTER: administrator,
    Action.IMPORT: administrator,
}
COMMANDS: tuple[Any, ...] = (
    CorrectCustomer(customer_id=LI, corrects=1, customer_type="company"),
    UpdateCustomerProfile(customer_id=LI, profile=GivenProfile(name="Li")),
    RegisterCustomer(customer_id=LI, account_id="u-77"),
    AdoptCustomer(customer_id=LI),
    ChangeCustomerStatus(customer_id=LI, to="new"),
    RecordCustomerOrder(customer_id=LI, order_id=LATER, paid_at=TENTH),
    StartCustomerClock(customer_id=LI),
    RecordCustomerRefund(customer_id=LI, order_id=ORDER),
    RecordTouchpoint(customer_id=LI, channel="app", direction="inbound"),
    NoteLearning(customer_id=LI, course="piano-1", done=3, learned_at=TENTH),
    AssignCustomer(customer_id=LI, owner=BOB, role="service"),
    TransferCustomer(customer_id=LI, to=BOB),
    ReleaseCustomer(customer_id=LI),
    AddCustomerCollaborator(customer_id=LI, staff_id=SUE, access="read"),
    LinkContact(customer_id=LI, contact_id=ZHAO, role="pays"),
    ChangeContactRole(customer_id=LI, contact_id=WANG, role="pays"),
    UnlinkContact(customer_id=LI, contact_id=WANG),
    ApplyTag(customer_id=LI, tag="vip", source="model"),
    RemoveTag(customer_id=LI, tag="vip", source="desk"),
    AssignSegment(customer_id=LI, segment="B", aov=money(1), frequency=1, thresholds_version="1"),
    ChangeRevenueStanding(customer_id=LI, policy_id=STANDARD, month="2026-03"),
    RequestNotification(customer_id=LI, template="welcome", channel="sms"),
    SetCreditLevel(customer_id=LI, level="basic"),
    PlaceCreditHold(customer_id=LI, reason="manual"),
    LiftCreditHold(customer_id=LI),
    ReserveCredit(customer_id=LI, order_id=LATER, amount=money(1)),
    ReleaseCredit(customer_id=LI, order_id=ORDER),
    OverrideCredit(customer_id=LI, amount=money(1), until=day(4, 1), requested_by=ANN),
    RaiseCreditAlert(customer_id=LI),
    RaiseRiskFlag(customer_id=LI, flag="chargeback"),
    ClearRiskFlag(customer_id=LI, flag="fraud"),
    ShutCustomer(customer_id=LI),
    PlaceLegalHold(customer_id=LI, matter="case-8"),
    LiftLegalHold(customer_id=LI, matter="case-7"),
    RecordContract(customer_id=LI, contract="HT-2", until=day(5, 1)),
    EndContract(customer_id=LI, contract="HT-1"),
    ErasePersonalData(customer_id=LI),
    MergeCustomers(customer_id=LI, absorbed=THIRD),
    UnmergeCustomer(customer_id=LI, absorbed=OTHER),
)
KNOWN = (
    *controllers,
    *published,
    usual,
    march,
    done,
    *created,
    *other_created,
    *merged,
    assigned(),
    ordered(),
    ContactLinked(customer_id=LI, contact_id=WANG, role="decides"),
    TagApplied(customer_id=LI, tag="vip", source="desk"),
    level(),
    reserved(900),
)
THIRD_ONE = type(created[0])(customer_id=THIRD, customer_type="individual", profile=created[0].profile)
IN_THE_WAY = {
    LiftCreditHold: (CreditHoldPlaced(customer_id=LI, reason="manual"),),
    ClearRiskFlag: (RiskFlagRaised(customer_id=LI, flag="fraud"),),
    ShutCustomer: (RiskFlagRaised(customer_id=LI, flag="fraud"),),
    LiftLegalHold: (LegalHoldPlaced(customer_id=LI, matter="case-7"),),
    EndContract: (ContractRecorded(customer_id=LI, contract="HT-1", until=day(4, 1)),),
}
SHUT = (changed("prospect", "closed"), detached(1), detached(2))
ERASED = (PersonalDataErased(customer_id=LI, from_="prospect", absorbed=(OTHER,)), detached(1), detached(2))
ELSEWHERE = (
    type(merged[1])(customer_id=LI, into=THIRD, from_="prospect"),
    handed_on(1, LI, THIRD),
    handed_on(2, LI, THIRD),
)
AFTERWARDS = {
    RecordCustomerRefund,
    RecordTouchpoint,
    ReleaseCredit,
    RaiseRiskFlag,
    ClearRiskFlag,
    PlaceLegalHold,
    LiftLegalHold,
    ErasePersonalData,
}
NOT_OF_WHO_IS_ERASED = (ErasePersonalData, PlaceLegalHold, RaiseRiskFlag, ClearRiskFlag)
why = Reason(code="spec")


def caller(command: object) -> Actor:
    return WHO[customers.actions[type(command)]]


def test_there_is_one_of_each_here() -> None:
    assert {type(command) for command in COMMANDS} == customers.rules.keys() - {CreateCustomer}


def name(command: object) -> str:
    return type(command).__name__


@pytest.mark.parametrize("command", COMMANDS, ids=name)
def test_all_of_it_can_be_asked_of_an_open_customer(command: object) -> None:
    if isinstance(command, MergeCustomers):
        command = MergeCustomers(customer_id=LI, absorbed=THIRD, choices=type(command.choices)(name="survivor"))
    story = given(*KNOWN, THIRD_ONE, *IN_THE_WAY.get(type(command), ()))
    assert story.when(command, by=caller(command), reason=why).recorded


@pytest.mark.parametrize("command", COMMANDS, ids=name)
def test_nothing_can_be_asked_of_who_is_not_there(command: object) -> None:
    asked = given(*controllers, *published).when(command, by=caller(command), reason=why)
    if isinstance(command, RegisterCustomer):
        asked.done()
    else:
        asked.refused(Hidden, because=f"no customer/{LI}")


@pytest.mark.parametrize("end", [SHUT, ERASED], ids=["shut", "erased"])
@pytest.mark.parametrize("command", COMMANDS, ids=name)
def test_of_who_is_closed_only_that_which_ends_it_altogether(command: object, end: tuple[object, ...]) -> None:
    before = IN_THE_WAY[type(command)] if isinstance(command, LiftLegalHold | ClearRiskFlag) else ()
    asked = given(*KNOWN, THIRD_ONE, *before, *end).when(command, by=caller(command), reason=why)
    if type(command) in AFTERWARDS and not (end is ERASED and isinstance(command, NOT_OF_WHO_IS_ERASED)):
        assert asked.recorded
    else:
        asked.refused(NotNow, because="and it is (Closed|erased)")


@pytest.mark.parametrize("command", COMMANDS, ids=name)
def test_who_was_absorbed_says_where_he_is(command: object) -> None:
    for imported in (False, True):
        story = given(*KNOWN, THIRD_ONE, *ELSEWHERE)
        asked = story.when(command, by=caller(command), reason=why, imported=imported)
        asked.refused(HasBeenMerged, because=f"it was merged into the customer {THIRD}: go on there")


def test_a_customer_is_created_once() -> None:
    create = CreateCustomer(customer_id=LI)
    for end, found in (((), "Open"), (SHUT, "Closed"), (ERASED, "Closed")):
        given(*KNOWN, *end).when(create, by=crm).refused(NotNow, because=f"this needs Uncreated, and it is {found}")
    given(*KNOWN, THIRD_ONE, *ELSEWHERE).when(create, by=policy).refused(HasBeenMerged)
