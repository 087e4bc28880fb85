"""What becomes of two dossiers that are one person's, and of one that was two persons' after all."""

from collections.abc import Mapping
from dataclasses import fields
from typing import TypeVar

from domain.customer.dossier import (
    Credit,
    CreditHold,
    CreditOverride,
    Dossier,
    Learned,
    LinkedContact,
    Profile,
    with_learned,
)
from domain.customer.facts.merging import FieldChoices, Side, Sides
from domain.identity import IdentityKind
from domain.money import Money
from domain.values import ContactId, IdentityId, Instant, OrderId, replace, value

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")

PROFILE = tuple(field.name for field in fields(Profile))


# Two become one


def undecided(own: Dossier, other: Dossier, choices: FieldChoices) -> tuple[str, ...]:
    """Where both say something, and not the same, and nobody has said which is right."""
    pairs = {
        "customer_type": (own.customer_type, other.customer_type),
        **{name: (getattr(own.profile, name), getattr(other.profile, name)) for name in PROFILE},
        "segment": (own.segment, other.segment),
        "owners": (own.owners, other.owners),
        "credit": (own.credit.line, other.credit.line),
        "contacts": (own.contacts, other.contacts),
        "tags": (own.tags, other.tags),
    }
    return tuple(
        name
        for name, (one, another) in pairs.items()
        if one and another and one != another and getattr(choices, name) is None
    )


def joined(own: Dossier, other: Dossier, choices: FieldChoices) -> Dossier:
    """The survivor's dossier. Identities, orders, debts and what stands in the way are never chosen away."""
    owners = chosen(own.owners, other.owners, choices.owners)
    theirs = owners == other.owners and owners != own.owners
    return Dossier(
        customer_type=chosen(own.customer_type, other.customer_type, choices.customer_type),
        profile=Profile(
            **{
                name: chosen(getattr(own.profile, name), getattr(other.profile, name), getattr(choices, name))
                for name in PROFILE
            }
        ),
        identities={**own.identities, **other.identities},
        owners=owners,
        collaborators=other.collaborators if theirs else own.collaborators,  # Let in by the owner.
        contacts=one_primary(shared(own.contacts, other.contacts, choices.contacts)),
        tags=shared(own.tags, other.tags, choices.tags),
        orders={**other.orders, **own.orders},
        credit=Credit(
            line=chosen(own.credit.line, other.credit.line, choices.credit),
            reservations=both_owed(own.credit.reservations, other.credit.reservations),
            overrides=(*own.credit.overrides, *other.credit.overrides),
            hold=own.credit.hold or other.credit.hold,
        ),
        registered=own.registered or other.registered,
        segment=chosen(own.segment, other.segment, choices.segment),
        standing=other.standing if own.standing == "usual" else own.standing,  # Until both are ranked as one.
        active_at=max(filter(None, (own.active_at, other.active_at)), default=None),
        risk_flags=tuple(dict.fromkeys((*own.risk_flags, *other.risk_flags))),
        legal_holds=tuple(dict.fromkeys((*own.legal_holds, *other.legal_holds))),
        contracts=both_bound(own.contracts or {}, other.contracts or {}) or None,
        learning=both_learned(own.learning, other.learning),
    )


def chosen(own: T, other: T, side: Side | None) -> T:
    if not own or not other:
        return own or other
    return other if side == "absorbed" else own


def shared(own: Mapping[K, V], other: Mapping[K, V], side: Sides | None) -> Mapping[K, V]:
    if side == "both":
        return {**own, **{key: found for key, found in other.items() if key not in own}}
    if not own or not other:
        return own or other
    return other if side == "absorbed" else own


def one_primary(contacts: Mapping[ContactId, LinkedContact]) -> Mapping[ContactId, LinkedContact]:
    """The first one stays it: the survivor's, where both had one."""
    primary = next((key for key, contact in contacts.items() if contact.primary), None)
    return {key: replace(contact, primary=key == primary) for key, contact in contacts.items()}


def both_owed(own: Mapping[OrderId, Money], other: Mapping[OrderId, Money]) -> Mapping[OrderId, Money]:
    """An order that stands with both is one order: the greater amount. Refused where it is in two currencies."""
    found = {**other, **own}
    for order_id in own.keys() & other.keys():
        found[order_id] = max(own[order_id], other[order_id])
    return found


def both_bound(own: Mapping[str, Instant], other: Mapping[str, Instant]) -> Mapping[str, Instant]:
    """A contract that stands with both is one contract: the later end."""
    found = {**other, **own}
    for contract in own.keys() & other.keys():
        found[contract] = max(own[contract], other[contract])
    return found


def both_learned(
    own: Mapping[str, Learned] | None, other: Mapping[str, Learned] | None
) -> Mapping[str, Learned] | None:
    """A course that both were in is one course: what is known last of it."""
    found = own
    for course, learned in (other or {}).items():
        found = with_learned(found, course, learned)
    return found


# One becomes two


@value
class Named:
    """What came after the merge and goes with the absorbed one all the same."""

    identities: tuple[IdentityId, ...] = ()
    orders: tuple[OrderId, ...] = ()
    contacts: tuple[ContactId, ...] = ()


def identities_back(now: Dossier, was: Dossier, named: Named) -> dict[IdentityId, IdentityKind]:
    """What the other had, as far as it is still there, and what is named."""
    wanted = was.identities.keys() | set(named.identities)
    return {key: kind for key, kind in now.identities.items() if key in wanted}


def parted(before: Dossier, kept: Dossier, now: Dossier, was: Dossier, named: Named) -> tuple[Dossier, Dossier]:
    """The survivor's dossier and the other's. What has not changed since the merge is again as it was `before` it;
    the other is what it `was`. What has changed since stays, but for what is named. What stops them since then stops
    both, for nobody knows which of the two it was; what has been cleared stops neither.
    """
    back = identities_back(now, was, named)
    moved = {key: now.contacts[key] for key in named.contacts}
    credit, others_credit = parted_credit(before.credit, kept.credit, now.credit, was.credit, named)
    gone = set(named.orders) | (was.orders.keys() - before.orders.keys())
    survivor = Dossier(
        customer_type=undone(before.customer_type, kept.customer_type, now.customer_type),
        profile=Profile(
            **{
                name: undone(getattr(before.profile, name), getattr(kept.profile, name), getattr(now.profile, name))
                for name in PROFILE
            }
        ),
        identities={key: kind for key, kind in now.identities.items() if key not in back},
        owners=each_undone(before.owners, kept.owners, now.owners),
        collaborators=each_undone(before.collaborators, kept.collaborators, now.collaborators),
        contacts=one_primary(
            {
                key: contact
                for key, contact in each_undone(before.contacts, kept.contacts, now.contacts).items()
                if key not in moved
            }
        ),
        tags=each_undone(before.tags, kept.tags, now.tags),
        orders={key: order for key, order in now.orders.items() if key not in gone},
        credit=credit,
        registered=undone(before.registered, kept.registered, now.registered),
        segment=undone(before.segment, kept.segment, now.segment),
        standing=undone(before.standing, kept.standing, now.standing),
        active_at=undone(before.active_at, kept.active_at, now.active_at),
        risk_flags=stopping(before.risk_flags, kept.risk_flags, now.risk_flags),
        legal_holds=stopping(before.legal_holds, kept.legal_holds, now.legal_holds),
        contracts=bound_still(before.contracts, kept.contracts, now.contracts) or None,
        learning=each_undone(before.learning or {}, kept.learning or {}, now.learning or {}) or None,
    )
    other = replace(
        was,
        identities=back,
        contacts=one_primary({**was.contacts, **moved}),
        orders={key: order for key, order in now.orders.items() if key in was.orders or key in named.orders},
        credit=others_credit,
        risk_flags=stopping(was.risk_flags, kept.risk_flags, now.risk_flags),
        legal_holds=stopping(was.legal_holds, kept.legal_holds, now.legal_holds),
        contracts={  # Whose those are that came since, nobody knows: they bind both.
            contract: until
            for contract, until in bound_still(was.contracts, kept.contracts, now.contracts).items()
            if contract in (was.contracts or {}) or contract not in (before.contracts or {})
        }
        or None,
    )
    return survivor, other


def parted_credit(before: Credit, kept: Credit, now: Credit, was: Credit, named: Named) -> tuple[Credit, Credit]:
    """What is owed goes with who brought it, as far as it is still owed as it was then."""
    left = each_undone(before.reservations, kept.reservations, now.reservations)
    back = {
        order_id: amount
        for order_id, amount in was.reservations.items()
        if order_id in now.reservations and now.reservations[order_id] == kept.reservations[order_id]
    }
    back |= {order_id: now.reservations[order_id] for order_id in named.orders if order_id in now.reservations}
    survivor = Credit(
        line=undone(before.line, kept.line, now.line),
        reservations={key: amount for key, amount in left.items() if key not in named.orders},
        overrides=left_over(now.overrides, was.overrides),
        hold=before.hold if kept.hold else now.hold,
    )
    hold = others_hold(before.hold, kept.hold, now.hold, was.hold)
    return survivor, replace(was, reservations=back, hold=hold, alerted=False)


def others_hold(
    before: CreditHold | None, kept: CreditHold | None, now: CreditHold | None, was: CreditHold | None
) -> CreditHold | None:
    """Where both had one, the other's lay under the survivor's, and nobody has lifted it. What a program has stopped
    since, for an invoice, it will stop for again with whose the invoice is.
    """
    if kept is not None:
        return was
    if now is not None and not now.is_of_an_invoice:
        return now
    return was if before not in (None, was) else None


def left_over(now: tuple[CreditOverride, ...], was: tuple[CreditOverride, ...]) -> tuple[CreditOverride, ...]:
    """Each that the other had goes once."""
    left = list(now)
    for each in was:
        if each in left:
            left.reverse()
            left.remove(each)
            left.reverse()
    return tuple(left)


def undone(before: T, kept: T, now: T) -> T:
    """As before, unless it has been changed since."""
    return before if now == kept else now


def each_undone(before: Mapping[K, V], kept: Mapping[K, V], now: Mapping[K, V]) -> dict[K, V]:
    keys = dict.fromkeys((*now, *before))
    found = {key: undone(before.get(key), kept.get(key), now.get(key)) for key in keys}
    return {key: content for key, content in found.items() if content is not None}


def bound_still(
    before: Mapping[str, Instant] | None, kept: Mapping[str, Instant] | None, now: Mapping[str, Instant] | None
) -> dict[str, Instant]:
    return each_undone(before or {}, kept or {}, now or {})


def stopping(own: tuple[str, ...], kept: tuple[str, ...], now: tuple[str, ...]) -> tuple[str, ...]:
    """Of what stops the two: what was one's own, and what has come since they are one."""
    return tuple(each for each in now if each in own or each not in kept)


def still_stopping(then: Dossier, now: Dossier) -> Dossier:
    """What is remembered of another time, without what has been cleared since: raised again, it is new."""
    return replace(
        then,
        risk_flags=tuple(flag for flag in then.risk_flags if flag in now.risk_flags),
        legal_holds=tuple(matter for matter in then.legal_holds if matter in now.legal_holds),
    )


def still_on_hold(kept: Credit, now: Credit) -> Credit:
    return kept if kept.hold == now.hold else replace(kept, hold=None)
