"""Advertisers tell of those who have filled in a form under an advertisement, and of what the advertisements cost.

A campaign is the same one in both however its name is spelt, and the platform is the source of both: by these two, what
is spent and what it brings come together. Answers that the company has fields of its own for go there; the others, and
what nobody has declared a field for, stand in the note. What cannot be read of somebody is left out: nobody is lost for
that, if there is one thing left to reach him by. A cost is exact or it is none.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from commands.campaign import RecordCampaignCost
from commands.lead.intake import ReceiveEnquiry
from consumers.inbound.channel import Channel, Known, Unreadable, Wanted
from consumers.inbound.whom import known_by, reached_by
from consumers.inbound.words import Currency, Name, Perhaps, Text, as_id, has_come, rounded, shortened, words
from domain.catalog import LEAD_FIELDS, Catalog, CustomField, CustomValue, fits
from domain.identity import Identifier
from domain.values import CampaignId, Instant, LeadId

YES, NO = frozenset({"true", "yes", "1", "是"}), frozenset({"false", "no", "0", "否"})

# Their words


@words
class Person:
    """`country` is that of a national phone number, by two letters."""

    name: Perhaps[Text] = None
    phone: str | None = None
    country: str | None = None
    email: str | None = None
    wechat: str | None = None


@words
class FormFilled:
    """`lead` is the platform's own number of it. `test` is how advertisers try whether their form works."""

    type: Literal["form-filled"]
    platform: Name
    lead: Name
    person: Person
    campaign: Perhaps[Text] = None
    ad_group: Perhaps[Text] = None
    creative: Perhaps[Text] = None
    keyword: Perhaps[Text] = None
    click_id: Perhaps[Text] = None
    form: Perhaps[Text] = None
    product: Perhaps[Text] = None
    answers: Mapping[str, Any] | None = None
    test: bool = False


@words
class Spent:
    """The whole cost of a day, as the platform knows it at `as_of`; it says so again when clicks are given back."""

    type: Literal["spent"]
    platform: Name
    campaign: Text
    day: date
    amount: Decimal
    currency: Currency
    as_of: Perhaps[Instant] = None


@words
class AdsMessage:
    id: Name
    sent_at: Instant
    record: Annotated[FormFilled | Spent, Field(discriminator="type")]


# What that comes to


def translate(message: AdsMessage, known: Known) -> Iterator[Wanted]:
    match message.record:
        case FormFilled(test=False) as form:
            yield Wanted(enquiry(form, known))
        case Spent() as spent:
            yield Wanted(cost(spent, message))
        case _:
            pass


def enquiry(form: FormFilled, known: Known) -> ReceiveEnquiry:
    """Whoever cannot be reached by what he has given can be by the platform, under its number of him."""
    catalog = known.state(f"catalog/{LEAD_FIELDS}")
    declared, others = told_apart(answers_of(form), catalog)
    itself = Identifier(kind="external", value=form.lead, system=form.platform)
    return ReceiveEnquiry(
        lead_id=LeadId(known.id_of("lead", form.platform, form.lead)),
        source=form.platform,
        channel="form",
        identities=reached(form.person) or (itself,),
        ref=f"{form.platform}/{form.lead}",
        note=shortened(*(f"{name}: {said}" for name, said in others.items())),
        campaign=as_id(form.campaign),
        name=form.person.name,
        product_line=form.product,
        custom=declared or None,
    )


def reached(person: Person) -> tuple[Identifier, ...]:
    return reached_by(phone=person.phone, country=person.country, email=person.email, wechat=person.wechat)


def answers_of(form: FormFilled) -> dict[str, str]:
    """All that is told beside who it is, in words; what is empty is not told."""
    about = {
        "ad_group": form.ad_group,
        "creative": form.creative,
        "keyword": form.keyword,
        "click_id": form.click_id,
        "form": form.form,
    }
    told = {**(form.answers or {}), **{name: said for name, said in about.items() if said}}
    return {name: words_of for name, said in told.items() if (words_of := in_words(said))}


def in_words(said: Any) -> str:
    """One answer, or several to one question."""
    several = said if isinstance(said, list) else [said]
    return ", ".join(text for each in several if each is not None and (text := str(each).strip()))


def told_apart(answers: Mapping[str, str], catalog: Catalog) -> tuple[dict[str, CustomValue], dict[str, str]]:
    """What goes into fields of the company's own, as what they are, and what does not."""
    fields = {each.name: each for each in catalog.fields}
    declared = {
        name: content
        for name, said in answers.items()
        if name in fields and (content := as_field(fields[name], said)) is not None
    }
    return declared, {name: said for name, said in answers.items() if name not in declared}


def as_field(field: CustomField, said: str) -> CustomValue | None:
    """An answer as a field has it; None where it cannot be."""
    content: CustomValue | None = said
    match field.type:
        case "boolean":
            content = True if said.lower() in YES else False if said.lower() in NO else None
        case "integer":
            content = int(said) if said.removeprefix("-").isdecimal() and len(said) < LONGEST_NUMBER else None
        case _:
            pass
    return content if content is not None and fits(field, content) else None


LONGEST_NUMBER = 18  # Digits; a bigger number is no number of anything.


def cost(spent: Spent, message: AdsMessage) -> RecordCampaignCost:
    amount, campaign = rounded(spent.amount, spent.currency), as_id(spent.campaign)
    if amount is None:
        raise Unreadable("record/amount: this is no amount of money that anything has cost")
    if campaign is None:
        raise Unreadable("record/campaign: this is no name")
    as_of = spent.as_of or message.sent_at
    if not has_come(as_of, message.sent_at):
        raise Unreadable("record/as_of: that was still to come when it was sent")
    return RecordCampaignCost(
        campaign_id=CampaignId(campaign), source=spent.platform, day=spent.day, cost=amount, as_of=as_of
    )


def mentions(message: AdsMessage) -> tuple[Identifier, ...]:
    match message.record:
        case FormFilled(platform=platform, lead=lead, person=person):
            return known_by(*reached(person), Identifier(kind="external", value=lead, system=platform))
        case Spent():
            return ()


ads_leads = Channel(
    topic="ads.leads.v1",
    system="ads",
    message=AdsMessage,
    message_id=lambda message: message.id,
    order=None,
    translate=translate,
    mentions=mentions,
)
