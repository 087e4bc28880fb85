"""Who a contact is, and whom he reports to."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from commands.contact.outreach import RecordOutreach, ReleaseOutreach
from commands.contact.profile import CreateContact, SetReportsTo, UpdateContact
from commands.contact.wishes import ChangeConsent, SetDoNotContact
from domain.contact.facts import ContactCreated, ContactReportsTo, ContactUpdated
from domain.contact.refusals import ContactWentInto, ReportsInACircle, TooManyAbove
from domain.errors import Hidden, Invalid, NotAllowed, NotNow
from domain.identity import Identifier
from domain.values import ContactId, Erased
from tests.commands.contact.situations import (
    EMAIL,
    HE,
    LI,
    LIN,
    PHONE,
    WU,
    XU,
    YU,
    ZU,
    another,
    created,
    one,
    reserve,
    standard,
)
from tests.spec import ann, crm, day, given, mia, otto, pat, policy, sue

create = CreateContact(
    contact_id=LI,
    name="Li Na",
    addresses=(
        Identifier(kind="phone", value="138 0000 0001", region="CN"),
        Identifier(kind="email", value=" LI@Example.CN"),
        Identifier(kind="phone", value="+8613800000001"),
    ),
    job_title="Buyer",
    language="zh-CN",
    time_zone="Asia/Urumqi",
    note="left-handed",
)


def test_a_person_is_written_down_with_addresses_that_can_be_compared() -> None:
    written = ContactCreated(
        contact_id=LI,
        name="Li Na",
        addresses=(PHONE, EMAIL),
        job_title="Buyer",
        language="zh-CN",
        time_zone="Asia/Urumqi",
        note="left-handed",
    )
    for whoever in (ann, sue, mia, crm, policy):
        given().when(create, by=whoever).then(written)
    given(written).when(create, by=ann).refused(NotNow, because="this needs NoContact, and it is Contact")
    given().when(CreateContact(contact_id=LI, name="Li"), by=ann).then(ContactCreated(contact_id=LI, name="Li"))


@pytest.mark.parametrize(
    ("wrong", "because"),
    [
        ({"name": " "}, "name: this must not be blank"),
        ({"job_title": ""}, "job_title: this must not be blank"),
        ({"language": "Chinese, and a little English"}, "language: this is a code"),
        ({"time_zone": "Mars/Olympus"}, "time_zone: 'Mars/Olympus' is no IANA time zone"),
        ({"addresses": (Identifier(kind="email", value="nobody"),)}, "addresses: this is no e-mail address"),
        (
            {"addresses": tuple(Identifier(kind="email", value=f"{n}@example.cn") for n in range(51))},
            "addresses: nobody has more than 50",
        ),
    ],
)
def test_what_is_said_of_a_person_makes_sense(wrong: dict[str, Any], because: str) -> None:
    given().when(replace(create, **wrong), by=ann).refused(Invalid, because=f"^{because}")
    given(created).when(UpdateContact(contact_id=LI, **wrong), by=ann).refused(Invalid, because=f"^{because}")


@pytest.mark.parametrize(
    "news",
    [{"name": "Li Nana"}, {"job_title": "Head of buying"}, {"language": "en"}, {"time_zone": "UTC"}, {"note": "moved"}],
)
def test_only_what_is_new_is_written_down(news: dict[str, Any]) -> None:
    story = (
        given(created).when(UpdateContact(contact_id=LI, **news), by=ann).then(ContactUpdated(contact_id=LI, **news))
    )
    known = story.when(UpdateContact(contact_id=LI, note="still there"), by=ann)
    profile = known.desk.executor.state(f"contact/{LI}").state.profile
    was = {"name": "Li Na", "addresses": (PHONE,), "job_title": "Buyer", "note": "still there"}
    assert {name: getattr(profile, name) for name in {**was, **news}} == {**was, **news, "note": "still there"}


def test_the_addresses_that_are_given_are_all_there_are() -> None:
    none = UpdateContact(contact_id=LI, addresses=())
    given(created).when(none, by=ann).then(ContactUpdated(contact_id=LI, addresses=()))
    given(created).when(UpdateContact(contact_id=LI), by=ann).refused(Invalid, because="say what is new")


def test_a_contact_is_there_or_it_is_not() -> None:
    for command in (
        UpdateContact(contact_id=LI, name="Li"),
        SetReportsTo(contact_id=LI),
        ChangeConsent(contact_id=LI, channel="call", purpose="sales", consent="given", evidence="form"),
        SetDoNotContact(contact_id=LI, evidence="form"),
        reserve(),
        ReleaseOutreach(contact_id=LI, ref="c-1"),
        RecordOutreach(contact_id=LI, ref="c-1"),
    ):
        given(standard).when(command, by=ann).refused(Hidden, because=f"no contact/{LI} is to be seen here")


def test_nobody_holds_a_contact_and_whoever_works_may_write_down_what_he_hears() -> None:
    news = UpdateContact(contact_id=LI, note="moved")
    for whoever in (ann, sue, mia, otto, crm):
        given(created).when(news, by=whoever).done()
    given(created).when(news, by=pat).refused(NotAllowed, because="the role analyst has no such right")
    given().when(create, by=pat).refused(NotAllowed)


def test_what_was_merged_says_where_it_went() -> None:
    for command in (
        UpdateContact(contact_id=LIN, name="Li"),
        SetReportsTo(contact_id=LIN),
        ChangeConsent(contact_id=LIN, channel="call", purpose="sales", consent="given", evidence="form"),
        SetDoNotContact(contact_id=LIN, evidence="form"),
        replace(reserve(), contact_id=LIN),
        ReleaseOutreach(contact_id=LIN, ref="c-1"),
        RecordOutreach(contact_id=LIN, ref="c-1"),
    ):
        given(standard, *one).when(command, by=ann).refused(
            ContactWentInto, because=f"contact {LIN} went into contact {LI}"
        )
    given(*one).when(replace(create, contact_id=LIN), by=ann).refused(NotNow, because="it is MergedContact")


def test_history_says_who_somebody_was() -> None:
    given().when(create, by=pat, imported=True).done()
    given(created).when(UpdateContact(contact_id=LI, name=" "), by=pat, imported=True).refused(Invalid)


def test_of_somebody_who_was_erased_other_things_become_known() -> None:
    gone = Erased(on=day(3, 24), by="dpo")
    erased = replace(created, name=gone, addresses=(replace(PHONE, value=gone),), job_title=gone, note=gone)
    given(erased).when(UpdateContact(contact_id=LI, language="en"), by=ann).then(
        ContactUpdated(contact_id=LI, language="en")
    )


# Who reports to whom


def reports(who: ContactId, to: ContactId | None, from_: ContactId | None = None) -> ContactReportsTo:
    return ContactReportsTo(contact_id=who, from_=from_, to=to)


LINE = (LI, LIN, WU, XU, YU, ZU, HE)
ALL = tuple(map(another, LINE))


def line_of(*people: ContactId) -> tuple[ContactReportsTo, ...]:
    """Each reports to the next one."""
    return tuple(reports(who, to) for who, to in pairwise(people))


def test_somebody_reports_to_somebody_else_or_to_nobody() -> None:
    to_lin = SetReportsTo(contact_id=LI, reports_to=LIN)
    story = given(*ALL).when(to_lin, by=ann).then(reports(LI, LIN))
    story.when(to_lin, by=ann).then()
    story.when(to_lin, by=ann, imported=True).then(reports(LI, LIN, LIN))
    story.when(SetReportsTo(contact_id=LI, reports_to=WU), by=ann).then(reports(LI, WU, LIN))
    story.when(SetReportsTo(contact_id=LI), by=ann).then(reports(LI, None, LIN))
    nobody = SetReportsTo(contact_id=LI, reports_to=LIN)
    given(created).when(nobody, by=ann).refused(NotNow, because=f"contact/{LIN} is NoContact")
    given(*one, another(WU)).when(SetReportsTo(contact_id=WU, reports_to=LIN), by=ann).refused(
        ContactWentInto, because=f"into contact {LI}"
    )


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 6])
def test_nobody_reports_to_himself_through_others_either(length: int) -> None:
    line = LINE[:length]
    back = SetReportsTo(contact_id=line[-1], reports_to=LI)
    for imported in (False, True):
        asked = given(*ALL, *line_of(*line)).when(back, by=ann, imported=imported)
        asked.refused(
            ReportsInACircle, because=f"contact {line[-2] if length > 1 else LI} reports to contact {line[-1]}"
        )


def test_a_line_is_followed_so_far_and_no_further() -> None:
    """What cannot be told to end is refused, so that no circle is ever closed."""
    far = given(*ALL, *line_of(*LINE[1:]))
    far.when(SetReportsTo(contact_id=LI, reports_to=LIN), by=ann).refused(TooManyAbove, because="more than 5")
    far.when(SetReportsTo(contact_id=LI, reports_to=WU), by=ann).then(reports(LI, WU))
    round_it = given(*ALL, *line_of(*LINE))
    round_it.when(SetReportsTo(contact_id=HE, reports_to=LI), by=ann).refused(TooManyAbove)


def test_a_line_goes_on_above_the_one_into_whom_somebody_was_merged() -> None:
    """Wu reports to Lina, who is Li Na, who would report to Wu."""
    under_lin = (another(WU), reports(WU, LIN))
    given(*one[:2], *under_lin, *one[2:]).when(SetReportsTo(contact_id=LI, reports_to=WU), by=ann).refused(
        ReportsInACircle, because=f"contact {LIN} reports to contact {LI}"
    )
