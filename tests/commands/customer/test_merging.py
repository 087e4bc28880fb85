"""Two customers who are one person, and several who become one in turn."""

from collections.abc import Sequence
from dataclasses import replace

from commands.customer.creating import CreateCustomer, UpdateCustomerProfile
from commands.customer.customers import GivenProfile
from commands.customer.lifecycle import RecordCustomerOrder
from commands.customer.merging import MergeCustomers, UnmergeCustomer
from commands.customer.relations import LinkContact
from domain.customer.dossier import Profile
from domain.customer.facts.merging import CustomerAbsorbed, CustomersMerged, FieldChoices
from domain.customer.facts.person import CustomerCreated
from domain.customer.refusals import HasBeenMerged, NotTheLastMerge
from domain.customer.states import Absorbed, Open
from domain.errors import Hidden, Invalid, NotAllowed, NotNow
from domain.values import CustomerId
from tests.commands.customer.pair import history, merge, state, unmerge, unmerged, why
from tests.commands.customer.situations import (
    EMAIL,
    LI,
    ORDER,
    OTHER,
    TENTH,
    THIRD,
    WANG,
    WECHAT,
    assigned,
    attributed,
    both,
    created,
    dossier,
    erased,
    link,
    merged,
    other_created,
    shut,
)
from tests.spec import SUE, Given, crm, given, mia, policy


def test_the_survivor_answers_for_both_and_the_other_sends_there() -> None:
    story = given(*history).when(merge, by=policy).then(*merged)
    link_one = LinkContact(customer_id=OTHER, contact_id=WANG, role="decides")
    story.when(link_one, by=crm).refused(HasBeenMerged, because=f"it was merged into the customer {LI}: go on there")
    assert story.when(replace(link_one, customer_id=LI), by=crm).recorded
    again = CreateCustomer(customer_id=THIRD, identities=(EMAIL,))
    assert f"the customer {LI}" in str(story.when(again).answer.refusal)  # type: ignore[union-attr]


def test_the_whole_history_of_both_stays_readable() -> None:
    desk = given(*history).when(merge, by=policy).desk
    told = [type(each.event) for each in desk.ledger.events(0, 100) if each.stream == f"customer/{OTHER}"]
    assert told == [CustomerCreated, CustomerAbsorbed]


def test_a_customer_is_not_merged_into_itself_nor_in_a_circle() -> None:
    itself = replace(merge, absorbed=LI)
    given(*history).when(itself, by=policy).refused(Invalid, because="absorbed: a customer is not merged into itself")
    back = MergeCustomers(customer_id=OTHER, absorbed=LI)
    given(*history, *merged).when(back, by=policy).refused(HasBeenMerged, because=f"the customer {LI}")
    given(*history, *merged).when(merge, by=policy).refused(HasBeenMerged, because=f"the customer {LI}")


def test_both_are_open_and_within_reach() -> None:
    for end in (shut, erased):
        given(*history, *end).when(merge, by=policy).refused(NotNow, because="this needs Open, and it is Closed")
        given(*history, *end).when(MergeCustomers(customer_id=OTHER, absorbed=LI), by=policy).refused(
            NotNow, because=f"this needs Open, and customer/{LI} is Closed"
        )
    given(*created).when(merge, by=policy).refused(Hidden, because=f"no customer/{OTHER}")
    given(*other_created).when(merge, by=policy).refused(Hidden, because=f"no customer/{LI}")
    of_sue = (*history, assigned(), assigned(SUE, customer_id=OTHER))
    given(*of_sue).when(merge, by=mia).refused(Hidden, because=f"no customer/{OTHER}")
    given(*history).when(merge, by=crm).refused(NotAllowed, because="merge is not allowed")
    assert given(*history).when(merge, by=mia).recorded


# Several merges

third = (
    CustomerCreated(customer_id=THIRD, customer_type="individual", profile=Profile(), identities=(link(3, WECHAT),)),
    attributed(3, THIRD, "wechat"),
)


def merges(story: Given, *pairs: Sequence[CustomerId]) -> Given:
    for survivor, absorbed in pairs:
        story = story.when(MergeCustomers(customer_id=survivor, absorbed=absorbed), by=policy).done()
    return story


def test_merges_are_undone_in_turn() -> None:
    story = merges(given(*history, *third), (LI, OTHER), (LI, THIRD))
    story.when(unmerge, by=mia, reason=why).refused(
        NotTheLastMerge, because=f"{THIRD} was merged later: undo that first"
    )
    first = story.when(replace(unmerge, absorbed=THIRD), by=mia, reason=why).done()
    assert state(first) == state(given(*history, *merged))
    both = first.when(unmerge, by=mia, reason=why).then(*unmerged)
    assert state(both) == state(given(*history))


def test_who_has_absorbed_somebody_can_be_absorbed() -> None:
    story = merges(given(*history, *third), (OTHER, THIRD), (LI, OTHER))
    assert isinstance(state(story, THIRD), Absorbed)
    assert state(story, THIRD).into == OTHER
    assert state(story).merges[0].earlier == (THIRD,)
    elsewhere = UnmergeCustomer(customer_id=LI, absorbed=THIRD)
    story.when(elsewhere, by=mia, reason=why).refused(Invalid, because="absorbed: it was not merged into this customer")
    inner = UnmergeCustomer(customer_id=OTHER, absorbed=THIRD)
    story.when(inner, by=mia, reason=why).refused(HasBeenMerged, because=f"the customer {LI}")
    back = story.when(unmerge, by=mia, reason=why).done().when(inner, by=mia, reason=why).done()
    assert [type(state(back, each)) for each in (LI, OTHER, THIRD)] == [Open, Open, Open]
    assert state(back, THIRD) == state(given(*history, *third), THIRD)


def test_the_key_of_what_is_copied_is_the_survivor_s() -> None:
    """What the other's profile says stands in the survivor's event: it is sealed as his, and goes with him."""
    profile = UpdateCustomerProfile(customer_id=OTHER, profile=GivenProfile(family="two children"))
    story = given(*history).when(profile, by=crm).done()
    (merged, *_) = story.when(merge, by=policy).recorded
    assert merged.stream == f"customer/{LI}"
    assert merged.event.kept.profile == Profile(name="Li Na", family="two children")


def test_a_merge_says_what_both_were_and_who_they_are() -> None:
    (first, second, *_) = given(*history).when(merge, by=policy).recorded
    assert first.event == CustomersMerged(
        customer_id=LI,
        absorbed=OTHER,
        version=2,
        choices=FieldChoices(),
        from_="prospect",
        to="prospect",
        kept=both,
    )
    assert first.version == first.event.version
    assert second.event == CustomerAbsorbed(customer_id=OTHER, into=LI, from_="prospect", to="closed")
    later = RecordCustomerOrder(customer_id=OTHER, order_id=ORDER, paid_at=TENTH)
    given(*history, *merged).when(later, by=crm).refused(HasBeenMerged)
    assert dossier() == dossier(registered=False)
