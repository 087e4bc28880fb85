"""Contracts that another system tells of: each has an end, and may be over before it."""

from dataclasses import replace
from typing import Any

from commands.customer.contracts import EndContract, RecordContract
from commands.customer.merging import MergeCustomers, UnmergeCustomer
from commands.customer.protection import ErasePersonalData
from domain.actor import Reason
from domain.customer.facts.merging import FieldChoices
from domain.customer.facts.protection import ContractEnded, ContractRecorded
from domain.customer.refusals import HasBeenMerged
from domain.errors import Invalid, NotAllowed, NotNow
from domain.values import CustomerId, Instant
from tests.commands.customer.situations import LI, OTHER, controllers, created, merged, other_created, published, shut
from tests.spec import Given, administrator, crm, day, given, mia, policy

UNTIL, LATER = day(5, 1), day(6, 1)
history = (*controllers, *published, *created)
both = (*history, *other_created)
record = RecordContract(customer_id=LI, contract="HT-1", until=UNTIL)
recorded = ContractRecorded(customer_id=LI, contract="HT-1", until=UNTIL)
end = EndContract(customer_id=LI, contract="HT-1")
ended = ContractEnded(customer_id=LI, contract="HT-1")
merge = MergeCustomers(customer_id=LI, absorbed=OTHER, choices=FieldChoices(name="survivor"))
unmerge = UnmergeCustomer(customer_id=LI, absorbed=OTHER)
why = Reason(code="two-persons")


def state(story: Given, customer_id: CustomerId = LI) -> Any:
    return story.when(merge).desk.executor.state(f"customer/{customer_id}").state


def contracts(story: Given, customer_id: CustomerId = LI) -> dict[str, Instant]:
    return dict(state(story, customer_id).dossier.contracts or {})


def test_a_system_tells_of_a_contract_and_of_its_end() -> None:
    story = given(*history).when(record, by=crm).then(recorded)
    story.when(record, by=crm).then()
    longer = story.when(replace(record, until=LATER), by=crm).then(replace(recorded, until=LATER))
    over = longer.when(end, by=crm).then(ended)
    over.when(end, by=crm).refused(Invalid, because="contract: no such contract is known")
    over.when(record, by=crm).then(recorded)
    given(*history).when(record, by=mia).refused(NotAllowed, because="mirror is not allowed")
    given(*history, recorded).when(end, by=mia).refused(NotAllowed, because="mirror is not allowed")


def test_one_ends_and_the_others_stay() -> None:
    story = given(*history, recorded, replace(recorded, contract="HT-2", until=LATER))
    assert contracts(story.when(end, by=crm).done()) == {"HT-2": LATER}


def test_it_has_a_number_and_an_end_that_is_to_come() -> None:
    given(*history).when(replace(record, contract="with Li Na"), by=crm).refused(Invalid, because="contract: this is a")
    given(*history).when(record, by=crm, at=UNTIL).refused(Invalid, because="until: that has passed already")
    old = given(*history, recorded)
    old.when(record, by=crm, at=LATER).then()
    old.when(end, by=crm, at=LATER).then(ended)


def test_history_tells_of_what_is_over() -> None:
    story = given(*history).when(record, by=crm, at=LATER, imported=True).then(recorded)
    story.when(end, by=crm, at=LATER, imported=True).then(ended)


def test_contracts_of_both_bind_who_they_have_become_and_each_has_his_own_again() -> None:
    theirs = replace(recorded, customer_id=OTHER, contract="HT-2")
    one = (*both, recorded, theirs, replace(theirs, contract="HT-1", until=LATER))
    whole = given(*one).when(merge, by=policy).done()
    assert contracts(whole) == {"HT-1": LATER, "HT-2": UNTIL}, "one that stands with both ends when the later does"
    back = whole.when(unmerge, by=mia, reason=why).done()
    assert contracts(back) == {"HT-1": UNTIL}
    assert contracts(back, OTHER) == {"HT-1": LATER, "HT-2": UNTIL}


def test_what_is_told_after_the_merge_binds_both_and_what_was_over_is_over_for_both() -> None:
    one = (*both, recorded, replace(recorded, customer_id=OTHER, contract="HT-2"))
    whole = given(*one).when(merge, by=policy).done()
    since = (
        RecordContract(customer_id=LI, contract="HT-3", until=UNTIL),
        RecordContract(customer_id=LI, contract="HT-2", until=LATER),
        RecordContract(customer_id=LI, contract="HT-1", until=LATER),
    )
    for each in since:
        whole = whole.when(each, by=crm).done()
    back = whole.when(unmerge, by=mia, reason=why).done()
    assert contracts(back) == {"HT-1": LATER, "HT-2": LATER, "HT-3": UNTIL}
    assert contracts(back, OTHER) == {"HT-2": LATER, "HT-3": UNTIL}
    over = whole.when(replace(end, contract="HT-2"), by=crm).done().when(unmerge, by=mia, reason=why).done()
    assert "HT-2" not in contracts(over)
    assert "HT-2" not in contracts(over, OTHER)


def test_who_was_absorbed_has_none_of_his_own() -> None:
    theirs = replace(record, customer_id=OTHER)
    given(*both, *merged).when(theirs, by=crm).refused(HasBeenMerged, because=f"into the customer {LI}")


def test_who_is_shut_or_forgotten_is_bound_by_none() -> None:
    given(*history, *shut).when(record, by=crm).refused(NotNow, because="it is Closed")
    story = given(*history, recorded).when(ErasePersonalData(customer_id=LI), by=administrator).done()
    assert state(story).was.dossier.contracts is None
    story.when(end, by=crm).refused(NotNow, because="it is Closed")
