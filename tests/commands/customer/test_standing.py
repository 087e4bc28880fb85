"""Where a customer stands by what he has brought: as the last ranking has found him, and until the next."""

from dataclasses import replace

import pytest

from commands.customer.merging import MergeCustomers, UnmergeCustomer
from commands.customer.standing import ChangeRevenueStanding
from domain.actor import Reason
from domain.customer.facts.owners import CustomerAssigned
from domain.customer.facts.relations import RevenueStandingChanged
from domain.customer.refusals import HasBeenMerged
from domain.customer.states import Absorbed, Open
from domain.errors import Hidden, Invalid, NotAllowed, NotNow
from domain.key_account_policy import STANDARD, RankedSince, StandingFound
from domain.revenue import Rank, Standing
from domain.values import CustomerId
from tests.commands.customer.situations import LI, OTHER, THIRD, created, erased, merged, money, other_created, shut
from tests.commands.test_key_account_policy import april, done, march, usual
from tests.spec import ANN, Given, crm, given, mia, policy

FIRST = Rank(rank=1, of=3, places=1, revenue=money(900))
THIRD_OF_THREE = Rank(rank=3, of=3, places=1, revenue=money(1))
stand = ChangeRevenueStanding(customer_id=LI, policy_id=STANDARD, month="2026-03")
history = (*created, *other_created)
ranked = (usual, march, done)
best = RevenueStandingChanged(
    customer_id=LI,
    from_="usual",
    to="best",
    month="2026-03",
    ranks=(FIRST,),
    policy_id=STANDARD,
    number=1,
    share_percent=20,
    window_days=365,
    seen_at=7,
)
falls_out = StandingFound(customer_id=LI, to="usual", ranks=(THIRD_OF_THREE,))
out = (april, replace(done, month="2026-04", changes=(falls_out,)))


def test_who_comes_among_the_best_is_told_by_which_figures() -> None:
    asked = given(*history, *ranked).when(stand, by=policy)
    story = asked.then(best)
    assert asked.recorded[0].policy_version == "key-account-policy/standard@3"
    story.when(stand, by=policy).then()


def test_who_falls_out_keeps_whoever_looks_after_him() -> None:
    given_to_ann = CustomerAssigned(customer_id=LI, owner=ANN, role="key_account")
    story = given(*history, *ranked, best, given_to_ann, *out)
    asked = story.when(replace(stand, month="2026-04"), by=policy)
    asked.then(replace(best, from_="best", to="usual", month="2026-04", ranks=(THIRD_OF_THREE,)))
    dossier = asked.desk.executor.state(f"customer/{LI}").state.dossier
    assert (dossier.standing, dossier.owners) == ("usual", {"key_account": ANN})


def test_what_an_earlier_month_found_holds_no_more() -> None:
    begun = given(*history, *ranked, april)
    begun.when(stand, by=policy).refused(NotNow, because="this needs Ranked, and it is Ranking")
    told = "2026-04 has been ranked since"
    given(*history, *ranked, *out).when(stand, by=policy).refused(RankedSince, because=told)
    given(*history, usual).when(stand, by=policy).refused(NotNow, because="Unranked")
    given(*history).when(stand, by=policy).refused(NotNow, because="NoKeyAccountPolicy")


def test_of_whom_the_ranking_says_nothing_nothing_changes() -> None:
    other = replace(stand, customer_id=OTHER)
    given(*history, *ranked).when(other, by=policy).refused(Invalid, because="the ranking of 2026-03 says nothing new")


def test_no_person_says_where_somebody_stands() -> None:
    given(*history, *ranked).when(stand, by=mia).refused(NotAllowed, because="mirror is not allowed")
    given(*ranked).when(stand, by=crm).refused(Hidden, because=f"no customer/{LI}")


@pytest.mark.parametrize("end", [shut, erased], ids=["shut", "erased"])
def test_who_was_closed_meanwhile_stands_nowhere(end: tuple[object, ...]) -> None:
    given(*history, *ranked, *end).when(stand, by=policy).refused(NotNow)


def test_who_was_merged_meanwhile_sends_to_the_survivor() -> None:
    absorbed = replace(done, changes=(replace(done.changes[0], customer_id=OTHER),))
    story = given(*history, usual, march, absorbed, *merged)
    story.when(replace(stand, customer_id=OTHER), by=policy).refused(HasBeenMerged, because=f"customer {LI}")


# Two that are one


def standing(story: Given, customer_id: CustomerId = LI) -> Standing:
    found = story.when(ChangeRevenueStanding(customer_id=THIRD, policy_id=STANDARD, month="2026-03"), by=policy)
    state = found.desk.executor.state(f"customer/{customer_id}").state
    dossier = state.was.dossier if isinstance(state, Absorbed) else state.dossier
    assert isinstance(state, Absorbed | Open)
    return dossier.standing


merge = MergeCustomers(customer_id=LI, absorbed=OTHER)
unmerge = UnmergeCustomer(customer_id=LI, absorbed=OTHER)
others = replace(best, customer_id=OTHER)
why = Reason(code="wrong-merge")


@pytest.mark.parametrize(
    ("before", "alone"), [((best,), ("best", "usual")), ((others,), ("usual", "best")), ((best, others), ("best",) * 2)]
)
def test_whoever_brought_it_the_survivor_stands_among_the_best_until_they_are_parted(
    before: tuple[object, ...], alone: tuple[Standing, ...]
) -> None:
    story = given(*history, *ranked, *before).when(merge, by=policy).done()
    assert standing(story) == "best"
    back = story.when(unmerge, by=policy, reason=why).done()
    assert (standing(back), standing(back, OTHER)) == alone


def test_two_of_the_usual_are_usual_together() -> None:
    assert standing(given(*history, *ranked).when(merge, by=policy).done()) == "usual"


def test_what_a_ranking_has_found_of_both_stays_the_survivor_s() -> None:
    together = given(*history, *ranked, others).when(merge, by=policy).done().also(*out)
    fallen = together.when(replace(stand, month="2026-04"), by=policy).done()
    back = fallen.when(unmerge, by=policy, reason=why).done()
    assert (standing(back), standing(back, OTHER)) == ("usual", "best")
