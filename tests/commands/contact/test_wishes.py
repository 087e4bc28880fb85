"""What a person allows, and what he does not: his own wish comes before every policy."""

from dataclasses import replace
from itertools import product
from typing import Literal

import pytest

from commands.contact.outreach import ReserveOutreach
from commands.contact.wishes import ChangeConsent, SetDoNotContact
from domain.catalog import CatalogPublished, Entry
from domain.contact.facts import EVIDENCE, Channel, Purpose, Standing
from domain.contact.refusals import ConsentMissing, ConsentWithdrawn, DoNotContact
from domain.contact.states import CHANNELS, PURPOSES, STANDINGS
from domain.errors import Invalid, NotAllowed
from domain.outreach_policy import STANDARD, OutreachPolicyPublished, OutreachTerms
from tests.commands.contact.situations import LI, consent, created, silenced, standard
from tests.spec import ann, crm, day, given, pat, policy

NO_LIMITS = OutreachPolicyPublished(
    policy_id=STANDARD,
    number=2,
    terms=OutreachTerms(a_day=99, a_week=99, a_month=99, quiet_from="00:00", quiet_until="00:00"),
)
story = given(standard, created)


def change(
    to: Literal["given", "withdrawn"], channel: Channel = "email", purpose: Purpose = "marketing"
) -> ChangeConsent:
    return ChangeConsent(contact_id=LI, channel=channel, purpose=purpose, consent=to, evidence="form")


def ask_to_reach(channel: Channel, purpose: Purpose) -> ReserveOutreach:
    return ReserveOutreach(contact_id=LI, ref="c-1", channel=channel, purpose=purpose)


# Every standing, and what becomes of it

BEFORE: dict[Standing, tuple[object, ...]] = {
    "unknown": (),
    "given": (consent("given", since=day(3, 1)),),
    "withdrawn": (consent("withdrawn", since=day(3, 1)),),
    "refused": (silenced("email", since=day(3, 1)),),
}
AFTER: dict[tuple[Standing, str], Standing] = {
    ("unknown", "given"): "given",
    ("given", "given"): "given",
    ("withdrawn", "given"): "given",
    ("refused", "given"): "given",
    ("unknown", "withdrawn"): "withdrawn",
    ("given", "withdrawn"): "withdrawn",
    ("withdrawn", "withdrawn"): "withdrawn",
    ("refused", "withdrawn"): "refused",
}
REFUSED_FOR = {"unknown": ConsentMissing, "withdrawn": ConsentWithdrawn, "refused": DoNotContact}


@pytest.mark.parametrize("to", ["given", "withdrawn"])
@pytest.mark.parametrize("before", STANDINGS)
def test_what_a_consent_or_its_withdrawal_makes_of_a_standing(
    before: Standing, to: Literal["given", "withdrawn"]
) -> None:
    after = AFTER[before, to]
    told = consent(after, from_=before)
    again = story.also(NO_LIMITS, *BEFORE[before]).when(change(to), by=ann).then(told)
    asked = again.when(ask_to_reach("email", "marketing"), by=ann)
    if after == "given":
        asked.done()
    else:
        asked.refused(REFUSED_FOR[after])


@pytest.mark.parametrize("before", STANDINGS)
def test_who_wants_to_be_left_alone_is(before: Standing) -> None:
    left = SetDoNotContact(contact_id=LI, evidence="call")
    again = story.also(NO_LIMITS, *BEFORE[before]).when(left, by=ann).then(silenced())
    for channel, purpose in product(CHANNELS, PURPOSES):
        again.when(ask_to_reach(channel, purpose), by=policy).refused(
            DoNotContact, because=f"the person does not want to be contacted by {channel}, since 2026-03-25T02:00"
        )


def test_who_does_not_want_to_be_called_may_be_written_to() -> None:
    again = story.also(NO_LIMITS).when(SetDoNotContact(contact_id=LI, evidence="call", channel="call"), by=crm)
    silent = again.then(silenced("call"))
    for purpose in PURPOSES:
        silent.when(ask_to_reach("call", purpose), by=ann).refused(DoNotContact)
    silent.when(ask_to_reach("sms", "sales"), by=ann).done()


def test_only_the_person_s_own_consent_lifts_it_and_only_there() -> None:
    yes = story.also(NO_LIMITS, silenced(since=day(3, 1))).when(change("given", "call", "service"), by=ann)
    back = yes.then(consent("given", channel="call", purpose="service", from_="refused"))
    back.when(ask_to_reach("call", "service"), by=policy).done()
    back.when(ask_to_reach("call", "sales"), by=policy).refused(DoNotContact)
    back.when(ask_to_reach("sms", "service"), by=policy).refused(DoNotContact)
    again = back.when(SetDoNotContact(contact_id=LI, evidence="call"), by=ann, at=day(4, 1)).done()
    again.when(ask_to_reach("call", "service"), by=policy, at=day(4, 1)).refused(DoNotContact)


def test_no_policy_consents_for_anybody() -> None:
    for before in BEFORE.values():
        story.also(*before).when(change("given"), by=policy).refused(
            NotAllowed, because="only the person himself consents"
        )
    story.when(change("withdrawn"), by=policy).done()
    story.when(SetDoNotContact(contact_id=LI, evidence="bounced"), by=policy).done()
    story.when(change("given"), by=pat).refused(NotAllowed, because="the role analyst")
    story.when(SetDoNotContact(contact_id=LI, evidence="call"), by=pat).refused(NotAllowed)


# Who has to be asked first


@pytest.mark.parametrize("purpose", PURPOSES)
def test_for_some_purposes_a_person_is_asked_first(purpose: Purpose) -> None:
    asked = story.when(ask_to_reach("email", purpose), by=ann)
    if purpose == "marketing":
        asked.refused(ConsentMissing, because="nobody has recorded the person's consent to marketing by email")
    else:
        asked.done()
    strict = OutreachTerms(opt_in=PURPOSES)
    again = story.also(replace(standard, number=2, terms=strict))
    again.when(ask_to_reach("email", purpose), by=ann).refused(ConsentMissing)
    again.also(consent(purpose=purpose)).when(ask_to_reach("email", purpose), by=ann).done()
    elsewhere = again.also(consent(purpose=purpose, channel="sms"))
    elsewhere.when(ask_to_reach("email", purpose), by=ann).refused(ConsentMissing)


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_withdrawn_consent_holds_for_every_purpose(purpose: Purpose) -> None:
    no = story.also(NO_LIMITS, consent("withdrawn", purpose=purpose))
    no.when(ask_to_reach("email", purpose), by=policy).refused(
        ConsentWithdrawn, because=f"has withdrawn his consent to {purpose} by email, since 2026-03-25"
    )


# How it is known


def test_how_a_wish_is_known_is_said_by_a_code() -> None:
    gossip = "she said so on the stairs"
    story.when(replace(change("given"), evidence=gossip), by=ann).refused(Invalid, because="^evidence: this is a code")
    left = SetDoNotContact(contact_id=LI, evidence=gossip)
    story.when(left, by=ann).refused(Invalid, because="^evidence: this is a code")
    story.when(left, by=ann, imported=True).refused(Invalid, because="^evidence: this is a code")
    forms = story.also(CatalogPublished(catalog_id=EVIDENCE, number=1, entries=(Entry(code="form"),)))
    forms.when(change("given"), by=ann).then(consent())
    forms.when(replace(change("given"), evidence="rumour"), by=ann).refused(
        Invalid, because="consent-evidence offers form"
    )
    forms.when(replace(left, evidence="rumour"), by=ann).refused(Invalid, because="consent-evidence offers form")
    forms.when(replace(change("given"), evidence="rumour"), by=ann, imported=True).done()


# History is told when it is found: the latest wish is what counts


def test_a_yes_of_once_lifts_no_later_no() -> None:
    left = story.also(silenced(since=day(3, 20)))
    told = left.when(change("given"), by=ann, at=day(3, 10), imported=True)
    silent = told.then(consent("refused", from_="refused", since=day(3, 20)))
    silent.when(ask_to_reach("email", "marketing"), by=ann).refused(DoNotContact)
    left.when(change("given"), by=ann, at=day(3, 21), imported=True).then(
        consent("given", from_="refused", since=day(3, 21))
    )


def test_a_no_of_once_ends_no_later_yes() -> None:
    agreed = story.also(consent("given", since=day(3, 20)))
    told = agreed.when(SetDoNotContact(contact_id=LI, evidence="call"), by=ann, at=day(3, 10), imported=True)
    silent = told.then(silenced(since=day(3, 10)))
    silent.when(ask_to_reach("email", "marketing"), by=ann).done()
    silent.when(ask_to_reach("sms", "sales"), by=ann).refused(DoNotContact)
    agreed.when(change("withdrawn"), by=ann, at=day(3, 10), imported=True).then(
        consent("given", from_="given", since=day(3, 20))
    )


def test_two_clocks_do_not_turn_the_order_of_wishes_round() -> None:
    """Somebody said yes, and then no, to another server, whose clock is behind."""
    agreed = story.also(consent("given", since=day(3, 25, 10, 1)))
    left = SetDoNotContact(contact_id=LI, evidence="call")
    silent = agreed.when(left, by=ann, at=day(3, 25, 10, 0)).then(silenced(since=day(3, 25, 10, 1)))
    silent.when(ask_to_reach("email", "marketing"), by=ann, at=day(3, 25, 10, 2)).refused(DoNotContact)
