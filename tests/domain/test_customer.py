"""What a history of a customer can and cannot hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.customer.dossier import LinkedContact
from domain.customer.facts.credit import CreditReleased
from domain.customer.facts.lifecycle import CustomerStatusChanged, TouchpointRecorded
from domain.customer.facts.merging import CustomerRestored
from domain.customer.facts.owners import CustomerAssigned, CustomerReleased, CustomerTransferred
from domain.customer.facts.person import CustomerCreated
from domain.customer.joining import each_undone, one_primary, stopping, undone
from domain.customer.lapse import lapses_at
from domain.customer.states import Absorbed, Closed, Open, Uncreated, evolve
from domain.errors import ImpossibleHistory
from domain.lifecycle_policy import LifecyclePolicy, LifecycleTerms
from tests.commands.customer.situations import (
    LI,
    ORDER,
    OTHER,
    assigned,
    changed,
    created,
    dossier,
    merged,
    money,
    ordered,
    reserved,
)
from tests.spec import ANN, BOB, day

open_ = evolve(Uncreated(), created[0])
assert isinstance(open_, Open)


@pytest.mark.parametrize(
    ("customer", "event"),
    [
        (Uncreated(), changed("prospect", "new")),
        (open_, created[0]),
        (open_, CustomerRestored(customer_id=LI, out_of=OTHER, to="new", kept=dossier())),
        (evolve(open_, assigned()), assigned(BOB)),
        (open_, CustomerReleased(customer_id=LI, from_=ANN, role="primary")),
        (evolve(open_, assigned()), CustomerTransferred(customer_id=LI, from_=BOB, to=ANN, role="primary")),
        (Closed(because="shut", was=open_), reserved(1)),
        (Closed(because="shut", was=open_), changed("closed", "new")),
        (Absorbed(into=OTHER, was=open_), TouchpointRecorded(customer_id=LI, channel="app", direction="inbound")),
        (Absorbed(into=OTHER, was=open_), merged[1]),
    ],
)
def test_what_cannot_have_happened_is_corrupt(customer: object, event: object) -> None:
    with pytest.raises(ImpossibleHistory):
        evolve(customer, event)  # type: ignore[arg-type]


def test_who_is_closed_still_pays() -> None:
    owing = evolve(open_, reserved(5))
    shut = evolve(owing, CustomerStatusChanged(customer_id=LI, from_="prospect", to="closed"))
    paid = evolve(shut, CreditReleased(customer_id=LI, order_id=ORDER, amount=money(5)))
    assert isinstance(paid, Closed)
    assert not paid.was.dossier.credit.reservations


def test_roles_are_independent() -> None:
    both = evolve(evolve(open_, assigned()), CustomerAssigned(customer_id=LI, owner=BOB, role="service"))
    assert isinstance(both, Open)
    assert both.dossier.owners == {"primary": ANN, "service": BOB}
    again = evolve(both, assigned())
    assert again == both


def test_a_day_is_a_day_on_the_wall() -> None:
    """Thirty days over the beginning of summer time are an hour shorter."""
    policy = LifecyclePolicy(
        number=1, time_zone="Europe/Berlin", terms=LifecycleTerms(dormant_days=30), product_lines={}
    )
    bought = evolve(open_, ordered(paid_at=day(3, 20, zone="Europe/Berlin")))
    assert isinstance(bought, Open)
    assert lapses_at(bought.dossier, policy, "dormant") == day(4, 19, zone="Europe/Berlin")


codes = st.lists(st.sampled_from("abcd"), unique=True).map(tuple)
maps = st.dictionaries(st.sampled_from("abcd"), st.integers(1, 3))


@given(codes, codes, codes)
def test_what_stops_both_is_each_s_own_and_what_came_since(
    own: tuple[str, ...], others: tuple[str, ...], now: tuple[str, ...]
) -> None:
    kept = tuple(dict.fromkeys((*own, *others)))
    assert set(stopping(own, kept, kept)) == set(own)
    mine, theirs = (set(stopping(each, kept, now)) for each in (own, others))
    assert mine | theirs == set(now), "nothing is lost, and nothing that was cleared comes back"
    assert set(now) - set(kept) <= mine & theirs


@given(maps, maps, maps)
def test_key_by_key(before: dict[str, int], kept: dict[str, int], now: dict[str, int]) -> None:
    found = each_undone(before, kept, now)
    for key in "abcd":
        assert found.get(key) == undone(before.get(key), kept.get(key), now.get(key))


@given(st.lists(st.booleans(), max_size=5))
def test_one_contact_at_most_is_primary(primaries: list[bool]) -> None:
    contacts = {number: LinkedContact(role="pays", primary=primary) for number, primary in enumerate(primaries)}
    found = [contact.primary for contact in one_primary(contacts).values()]  # type: ignore[arg-type]
    assert sum(found) == any(primaries)
    assert CustomerCreated(customer_id=LI, customer_type="company", profile=created[0].profile).identities == ()
