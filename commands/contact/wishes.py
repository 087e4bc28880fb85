"""What a person allows and what he does not; nobody else's wish counts, and no policy's."""

from typing import Literal

from commands.contact.contacts import contacts, still_itself
from domain.access import Action
from domain.actor import Asked
from domain.catalog import Catalog, coded, offered
from domain.contact.facts import EVIDENCE, Channel, ConsentChanged, DoNotContactSet, Purpose, Standing
from domain.contact.states import Contact, MergedContact, about, standing
from domain.errors import NotAllowed
from domain.values import CatalogId, ContactId, value


def evidence_catalog() -> CatalogId:
    return EVIDENCE


def proven(code: str, catalog: Catalog, asked: Asked) -> str:
    """How we know it. History may have had evidence of its own."""
    return coded("evidence", code) if asked.imported else offered(catalog, code, "evidence")


@value
class ChangeConsent:
    """`evidence` says how the person's own wish is known: a form, a recorded call, a letter."""

    contact_id: ContactId
    channel: Channel
    purpose: Purpose
    consent: Literal["given", "withdrawn"]
    evidence: str


@contacts.decides(Action.WORK, catalog=evidence_catalog)
def change_consent(
    command: ChangeConsent, contact: Contact | MergedContact, catalog: Catalog, asked: Asked
) -> ConsentChanged:
    """The person consents to a purpose by a channel, or does so no more. A yes lifts what he refused, there only."""
    wishes = still_itself(command.contact_id, contact).wishes
    of = about(command.channel, command.purpose)
    if command.consent == "given" and asked.actor.kind == "policy" and not asked.imported:
        raise NotAllowed(action=Action.WORK, because="only the person himself consents, and no policy for him")
    known = wishes.get(of)
    before = standing(wishes, of)
    to: Standing = command.consent
    since = asked.at
    if known is not None and asked.imported and asked.at < known.since:
        to, since = before, known.since  # History is told when it is found; the latest wish is what counts.
    elif before == "refused" and to == "withdrawn":
        to = before
    return ConsentChanged(
        contact_id=command.contact_id,
        channel=command.channel,
        purpose=command.purpose,
        from_=before,
        to=to,
        evidence=proven(command.evidence, catalog, asked),
        since=since,
    )


@value
class SetDoNotContact:
    """Of one channel, or of all where none is named; for whatever purpose."""

    contact_id: ContactId
    evidence: str
    channel: Channel | None = None


@contacts.decides(Action.WORK, catalog=evidence_catalog)
def set_do_not_contact(
    command: SetDoNotContact, contact: Contact | MergedContact, catalog: Catalog, asked: Asked
) -> DoNotContactSet:
    """The person does not want to be contacted any more, by a channel or at all; only his own new consent lifts it."""
    known = still_itself(command.contact_id, contact).wishes.values()
    latest = max((wish.since for wish in known), default=asked.at)  # Clocks may differ; the order of wishes does not.
    return DoNotContactSet(
        contact_id=command.contact_id,
        evidence=proven(command.evidence, catalog, asked),
        since=asked.at if asked.imported else max(asked.at, latest),
        channel=command.channel,
    )
