"""Two contacts that are one person, and one that is two after all."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from commands.contact.merging import MergeContacts, UnmergeContact
from commands.contact.outreach import RecordOutreach, ReserveOutreach
from commands.contact.profile import SetReportsTo, UpdateContact
from commands.contact.wishes import ChangeConsent, SetDoNotContact
from domain.contact.facts import (
    ContactAbsorbed,
    ContactMerged,
    ContactReportsTo,
    ContactSeparated,
    ContactUnmerged,
    Field,
    Standing,
    Wish,
)
from domain.contact.refusals import (
    ContactedOften,
    ContactNotLastMerged,
    ContactWentInto,
    DoNotContact,
    ReportsInACircle,
    TooManyAbove,
)
from domain.contact.states import CHANNELS, PURPOSES, STANDINGS
from domain.errors import Hidden, Invalid, NotAllowed, NotNow
from domain.values import ContactId, Erased
from tests.commands.contact.situations import (
    EMAIL,
    LI,
    LIN,
    PHONE,
    WU,
    XU,
    YU,
    absorbed,
    another,
    both,
    consent,
    created,
    made,
    merged,
    one,
    reserved,
    silenced,
    slot,
    standard,
)
from tests.spec import START, Given, ann, crm, day, given, mia, otto, policy

merge = MergeContacts(contact_id=LI, absorbed=LIN)
unmerge = UnmergeContact(contact_id=LI, absorbed=LIN, to_version=1)
separated = ContactSeparated(
    contact_id=LI, separated=LIN, to_version=1, name="Li Na", addresses=(PHONE,), job_title="Buyer", wishes={}
)
unmerged = ContactUnmerged(contact_id=LIN, from_=LI, wishes={})


def state(story: Given, contact_id: ContactId = LI) -> Any:
    """As it is now."""
    return story.when(UpdateContact(contact_id=WU, name="."), by=ann).desk.executor.state(f"contact/{contact_id}").state


# One of two


def test_the_survivor_has_what_it_lacked_from_the_other() -> None:
    given(*both).when(merge, by=mia).then(absorbed, merged)
    given(*both).when(merge, by=otto).then(absorbed, merged)
    given(*both).when(merge, by=policy).then(absorbed, merged)


CHOICES: dict[Field, Any] = {
    "name": "Lina",
    "addresses": (EMAIL, PHONE),
    "job_title": "Buyer",  # Of the other none is known.
    "language": "zh-CN",
    "time_zone": "Asia/Urumqi",
    "note": "left-handed",
    "reports_to": YU,
}


@pytest.mark.parametrize("field", CHOICES)
def test_whose_field_is_right_is_chosen(field: Field) -> None:
    known = (
        another(XU),
        another(YU),
        replace(created, language="en", time_zone="UTC", note="tall"),
        both[1],
        ContactReportsTo(contact_id=LI, to=XU),
        ContactReportsTo(contact_id=LIN, to=YU),
    )
    ours = replace(absorbed, version=2, language="en", time_zone="UTC", note="tall", reports_to=XU)
    given(*known).when(merge, by=mia).then(ours, merged)
    changed: dict[str, Any] = {field: CHOICES[field]}
    chosen = replace(ours, taken=(field,), **changed)
    given(*known).when(replace(merge, take=(field, field)), by=mia).then(chosen, merged)


def test_merging_is_for_those_who_may() -> None:
    given(*both).when(merge, by=ann).refused(NotAllowed, because="the role sales has no such right")
    given(*both).when(merge, by=crm).refused(NotAllowed)
    given(*one).when(unmerge, by=ann).refused(NotAllowed)


def test_both_are_there_and_still_themselves() -> None:
    given(created).when(merge, by=mia).refused(NotNow, because=f"contact/{LIN} is NoContact")
    given(both[1]).when(merge, by=mia).refused(Hidden)
    given(*both).when(replace(merge, absorbed=LI), by=mia).refused(Invalid, because="absorbed: a contact is not merged")
    given(*one).when(merge, by=mia).refused(ContactWentInto, because=f"contact {LIN} went into contact {LI}")
    back = MergeContacts(contact_id=LIN, absorbed=LI)
    given(*one).when(back, by=mia).refused(ContactWentInto)
    given(*one, another(WU)).when(MergeContacts(contact_id=WU, absorbed=LIN), by=mia).refused(ContactWentInto)


def test_in_history_the_same_holds() -> None:
    given(*both).when(merge, by=ann, imported=True).then(absorbed, merged)
    given(*one).when(merge, by=ann, imported=True).refused(ContactWentInto)
    given(*one).when(unmerge, by=ann, imported=True).then(separated, unmerged)


def test_of_somebody_who_was_erased_nothing_comes_back() -> None:
    gone = Erased(on=day(3, 24), by="dpo")
    erased = replace(both[1], name=gone, addresses=(replace(EMAIL, value=gone),), note=gone)
    given(created, erased).when(replace(merge, take=("name",)), by=mia).then(
        replace(absorbed, taken=("name",), name=gone, addresses=(PHONE, replace(EMAIL, value=gone)), note=gone), merged
    )


# Of two wishes the one that allows less

STRICTER: dict[tuple[Standing, Standing], Standing] = {
    (one, other): max(one, other, key=STANDINGS.index) for one in STANDINGS for other in STANDINGS
}


def wished(standing: Standing, contact_id: ContactId) -> tuple[object, ...]:
    return () if standing == "unknown" else (consent(standing, since=day(3, 1), contact_id=contact_id),)


@pytest.mark.parametrize(("ours", "theirs"), STRICTER)
def test_a_merge_keeps_the_stricter_of_two_wishes(ours: Standing, theirs: Standing) -> None:
    asked = given(*both, *wished(ours, LI), *wished(theirs, LIN)).when(merge, by=mia)
    after = STRICTER[ours, theirs]
    wishes = {} if after == "unknown" else {"email/marketing": Wish(standing=after, since=day(3, 1))}
    asked.then(replace(absorbed, version=1 + (ours != "unknown"), wishes=wishes), merged)


def test_who_wants_to_be_left_alone_is_whoever_he_becomes() -> None:
    for who in (LI, LIN):
        story = given(standard, *both, silenced(contact_id=who)).when(merge, by=mia).done()
        reach = ReserveOutreach(contact_id=LI, ref="c-1", channel="app", purpose="service")
        story.when(reach, by=policy).refused(DoNotContact)


# How often he is spoken to


def test_what_both_met_with_counts_together() -> None:
    lins = (replace(reserved("c-1"), contact_id=LIN), replace(reserved("c-2", day(3, 27)), contact_id=LIN))
    lins_made = replace(made("c-0", day(3, 20)), contact_id=LIN)
    lis = (reserved("c-1", day(3, 26)), made("c-9", day(3, 22)))
    story = given(standard, *both, *lins, lins_made, *lis).when(merge, by=mia)
    together = replace(
        absorbed,
        version=3,
        reserved={"c-1": slot(day(3, 26)), "c-2": slot(day(3, 27))},
        made=(day(3, 20), day(3, 22), START),  # Of two c-1 only one can still be let go.
    )
    after = story.then(together, merged)
    reach = ReserveOutreach(contact_id=LI, ref="c-3", channel="call", purpose="sales", at=day(3, 28))
    after.when(reach, by=ann).refused(ContactedOften, because="there are 4 of 3 outreaches in one week")
    after.when(RecordOutreach(contact_id=LI, ref="c-2"), by=ann, at=day(3, 27)).done()


# Who reports to whom


def test_two_of_whom_one_reports_to_the_other_report_to_whom_he_did() -> None:
    people = (*both, another(WU))
    for line, superior in (
        ((ContactReportsTo(contact_id=LI, to=LIN), ContactReportsTo(contact_id=LIN, to=WU)), WU),
        ((ContactReportsTo(contact_id=LIN, to=LI), ContactReportsTo(contact_id=LI, to=WU)), WU),
        ((ContactReportsTo(contact_id=LI, to=LIN),), None),
        ((ContactReportsTo(contact_id=LIN, to=LI),), None),
    ):
        version = 1 + sum(each.contact_id == LI for each in line)
        given(*people, *line).when(merge, by=mia).then(replace(absorbed, version=version, reports_to=superior), merged)


def test_a_merge_closes_no_circle() -> None:
    line = (ContactReportsTo(contact_id=LI, to=WU), ContactReportsTo(contact_id=WU, to=LIN))
    given(*both, another(WU), *line).when(merge, by=mia).refused(ReportsInACircle)
    long = [ContactId(UUID(int=0xD0 + number)) for number in range(7)]
    above = (ContactReportsTo(contact_id=who, to=to) for who, to in zip([LI, *long], long, strict=False))
    given(*both, *map(another, long), *above).when(merge, by=mia).refused(TooManyAbove)


# Two of one


def test_what_was_merged_stands_again_as_it_did() -> None:
    story = given(standard, *one).when(unmerge, by=mia).then(separated, unmerged)
    story.when(UpdateContact(contact_id=LIN, name="Lin"), by=ann).done()
    assert state(story) == state(given(standard, created))
    assert state(story, LIN) == state(given(standard, both[1]), LIN)
    story.when(unmerge, by=mia).refused(ContactNotLastMerged, because="nobody is merged into contact")
    story.when(merge, by=mia).then(replace(absorbed, version=3), merged)


def test_what_has_become_known_since_stays() -> None:
    since = UpdateContact(contact_id=LI, note="moved", job_title="Head of buying")
    story = given(*one).when(since, by=ann).done()
    story.when(unmerge, by=mia).then(replace(separated, job_title="Head of buying", note="moved"), unmerged)


def test_merges_are_undone_the_last_one_first() -> None:
    wu_too = (
        replace(absorbed, absorbed=WU, version=2),
        ContactMerged(contact_id=WU, into=LI),
    )
    story = given(*both, another(WU), absorbed, merged, *wu_too)
    story.when(unmerge, by=mia).refused(ContactNotLastMerged, because=f"last is contact {WU}, at version 2")
    wrong = UnmergeContact(contact_id=LI, absorbed=WU, to_version=1)
    story.when(wrong, by=mia).refused(ContactNotLastMerged, because="at version 2")
    first = story.when(replace(wrong, to_version=2), by=mia).done()
    first.when(unmerge, by=mia).then(separated, unmerged)
    given(*both).when(unmerge, by=mia).refused(ContactNotLastMerged, because="nobody is merged into")
    given(*both).when(replace(unmerge, absorbed=LI), by=mia).refused(Invalid)


def test_who_was_merged_and_went_on_is_unmerged_where_he_is() -> None:
    chain = given(*one, another(WU)).when(MergeContacts(contact_id=WU, absorbed=LI), by=mia).done()
    chain.when(unmerge, by=mia).refused(ContactWentInto, because=f"went into contact {WU}")
    back = chain.when(UnmergeContact(contact_id=WU, absorbed=LI, to_version=1), by=mia).done()
    back.when(unmerge, by=mia).then(separated, unmerged)


@pytest.mark.parametrize("consented", ["given", "withdrawn"])
def test_a_wish_of_since_holds_for_both_when_it_allows_less(consented: Any) -> None:
    change = ChangeConsent(contact_id=LI, channel="email", purpose="marketing", consent=consented, evidence="form")
    story = given(*one).when(change, by=ann, at=day(4, 1)).done()
    no = {"email/marketing": Wish(standing="withdrawn", since=day(4, 1))} if consented == "withdrawn" else {}
    story.when(unmerge, by=mia).then(replace(separated, wishes=no), replace(unmerged, wishes=no))


def test_who_wanted_to_be_left_alone_since_may_be_either() -> None:
    story = given(*one).when(SetDoNotContact(contact_id=LI, evidence="call", channel="sms"), by=ann).done()
    no = {f"sms/{purpose}": Wish(standing="refused", since=START) for purpose in PURPOSES}
    story.when(unmerge, by=mia).then(replace(separated, wishes=no), replace(unmerged, wishes=no))


def test_a_wish_of_before_is_his_who_had_it() -> None:
    """That Lina wanted to be left alone is not Li Na's wish, and her own consent is hers again."""
    story = given(*both, consent(since=day(3, 1)), silenced(since=day(3, 2), contact_id=LIN)).when(merge, by=mia).done()
    hers = {
        f"{channel}/{purpose}": Wish(standing="refused", since=day(3, 2))
        for channel in CHANNELS
        for purpose in PURPOSES
    }
    agreed = {"email/marketing": Wish(standing="given", since=day(3, 1))}
    story.when(replace(unmerge, to_version=2), by=mia).then(
        replace(separated, to_version=2, wishes=agreed), replace(unmerged, wishes=hers)
    )


def test_what_both_met_with_since_counts_for_both() -> None:
    story = given(standard, *one, reserved("c-1", day(3, 27)), made("c-0"))
    after = story.when(unmerge, by=mia).then(separated, replace(unmerged, made=(START, day(3, 27))))
    for who in (LI, LIN):
        reach = ReserveOutreach(contact_id=who, ref="c-2", channel="call", purpose="sales", at=day(3, 27, 15))
        after.when(reach, by=ann).refused(ContactedOften, because="1 of 1 outreaches in one day")
    after.when(RecordOutreach(contact_id=LI, ref="c-1"), by=ann, at=day(3, 27)).done()


def test_each_reports_to_whom_he_did_unless_it_would_go_round() -> None:
    """Lina reported to Wu, and Wu was put under Li Na while she was Lina."""
    line = (ContactReportsTo(contact_id=LI, to=XU), ContactReportsTo(contact_id=LIN, to=WU))
    people = given(*both, another(WU), another(XU), *line)
    story = people.when(merge, by=mia).then(replace(absorbed, version=2, reports_to=XU), merged)
    back = replace(unmerge, to_version=2)
    kept = replace(separated, to_version=2, reports_to=XU)
    story.when(back, by=mia).then(kept, replace(unmerged, reports_to=WU))
    through = story.also(another(YU), ContactReportsTo(contact_id=YU, to=LIN))
    under = through.when(SetReportsTo(contact_id=WU, reports_to=YU), by=ann).done()
    under.when(back, by=mia).then(kept, unmerged)


def test_the_survivor_too() -> None:
    """Li Na reported to Xu, of the two as one Wu was right, and Xu was put under Li Na."""
    line = (ContactReportsTo(contact_id=LI, to=XU), ContactReportsTo(contact_id=LIN, to=WU))
    people = given(*both, another(WU), another(XU), *line)
    story = people.when(replace(merge, take=("reports_to",)), by=mia).done()
    back = replace(unmerge, to_version=2)
    story.when(back, by=mia).then(replace(separated, to_version=2, reports_to=XU), replace(unmerged, reports_to=WU))
    under = story.when(SetReportsTo(contact_id=XU, reports_to=LI), by=ann).done()
    under.when(back, by=mia).then(replace(separated, to_version=2), replace(unmerged, reports_to=WU))


def test_who_merges_and_what_becomes_of_it_is_in_both_streams() -> None:
    (first, second) = given(*both).when(merge, by=mia).recorded
    assert (first.stream, second.stream) == (f"contact/{LI}", f"contact/{LIN}")
    assert isinstance(first.event, ContactAbsorbed)
    assert first.subject == second.subject == f"contact/{LI}"
