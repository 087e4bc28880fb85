"""Who a customer is: his name, what he likes, and the numbers under which he is known."""

from domain.customer.dossier import Profile
from domain.customer.facts.person import (
    CustomerCorrected,
    CustomerCreated,
    CustomerProfileUpdated,
    CustomerRegistered,
)
from domain.identity import IdentityLink
from domain.values import IdentityId, Instant
from projections.customers.card import CustomerCard
from projections.masking import masked
from projections.personal import erased, readable
from projections.rows import replace

ProfileEvent = CustomerCorrected | CustomerProfileUpdated | CustomerRegistered


def created(event: CustomerCreated, at: Instant) -> CustomerCard:
    row = CustomerCard(
        customer_id=event.customer_id,
        is_now=event.customer_id,
        type=event.customer_type,
        created_at=at,
        status_since=at,
        leads=() if event.lead_id is None else (event.lead_id,),
        **erased(event.profile.name, *(link.value for link in event.identities)),
    )
    return called(profiled(row, event.profile), shown(event.identities))


def told_of(row: CustomerCard, event: ProfileEvent) -> CustomerCard:
    match event:
        case CustomerCorrected():
            phones = known_phones(row) | shown(event.identities_added)
            kept = {link: phone for link, phone in phones.items() if link not in event.identities_removed}
            row = replace(called(row, kept), type=event.customer_type or row.type)
            return row if event.profile is None else profiled(row, event.profile)
        case CustomerProfileUpdated(profile=profile):
            return profiled(row, profile)
        case CustomerRegistered(identities_added=added):
            return replace(called(row, known_phones(row) | shown(added)), registered=True)


def profiled(row: CustomerCard, profile: Profile) -> CustomerCard:
    """What is told takes the place of what was known."""
    return replace(
        row,
        name=readable(profile.name) or row.name,
        preferences=readable(profile.preferences) or row.preferences,
        motive=readable(profile.motive) or row.motive,
        family=readable(profile.family) or row.family,
    )


Phones = dict[IdentityId, str]


def shown(identities: tuple[IdentityLink, ...]) -> Phones:
    """The phone numbers that have not been erased, masked."""
    told = ((link.identity_id, masked(link.value)) for link in identities if link.kind == "phone")
    return {identity_id: phone for identity_id, phone in told if phone is not None}


def known_phones(row: CustomerCard) -> Phones:
    return dict(zip(row.phone_ids, row.phones, strict=True))


def called(row: CustomerCard, phones: Phones) -> CustomerCard:
    return replace(row, phone_ids=tuple(phones), phones=tuple(phones.values()))
