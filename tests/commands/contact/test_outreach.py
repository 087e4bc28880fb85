"""How often somebody is contacted: a place is reserved before, counted, let go or used, and forgotten at last."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, settings
from hypothesis import given as for_all
from hypothesis import strategies as st

from commands.ask import Outcome
from commands.contact.outreach import RecordOutreach, ReleaseOutreach, ReserveOutreach
from domain.contact.facts import OutreachReleased, OutreachReserved
from domain.contact.refusals import (
    ConsentMissing,
    ContactedOften,
    OutreachAlreadyReserved,
    OutreachNotReserved,
    QuietHours,
)
from domain.contact.states import Contact
from domain.errors import Invalid, NotNow
from domain.outreach_policy import MONTH, WEEK, OutreachTerms
from domain.values import PolicyId
from tests.commands.contact.situations import LI, created, lin_created, made, reserve, reserved, slot, standard
from tests.commands.office import Process, Rows, ask
from tests.spec import START, administrator, ann, crm, day, given, policy

person = given(standard, created)
release, record = ReleaseOutreach(contact_id=LI, ref="c-1"), RecordOutreach(contact_id=LI, ref="c-1")
released = OutreachReleased(contact_id=LI, ref="c-1")


def days(*of_march: int) -> tuple[object, ...]:
    """One outreach was made at ten on each of these days of March, or of the months after."""
    return tuple(made(f"d-{number}", day(3, 1) + timedelta(days=number - 1)) for number in of_march)


# A place


def test_a_place_is_reserved_for_now_or_for_later() -> None:
    person.when(reserve(), by=ann).then(reserved())
    person.when(reserve(), by=policy).then(reserved())
    person.when(reserve(), by=crm).then(reserved())
    person.when(reserve(at=day(3, 27)), by=ann).then(reserved(at=day(3, 27)))
    person.when(reserve(at=day(3, 25, 9)), by=ann).refused(Invalid, because="^at: that has passed already")
    far = reserve(at=START + timedelta(days=367))
    person.when(far, by=ann).refused(Invalid, because="^at: an outreach is reserved at most 366 days ahead")
    odd = replace(reserve(), ref="to Li Na, at home")
    person.when(odd, by=ann).refused(Invalid, because="^ref: this is a code")


def test_what_is_reserved_says_under_which_terms() -> None:
    (entry,) = person.when(reserve(), by=ann).recorded
    assert entry.policy_version == "outreach-policy/standard@1"
    person.when(replace(reserve(), policy_id=PolicyId("winback")), by=ann).refused(
        NotNow, because="this needs OutreachPolicy, and it is NoOutreachPolicy"
    )
    gentle = replace(standard, policy_id=PolicyId("winback"), terms=OutreachTerms(a_day=0))
    winback = person.also(gentle).when(replace(reserve(), policy_id=PolicyId("winback")), by=ann)
    winback.refused(ContactedOften, because="0 of 0 outreaches in one day; the next one is allowed never")


def test_a_policy_that_is_named_permits_nothing_that_the_standard_one_does_not() -> None:
    lax = replace(
        standard,
        policy_id=PolicyId("lax"),
        terms=OutreachTerms(a_day=9, quiet_from="00:00", quiet_until="00:00", exempt=("service", "sales"), opt_in=()),
    )
    named = replace(reserve(), policy_id=PolicyId("lax"))
    story = person.also(lax).when(named, by=ann).done()
    (first,) = [each for each in story.history if isinstance(each, OutreachReserved)]
    assert first.counts, "as it does under the standard one"
    story.when(named, by=ann).then()
    story.when(replace(named, ref="again"), by=ann).refused(ContactedOften)
    person.also(lax).when(named, by=ann, at=day(3, 25, 23)).refused(QuietHours)
    person.also(lax).when(replace(named, purpose="marketing"), by=ann).refused(ConsentMissing)
    alone = given(created, lax)
    alone.when(named, by=ann).refused(NotNow, because="needs OutreachPolicy")


def test_the_same_place_is_reserved_once() -> None:
    story = person.also(reserved())
    story.when(reserve(), by=ann).then()
    story.when(reserve(at=day(3, 27)), by=ann).refused(
        OutreachAlreadyReserved, because="c-1 is reserved for 2026-03-25T02:00:00"
    )


def test_what_was_not_made_after_all_frees_its_place() -> None:
    story = person.also(reserved())
    story.when(reserve("c-2"), by=ann).refused(ContactedOften)
    free = story.when(release, by=ann).then(released)
    free.when(reserve("c-2"), by=ann).then(reserved("c-2"))
    free.when(release, by=ann).refused(OutreachNotReserved, because="no outreach c-1 is reserved")


def test_what_was_made_counts_from_when_it_was() -> None:
    story = person.also(reserved(at=day(3, 26)))
    late = story.when(record, by=ann, at=day(3, 28)).then(made(at=day(3, 28)))
    late.when(release, by=ann, at=day(3, 28)).refused(OutreachNotReserved)
    late.when(record, by=ann, at=day(3, 28)).refused(OutreachNotReserved)
    late.when(reserve("c-2"), by=ann, at=day(3, 28, 15)).refused(ContactedOften, because="1 of 1 outreaches in one day")
    late.when(reserve("c-2", at=day(3, 26)), by=ann).then(reserved("c-2", day(3, 26)))
    told = story.when(replace(record, at=day(3, 26, 9)), by=ann, at=day(3, 28))
    told.then(made(at=day(3, 26, 9), asked=day(3, 28)))
    story.when(replace(record, at=day(3, 29)), by=ann, at=day(3, 28)).refused(Invalid, because="lies in the past")
    person.when(record, by=ann).refused(OutreachNotReserved, because="it was never, or has been made, or let go")


def test_what_was_made_was_not_made_before_its_place_was_reserved() -> None:
    """So nobody makes room for the next one by putting this one into a month that nobody looks at."""
    story = person.also(reserved(at=day(3, 26)))
    for early in (START - timedelta(microseconds=1), day(2, 14)):
        story.when(replace(record, at=early), by=ann, at=day(3, 28)).refused(
            Invalid, because="^at: it was not made before its place was reserved"
        )
    story.when(replace(record, at=START), by=ann, at=day(3, 28)).then(made(at=START, asked=day(3, 28)))
    asked_late = person.also(reserved(at=day(3, 27), asked=day(3, 26)))
    asked_late.when(replace(record, at=START), by=ann, at=day(3, 28)).refused(Invalid)
    older = person.also(replace(reserved(), reserved_at=None))
    older.when(replace(record, at=day(3, 24)), by=ann).then(made(at=day(3, 24), asked=START))


def test_history_alone_knows_of_what_was_made_before() -> None:
    at = day(3, 24)
    history = person.also(reserved()).when(replace(record, at=at), by=administrator, imported=True)
    history.then(made(at=at, asked=START))


def test_to_ask_for_a_place_again_later_is_to_ask_for_the_same() -> None:
    later = person.also(reserved(at=day(3, 27))).when(reserve(at=day(3, 27)), by=ann, at=day(3, 26))
    later.then()


# Once a day, three times a week, eight times a month


def test_once_a_day_by_the_clock_where_the_person_is() -> None:
    story = person.also(made(at=day(3, 25, 20)))
    story.when(reserve(), by=ann, at=day(3, 25, 20, 30)).refused(
        ContactedOften,
        because="there are 1 of 1 outreaches in one day; the next one is allowed from 2026-03-26T00:00:00.00:00$",
    )


def test_the_next_day_begins_quietly() -> None:
    """At midnight it is another day, and at eight the quiet hours end."""
    story = person.also(made(at=day(3, 25, 20)))
    asked = story.when(reserve(), by=ann, at=day(3, 25, 20, 30))
    assert isinstance(asked.answer, Outcome)
    no = asked.answer.refusal
    assert isinstance(no, ContactedOften)
    assert (no.window, no.held, no.limit, no.next_at) == ("day", 1, 1, day(3, 26, 8))
    story.when(reserve(), by=ann, at=day(3, 26, 7, 59)).refused(QuietHours)
    story.when(reserve(), by=ann, at=day(3, 26, 8)).done()


def test_three_times_in_seven_days() -> None:
    story = person.also(*days(25, 27, 29))
    story.when(reserve(), by=ann, at=day(3, 31)).refused(
        ContactedOften,
        because="there are 3 of 3 outreaches in one week; the next one is allowed from 2026-04-01T02:00:00",
    )
    story.when(reserve(), by=ann, at=day(4, 1, 9, 59)).refused(ContactedOften)
    story.when(reserve(), by=ann, at=day(4, 1)).done()


def test_eight_times_in_thirty_days() -> None:
    story = person.also(*days(1, 4, 7, 11, 14, 17, 21, 24))
    story.when(reserve(), by=ann, at=day(3, 30)).refused(
        ContactedOften,
        because="there are 8 of 8 outreaches in one month; the next one is allowed from 2026-03-31T02:00:00",
    )
    story.when(reserve(), by=ann, at=day(3, 31)).done()


def test_what_is_reserved_for_later_counts_too() -> None:
    """Between two that are planned there is no place, though before each of them there seems to be one."""
    story = person.also(reserved("c-7", day(3, 27)), reserved("c-8", day(3, 29)), reserved("c-9", day(3, 31)))
    story.when(reserve(at=day(3, 26)), by=ann).refused(ContactedOften, because="3 of 3 outreaches in one week")
    story.when(reserve(at=day(3, 25)), by=ann).refused(ContactedOften, because="2026-04-03T02:00:00")
    story.when(reserve(at=day(3, 24)), by=ann, at=day(3, 20)).done()


def test_all_channels_count_together() -> None:
    story = person.also(made(at=day(3, 25, 9), channel="email"))
    for channel in ("call", "sms", "email", "wechat", "app", "post", "visit"):
        asked = ReserveOutreach(contact_id=LI, ref="c-1", channel=channel, purpose="sales")
        story.when(asked, by=ann).refused(ContactedOften)


def test_the_numbers_are_the_policy_s() -> None:
    generous = replace(standard, number=2, terms=OutreachTerms(a_day=2, a_week=4, a_month=4))
    story = person.also(generous, *days(5, 20, 22), made(at=day(3, 25, 9)))
    story.when(reserve(), by=ann).refused(ContactedOften, because="4 of 4 outreaches in one month")
    person.also(generous, *days(20, 22), made(at=day(3, 25, 9))).when(reserve(), by=ann).done()
    person.also(generous, replace(generous, number=3, terms=OutreachTerms()), *days(25)).when(
        reserve(), by=ann, at=day(3, 25, 12)
    ).refused(ContactedOften, because="1 of 1")


# Quiet hours


@pytest.mark.parametrize(
    ("hour", "minute", "until"),
    [
        (20, 59, None),
        (21, 0, day(3, 26, 8)),
        (23, 30, day(3, 26, 8)),
        (0, 0, day(3, 25, 8)),
        (7, 59, day(3, 25, 8)),
        (8, 0, None),
    ],
)
def test_nobody_is_disturbed_in_quiet_hours(hour: int, minute: int, until: datetime | None) -> None:
    asked = person.when(reserve(), by=ann, at=day(3, 25, hour, minute))
    if until is None:
        asked.done()
    else:
        told = (
            f"21:00-08:00 are quiet hours in Asia/Shanghai; the next outreach is allowed from {until.isoformat()[:16]}"
        )
        asked.refused(QuietHours, because=told)


def test_they_are_quiet_where_the_person_is() -> None:
    lin = given(standard, lin_created)
    asked = replace(reserve(), contact_id=lin_created.contact_id)
    lin.when(asked, by=ann, at=day(3, 25, 22)).done()  # In Urumqi it is eight in the evening.
    lin.when(asked, by=ann, at=day(3, 25, 9)).refused(QuietHours, because="Asia/Urumqi.*2026-03-25T02:00:00")
    nobody_sleeps = replace(standard, terms=OutreachTerms(quiet_from="09:00", quiet_until="09:00"))
    given(nobody_sleeps, created).when(reserve(), by=ann, at=day(3, 25, 3)).done()
    siesta = replace(standard, terms=OutreachTerms(quiet_from="12:00", quiet_until="14:00"))
    given(siesta, created).when(reserve(), by=ann, at=day(3, 25, 13)).refused(QuietHours, because="2026-03-25T06:00")
    given(siesta, created).when(reserve(), by=ann, at=day(3, 25, 3)).done()


# Service replies


def test_a_service_reply_is_neither_limited_nor_counted() -> None:
    full = person.also(made(at=day(3, 25, 9)))
    reply = reserve(purpose="service")
    story = full.when(reply, by=ann).then(reserved(purpose="service"))
    story.when(record, by=ann).then(made(purpose="service"))
    person.when(reply, by=ann, at=day(3, 25, 23)).done()
    given(standard, created, reserved(purpose="service")).when(reserve("c-2"), by=ann).done()
    given(standard, created, made(purpose="service")).when(reserve("c-2"), by=ann).done()
    all_alike = replace(standard, terms=OutreachTerms(exempt=()))
    given(all_alike, created, made(at=day(3, 25, 9))).when(reply, by=ann).refused(ContactedOften)


# History


def test_history_is_recorded_and_counts() -> None:
    for story in (person, given(created)):
        again = story.also(made("d-1", day(3, 25, 9))).when(reserve(at=day(3, 20, 23)), by=ann, imported=True)
        again.then(reserved(at=day(3, 20, 23)))
    call = RecordOutreach(contact_id=LI, ref="old-1", channel="call", purpose="sales")
    told = person.when(call, by=ann, imported=True).then(made("old-1"))
    twice = told.when(replace(call, ref="old-2"), by=ann, at=day(3, 25, 11), imported=True)
    twice.then(made("old-2", day(3, 25, 11))).when(reserve(), by=ann, at=day(3, 25, 12)).refused(
        ContactedOften, because="there are 2 of 1 outreaches in one day"
    )
    person.when(replace(call, purpose=None), by=ann, imported=True).refused(Invalid, because="says its channel and")
    person.when(replace(call, purpose="service"), by=ann, imported=True).then(made("old-1", purpose="service"))
    person.when(release, by=ann, imported=True).refused(OutreachNotReserved)
    person.also(reserved()).when(release, by=ann, imported=True).then(released)


# What is kept


def kept(*history: object) -> Contact:
    state = person.also(*history).when(release, by=ann).desk.executor.state(f"contact/{LI}").state
    assert isinstance(state, Contact)
    return state


def test_what_no_window_sees_any_more_is_forgotten() -> None:
    old = (made("d-1", day(3, 1)), reserved("c-0", day(3, 2), asked=day(3, 1)), made("d-2", day(3, 20)))
    assert kept(*old).made == (day(3, 1), day(3, 20))
    after = kept(*old, reserved("c-2", day(3, 31), asked=day(3, 31)))
    assert after.made == (day(3, 20),)
    assert after.reserved == {"c-0": slot(day(3, 2), asked=day(3, 1)), "c-2": slot(day(3, 31), asked=day(3, 31))}
    later = kept(*old, reserved("c-2", day(4, 1), asked=day(4, 1)))
    assert later.reserved == {"c-2": slot(day(4, 1), asked=day(4, 1))}
    person.also(*old, reserved("c-2", day(4, 1), asked=day(4, 1))).when(
        RecordOutreach(contact_id=LI, ref="c-0"), by=ann, at=day(4, 1)
    ).refused(OutreachNotReserved, because="or is forgotten by now")


def test_what_a_reservation_for_later_does_not_see_others_still_do() -> None:
    """It is reckoned from today, not from the day that is planned."""
    story = person.also(made("d-1", day(3, 25, 9)), reserved("c-9", day(4, 24, 12), asked=day(3, 25, 9)))
    story.when(reserve(), by=ann, at=day(3, 25, 12)).refused(ContactedOften, because="1 of 1 outreaches in one day")


# Whatever is asked, against the obvious way to count

SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass
class Diary:
    """Everything that was ever reserved or made, and the obvious way to count it."""

    terms: OutreachTerms
    planned: dict[str, datetime] = field(default_factory=dict)
    done: list[datetime] = field(default_factory=list)

    def all(self) -> list[datetime]:
        return sorted([*self.planned.values(), *self.done])

    def fits(self, at: datetime) -> bool:
        hour = at.astimezone(SHANGHAI).hour
        together = sorted([*self.all(), at])
        around = [each for each in together if abs(each - at) <= MONTH]
        return 8 <= hour < 21 and not overfull(around, at, self.terms)


def overfull(all_of_them: Sequence[datetime], at: datetime, terms: OutreachTerms) -> bool:
    """Whether some window that it lies in holds more than it may: every window that begins with one of them."""

    def on(each: datetime) -> date:
        return each.astimezone(SHANGHAI).date()

    def most(length: timedelta) -> int:
        starts = [each for each in all_of_them if each <= at < each + length]
        return max(sum(start <= each < start + length for each in all_of_them) for start in starts)

    today = sum(on(each) == on(at) for each in all_of_them)
    return today > terms.a_day or most(WEEK) > terms.a_week or most(MONTH) > terms.a_month


steps = st.lists(
    st.tuples(
        st.sampled_from(["reserve", "reserve", "reserve", "release", "record"]),
        st.integers(0, 40),  # So many hours have gone by,
        st.sampled_from([0, 0, 1, 24, 30, 72, 24 * 6, 24 * 7, 24 * 20, 24 * 31]),  # and it is for so much later,
        st.integers(0, 5),  # or it is about this one of those that are planned.
    ),
    min_size=8,
    max_size=60,
)
limits = st.sampled_from([(1, 3, 8), (1, 2, 3), (2, 3, 4), (3, 3, 3), (1, 9, 9), (9, 9, 2)])


@for_all(steps, limits, st.booleans())
@example([("reserve", 24, 24 * 7, 0)] * 20, (1, 3, 8), False)
@settings(max_examples=(settings.default or settings()).max_examples // 2, deadline=None)
def test_no_window_ever_holds_more_than_its_limit(
    told: Sequence[tuple[str, int, int, int]], limit: tuple[int, int, int], punctual: bool
) -> None:
    """Whatever is made when it was planned. Made at another time, it counts then, and nothing more is granted."""
    terms = OutreachTerms(a_day=limit[0], a_week=limit[1], a_month=limit[2])
    process = Process(Rows(replace(standard, terms=terms), created))
    diary = Diary(terms)
    now = seen = START
    for number, (what, passed, ahead, which) in enumerate(told):
        now += timedelta(hours=passed)
        process.now = now
        known = sorted(ref for ref, at in diary.planned.items() if at > now - MONTH)
        ref = known[which % len(known)] if known and what != "reserve" else f"c-{number}"
        if what == "reserve":
            at = now + timedelta(hours=ahead)
            (answer,) = process(ask(reserve(ref, at=at), ann))
            granted = isinstance(answer, Outcome) and answer.refusal is None
            assert granted == diary.fits(at), (at, diary.all())
            if granted:
                diary.planned[ref] = at
                seen = now
            elif isinstance(answer, Outcome):
                assert isinstance(answer.refusal, ContactedOften | QuietHours)
                first = answer.refusal.next_at
                assert first is not None
                assert first > at
                assert diary.fits(first)
        elif known and what == "release":
            process.done(ask(replace(release, ref=ref), ann))
            del diary.planned[ref]
        elif known and (diary.planned[ref] <= now or not punctual):
            when = diary.planned.pop(ref) if punctual else now
            diary.planned.pop(ref, None)
            process.done(ask(replace(record, ref=ref, at=when), ann))
            diary.done.append(when)
            seen = now
        if punctual:
            assert not any(overfull(diary.all(), each, terms) for each in diary.all())
    state = process.executor.state(f"contact/{LI}").state
    assert all(at > seen - MONTH for at in state.made), "what no window sees is forgotten"
    assert len(state.made) <= len(diary.done)
