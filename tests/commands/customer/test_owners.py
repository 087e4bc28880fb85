"""Who looks after a customer, in which role, and who helps."""

from dataclasses import replace

import pytest

from commands.customer.lifecycle import RecordTouchpoint
from commands.customer.owners import AddCustomerCollaborator, AssignCustomer, ReleaseCustomer, TransferCustomer
from domain.actor import Reason
from domain.customer.facts.owners import CustomerCollaboratorAdded, CustomerReleased, CustomerTransferred
from domain.customer.refusals import RoleTaken
from domain.errors import Hidden, Invalid, NotAllowed, NotNow
from domain.lead.refusals import NotEmployed, NotTheHolder
from domain.staff import StaffDeparted
from domain.values import StaffId
from tests.commands.customer.situations import CORA, LI, assigned, controllers, created, shut
from tests.spec import ANN, BOB, PAT, START, SUE, ann, bob, crm, day, given, mia, otto, policy, sue

assign = AssignCustomer(customer_id=LI, owner=ANN)
transfer = TransferCustomer(customer_id=LI, to=BOB)
release = ReleaseCustomer(customer_id=LI)
touch = RecordTouchpoint(customer_id=LI, channel="app", direction="inbound")
ZED = StaffId("zed")
why = Reason(code="moves-away")
transferred = CustomerTransferred(customer_id=LI, from_=ANN, to=BOB, role="primary")
released = CustomerReleased(customer_id=LI, from_=ANN, role="primary")


def test_a_customer_has_one_owner_in_each_role() -> None:
    story = given(*created).when(assign, by=mia).then(assigned())
    story.when(replace(assign, owner=BOB), by=mia).refused(RoleTaken, because="ann is primary there: transfer it")
    story.when(assign, by=mia).refused(RoleTaken)
    story.when(replace(assign, role="key_account"), by=mia).then(assigned(ANN, "key_account"))
    story.when(replace(assign, owner=BOB, role="service"), by=mia).then(assigned(BOB, "service"))


def test_an_owner_works_here_and_has_not_departed() -> None:
    gone = StaffDeparted(staff_id=BOB)
    for somebody in (BOB, StaffId("nobody")):
        given(*created, gone).when(replace(assign, owner=somebody), by=policy).refused(
            NotEmployed, because=f"{somebody} does not work here"
        )
        given(*created, gone, assigned()).when(replace(transfer, to=somebody), by=policy, reason=why).refused(
            NotEmployed
        )
    given(*created).when(replace(assign, owner=PAT), by=policy).refused(
        NotAllowed, because="pat is in the role analyst, which looks after nobody"
    )
    given(*controllers, *created).when(replace(assign, owner=CORA), by=policy).refused(NotAllowed)


def test_a_manager_decides_about_her_own_people() -> None:
    given(*created).when(replace(assign, owner=SUE), by=mia).refused(
        NotAllowed, because="sue lies outside the scope of mia"
    )
    given(*created).when(assign, by=ann).refused(NotAllowed, because="assign is not allowed")
    given(*created, assigned()).when(transfer, by=otto, reason=why).refused(Hidden)


def test_whom_history_gave_to_somebody_whom_nobody_knows_any_manager_takes_from_him() -> None:
    story = given(*created, assigned(ZED))
    for manager in (mia, otto, policy):
        story.when(release, by=manager, reason=why).then(replace(released, from_=ZED))
    story.when(transfer, by=mia, reason=why).then(replace(transferred, from_=ZED))
    story.when(release, by=crm, reason=why).refused(NotTheHolder, because="zed holds it")


def test_a_customer_is_handed_to_a_colleague_for_a_reason() -> None:
    story = given(*created, assigned())
    story.when(transfer, by=mia, reason=why).then(transferred)
    story.when(transfer, by=policy).refused(Invalid, because="this needs a reason")
    story.when(replace(transfer, to=ANN), by=mia, reason=why).refused(Invalid, because="ann is primary there already")
    story.when(replace(transfer, role="service"), by=mia, reason=why).refused(
        NotNow, because="this needs Assigned, and it is Unassigned"
    )


def test_who_looks_after_a_customer_gives_him_back_or_her_manager_does() -> None:
    story = given(*created, assigned(), assigned(BOB, "service"))
    story.when(release, by=ann, reason=why).then(released)
    story.when(release, by=mia, reason=why).then(released)
    story.when(release, by=bob, reason=why).refused(NotTheHolder, because="ann holds it")
    story.when(replace(release, role="service"), by=bob, reason=why).then(
        CustomerReleased(customer_id=LI, from_=BOB, role="service")
    )
    story.when(release, by=ann).refused(Invalid, because="this needs a reason")
    story.when(replace(release, role="partner"), by=ann, reason=why).refused(NotNow, because="it is Unassigned")


def test_what_is_wanted_from_somebody_is_not_taken_from_his_successor() -> None:
    story = given(*created, assigned(), assigned(BOB, "service"))
    story.when(replace(transfer, from_=ANN), by=mia, reason=why).then(transferred)
    story.when(replace(release, from_=ANN), by=mia, reason=why).then(released)
    for command in (transfer, release):
        story.when(replace(command, from_=BOB), by=mia, reason=why).refused(NotTheHolder, because="ann holds it")
        story.when(replace(command, from_=ANN, role="service"), by=mia, reason=why).refused(
            NotTheHolder, because="bob holds it"
        )


add = AddCustomerCollaborator(customer_id=LI, staff_id=SUE, access="work", until=day(4, 1))
added = CustomerCollaboratorAdded(customer_id=LI, staff_id=SUE, access="work", until=day(4, 1))


def test_whose_a_customer_is_decides_who_works_with_him() -> None:
    story = given(*created, assigned(), assigned(BOB, "key_account"))
    for person in (ann, bob, mia):
        assert story.when(touch, by=person).recorded
    for person in (sue, otto):
        story.when(touch, by=person).refused(Hidden)
    without = story.also(released)
    without.when(touch, by=ann).refused(Hidden)
    without.when(replace(add, staff_id=ANN, until=None), by=bob).then(replace(added, staff_id=ANN, until=None))
    given_back = given(*created, assigned(), released)
    given_back.when(touch, by=ann).refused(NotAllowed, because="lies outside the scope own")
    given_back.when(touch, by=otto).refused(Hidden)
    assert given_back.when(touch, by=mia).recorded
    for manager in (mia, otto):
        assert given(*created).when(touch, by=manager).recorded
    given(*created).when(touch, by=ann).refused(Hidden)
    given(*created, assigned(), transferred).when(touch, by=ann).refused(Hidden)


def test_the_owner_lets_a_colleague_help_for_a_time() -> None:
    story = given(*created, assigned()).when(add, by=ann).then(added)
    assert story.when(touch, by=sue, at=day(3, 31)).recorded
    story.when(touch, by=sue, at=day(4, 1)).refused(Hidden)
    given(*created, assigned()).when(add, by=mia).then(added)
    reads = given(*created, assigned(), replace(added, access="read"))
    reads.when(touch, by=sue).refused(NotAllowed, because="outside the scope own")
    ended = story.when(replace(add, until=START), by=ann).then(replace(added, until=START))
    ended.when(touch, by=sue).refused(Hidden)


def test_who_helps_lets_nobody_in() -> None:
    story = given(*created, assigned(), added)
    story.when(replace(add, staff_id=BOB), by=sue).refused(NotTheHolder, because="ann holds it")
    story.when(replace(add, staff_id=ANN), by=ann).refused(Invalid, because="the owner needs no access of that kind")
    story.when(replace(add, staff_id=StaffId("nobody")), by=ann).refused(NotEmployed)
    story.when(replace(add, staff_id=PAT), by=ann).refused(NotAllowed, because="the role analyst looks after nobody")
    given(*created).when(add, by=mia).then(added)
    given(*created).when(add, by=crm).refused(NotTheHolder, because="nobody holds it")


def test_history_was_as_it_was() -> None:
    zoe = StaffId("zoe")
    story = given(*created).when(replace(assign, owner=zoe), imported=True).then(assigned(zoe))
    story.when(replace(assign, owner=zoe), imported=True).then(assigned(zoe))
    story.when(assign, imported=True).refused(RoleTaken, because="zoe is primary there")
    story.when(replace(transfer, to=zoe), imported=True).then(
        CustomerTransferred(customer_id=LI, from_=zoe, to=zoe, role="primary")
    )
    story.when(release, imported=True).then(CustomerReleased(customer_id=LI, from_=zoe, role="primary"))
    story.when(replace(add, staff_id=StaffId("yan")), imported=True).then(replace(added, staff_id=StaffId("yan")))


@pytest.mark.parametrize("command", [assign, transfer, release, add], ids=lambda command: type(command).__name__)
def test_who_is_closed_is_looked_after_by_nobody(command: object) -> None:
    given(*created, assigned(), *shut).when(command, by=policy, reason=why).refused(NotNow, because="it is Closed")
    given().when(command, by=policy, reason=why).refused(Hidden)
