"""Whom to talk to at a customer's, what he is called, what he is worth, and what he is to be told."""

from dataclasses import replace

import pytest

from commands.customer.relations import (
    ApplyTag,
    AssignSegment,
    ChangeContactRole,
    LinkContact,
    RemoveTag,
    RequestNotification,
    UnlinkContact,
)
from domain.customer.facts.relations import (
    ContactLinked,
    ContactRoleChanged,
    ContactUnlinked,
    NotificationRequested,
    TagApplied,
    TagRemoved,
    ValueSegmentChanged,
)
from domain.customer.refusals import AnotherIsPrimary
from domain.errors import Hidden, Invalid, NotAllowed, NotNow
from tests.commands.customer.situations import LI, WANG, ZHAO, assigned, created, money, published, shut
from tests.spec import ann, crm, given, mia, policy, sue

history = (*published, *created, assigned())
link = LinkContact(customer_id=LI, contact_id=WANG, role="decides", primary=True)
linked = ContactLinked(customer_id=LI, contact_id=WANG, role="decides", primary=True)
beside = ContactLinked(customer_id=LI, contact_id=ZHAO, role="influences")


def test_a_contact_is_linked_with_what_he_has_to_say() -> None:
    story = given(*history).when(link).then(linked)
    story.when(link).then()
    for otherwise in ({"role": "pays"}, {"role": "blocks"}, {"primary": False}):
        again = replace(link, **otherwise)
        story.when(again).refused(Invalid, because="it is linked already: change its role")


def test_at_most_one_contact_is_the_primary_one() -> None:
    story = given(*history, linked)
    story.when(replace(link, contact_id=ZHAO)).refused(AnotherIsPrimary, because=f"the primary contact is {WANG}")
    both = story.when(LinkContact(customer_id=LI, contact_id=ZHAO, role="influences")).then(beside)
    take_over = ChangeContactRole(customer_id=LI, contact_id=ZHAO, role="decides", primary=True)
    both.when(take_over).refused(AnotherIsPrimary)
    step_back = ChangeContactRole(customer_id=LI, contact_id=WANG, role="irrelevant")
    both.when(step_back).then(
        ContactRoleChanged(customer_id=LI, contact_id=WANG, from_="decides", to="irrelevant")
    ).when(take_over).then(
        ContactRoleChanged(customer_id=LI, contact_id=ZHAO, from_="influences", to="decides", primary=True)
    )


def test_a_role_that_is_so_already_is_not_changed() -> None:
    same = ChangeContactRole(customer_id=LI, contact_id=WANG, role="decides", primary=True)
    given(*history, linked).when(same).then()
    given(*history, linked).when(same, imported=True).then(
        ContactRoleChanged(customer_id=LI, contact_id=WANG, from_="decides", to="decides", primary=True)
    )
    given(*history).when(same).refused(Invalid, because="this contact is not linked to the customer")


def test_a_contact_is_unlinked() -> None:
    unlink = UnlinkContact(customer_id=LI, contact_id=WANG)
    story = given(*history, linked).when(unlink).then(ContactUnlinked(customer_id=LI, contact_id=WANG))
    story.when(unlink).refused(Invalid, because="this contact is not linked")
    story.when(replace(link, contact_id=ZHAO)).then(replace(linked, contact_id=ZHAO))


apply = ApplyTag(customer_id=LI, tag="vip", source="big-data")
applied = TagApplied(customer_id=LI, tag="vip", source="big-data")


def test_a_tag_is_one_of_the_catalog_and_says_who_put_it_there() -> None:
    story = given(*history).when(apply, by=crm).then(applied)
    story.when(apply, by=crm).then()
    story.when(replace(apply, source="sales"), by=ann).then(replace(applied, source="sales"))
    for tag in ("gone", "likes tea"):
        given(*history).when(replace(apply, tag=tag)).refused(Invalid, because="tag: tags offers vip")
    given(*created).when(apply, by=crm).refused(Invalid, because="nothing yet: publish the catalog")
    given(*history).when(replace(apply, source="the model")).refused(Invalid, because="source: this is a code")
    given(*history).when(replace(apply, tag="gone"), imported=True).then(replace(applied, tag="gone"))
    given(*history).when(replace(apply, tag="likes tea"), imported=True).refused(Invalid, because="tag: this is a code")


def test_a_tag_is_taken_off() -> None:
    remove = RemoveTag(customer_id=LI, tag="vip", source="sales")
    story = given(*history, applied).when(remove).then(TagRemoved(customer_id=LI, tag="vip", source="sales"))
    story.when(remove).refused(Invalid, because="tag: the customer has no such tag")
    given(*history, applied).when(replace(remove, source="")).refused(Invalid, because="source: ")


segment = AssignSegment(customer_id=LI, segment="E", aov=money(900), frequency=7, thresholds_version="2026-03")
in_e = ValueSegmentChanged(customer_id=LI, to="E", aov=money(900), frequency=7, thresholds_version="2026-03")


def test_a_customer_comes_into_a_segment_of_value() -> None:
    story = given(*history).when(segment, by=policy).then(in_e)
    story.when(replace(segment, aov=money(950)), by=policy).then()
    story.when(replace(segment, segment="C"), by=policy).then(replace(in_e, from_="E", to="C"))
    story.when(segment, imported=True).then(replace(in_e, from_="E"))
    given(*history).when(segment, by=mia).refused(NotAllowed, because="mirror is not allowed")


@pytest.mark.parametrize(
    ("wrong", "because"),
    [
        (replace(segment, aov=money(-1)), "aov: an amount is not negative"),
        (replace(segment, frequency=-1), "frequency: this is 0 to 1000000 orders"),
        (replace(segment, frequency=10**7), "frequency"),
        (replace(segment, thresholds_version=""), "thresholds_version: this is a code"),
    ],
)
def test_figures_make_sense(wrong: AssignSegment, because: str) -> None:
    given(*history).when(wrong, by=policy).refused(Invalid, because=because)


notify = RequestNotification(customer_id=LI, template="welcome", channel="sms", contact_id=WANG)


def test_a_notification_has_words_from_the_catalog() -> None:
    requested = NotificationRequested(customer_id=LI, template="welcome", channel="sms", contact_id=WANG)
    given(*history, linked).when(notify).then(requested)
    given(*history).when(replace(notify, contact_id=None)).then(replace(requested, contact_id=None))
    given(*history).when(notify).refused(Invalid, because="contact_id: this contact is not linked")
    free = replace(notify, template="Dear Li Na, come back!")
    given(*history, linked).when(free).refused(Invalid, because="template: notification-templates offers welcome")
    given(*history, linked).when(replace(notify, channel="by post")).refused(Invalid, because="channel: this is a code")


ALL = [
    link,
    ChangeContactRole(customer_id=LI, contact_id=WANG, role="pays"),
    UnlinkContact(customer_id=LI, contact_id=WANG),
    apply,
    RemoveTag(customer_id=LI, tag="vip", source="sales"),
    notify,
    segment,
]


@pytest.mark.parametrize("command", ALL, ids=lambda command: type(command).__name__)
def test_it_is_asked_of_who_is_there_and_open(command: object) -> None:
    given(*history, *shut).when(command, by=crm).refused(NotNow, because="this needs Open, and it is Closed")
    given(*published).when(command, by=crm).refused(Hidden)
    if command is not segment:
        given(*history).when(command, by=sue).refused(Hidden)
