"""What stands in the way of business with a customer, or of forgetting him."""

from dataclasses import replace

import pytest

from commands.customer.creating import CreateCustomer
from commands.customer.protection import (
    ClearRiskFlag,
    ErasePersonalData,
    LiftLegalHold,
    PlaceLegalHold,
    RaiseRiskFlag,
)
from domain.actor import Actor, Reason
from domain.customer.dossier import Profile
from domain.customer.facts.protection import (
    LegalHoldLifted,
    LegalHoldPlaced,
    PersonalDataErased,
    RiskFlagCleared,
    RiskFlagRaised,
)
from domain.customer.refusals import HasBeenMerged, OnLegalHold
from domain.errors import Hidden, Invalid, NotAllowed, NotNow
from domain.values import CustomerId
from tests.commands.customer.situations import (
    LI,
    OTHER,
    PHONE,
    controllers,
    cora,
    created,
    detached,
    erased,
    merged,
    other_created,
    shut,
)
from tests.spec import administrator, crm, given, identity, mia, policy

history = (*controllers, *created)
why = Reason(code="checked")
flag = RaiseRiskFlag(customer_id=LI, flag="fraud")
flagged = RiskFlagRaised(customer_id=LI, flag="fraud")
clear = ClearRiskFlag(customer_id=LI, flag="fraud")
cleared = RiskFlagCleared(customer_id=LI, flag="fraud")
keep = PlaceLegalHold(customer_id=LI, matter="case-7")
kept = LegalHoldPlaced(customer_id=LI, matter="case-7")
lift = LiftLegalHold(customer_id=LI, matter="case-7")
lifted = LegalHoldLifted(customer_id=LI, matter="case-7")
erase = ErasePersonalData(customer_id=LI)


def test_a_system_raises_a_flag_and_a_person_clears_it() -> None:
    story = given(*history).when(flag, by=crm).then(flagged)
    story.when(flag, by=crm).then()
    story.when(clear, by=policy, reason=why).refused(NotAllowed, because="only a person does this, and circulation is")
    story.when(clear, by=crm, reason=why).refused(NotAllowed, because="credit is not allowed")
    story.when(clear, by=cora).refused(Invalid, because="this needs a reason")
    gone = story.when(clear, by=cora, reason=why).then(cleared)
    gone.when(clear, by=cora, reason=why).refused(Invalid, because="flag: no such flag is raised")
    story.when(clear, by=policy, imported=True).then(cleared)
    given(*history).when(replace(flag, flag="looks odd"), by=crm).refused(Invalid, because="flag: this is a code")
    given(*history).when(flag, by=mia).refused(NotAllowed, because="mirror is not allowed")


def test_one_flag_is_cleared_and_the_others_stay() -> None:
    other = replace(flagged, flag="chargeback")
    story = given(*history, flagged, other, cleared)
    state = story.when(flag, by=crm).desk.executor.state(f"customer/{LI}").state
    assert state.dossier.risk_flags == ("chargeback", "fraud")


def test_a_customer_is_kept_for_a_matter_until_it_is_over() -> None:
    story = given(*history).when(keep, by=administrator).then(kept)
    story.when(keep, by=administrator).then()
    story.when(erase, by=administrator).refused(OnLegalHold, because="it is kept for case-7")
    second = story.when(replace(keep, matter="case-8"), by=administrator).then(replace(kept, matter="case-8"))
    story.when(lift, by=administrator).refused(Invalid, because="this needs a reason")
    over = second.when(lift, by=administrator, reason=why).then(lifted)
    over.when(erase, by=administrator).refused(OnLegalHold, because="it is kept for case-8")
    over.when(lift, by=administrator, reason=why).refused(Invalid, because="matter: it is not kept for that")
    given(*history).when(replace(keep, matter="the court"), by=administrator).refused(Invalid, because="matter: this")
    given(*history).when(keep, by=mia).refused(NotAllowed, because="administer is not allowed")


def test_who_was_shut_can_be_kept_as_well() -> None:
    story = given(*history, *shut).when(keep, by=administrator).then(kept)
    story.when(erase, by=administrator).refused(OnLegalHold)
    over = story.when(lift, by=administrator, reason=why).then(lifted)
    over.when(erase, by=administrator).then(PersonalDataErased(customer_id=LI, from_="closed"))


def test_a_person_is_forgotten_and_the_customer_closed() -> None:
    asked = given(*history).when(erase, by=administrator)
    story = asked.then(
        PersonalDataErased(customer_id=LI, from_="prospect", to="closed", identities=(identity(1),)), detached(1)
    )
    state = story.when(erase, by=administrator).desk.executor.state(f"customer/{LI}").state
    assert state.because == "erased"
    assert state.was.dossier.profile == Profile()
    story.when(erase, by=administrator).refused(NotNow, because="it is erased")
    story.when(CreateCustomer(customer_id=OTHER, identities=(PHONE,))).done()
    given(*history).when(erase, by=mia).refused(NotAllowed)


def test_who_was_merged_is_forgotten_with_the_survivor() -> None:
    story = given(*history, *other_created, *merged)
    story.when(erase, by=administrator).then(
        PersonalDataErased(customer_id=LI, from_="prospect", absorbed=(OTHER,), identities=(identity(1), identity(2))),
        detached(1),
        detached(2),
    )
    older = CustomerId(created[0].customer_id)
    twice = replace(merged[0], earlier=(older,))
    asked = given(*history, *other_created, twice, *merged[1:]).when(erase, by=administrator)
    assert asked.recorded[0].event.absorbed == (OTHER, older)
    story.when(replace(erase, customer_id=OTHER), by=administrator).refused(HasBeenMerged, because=f"customer {LI}")


def test_what_is_erased_stays_erased() -> None:
    gone = given(*history, *erased)
    gone.when(keep, by=administrator).refused(NotNow, because="this needs Open, and it is erased")
    gone.when(lift, by=administrator, reason=why).refused(Invalid, because="it is not kept for that")
    gone.when(flag, by=crm).refused(NotNow, because="this needs Open, and it is erased")
    gone.when(clear, by=cora, reason=why).refused(NotNow)


@pytest.mark.parametrize("command", [flag, clear, keep, lift, erase], ids=lambda command: type(command).__name__)
def test_it_is_asked_of_who_is_there(command: object) -> None:
    for caller in (crm, cora, administrator):
        asked = given(*controllers).when(command, by=caller, reason=why)
        allowed: dict[Actor, tuple[object, ...]] = {
            crm: (flag,),
            cora: (clear,),
            administrator: (keep, lift, erase),
        }
        asked.refused(Hidden if command in allowed[caller] else NotAllowed)
