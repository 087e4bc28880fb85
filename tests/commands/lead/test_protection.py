"""How long a lead is protected: the dated example of the business, and each sentence that follows it."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest

from commands.lead.circulation import RecycleLead, ReleaseLead, WarnOfLapse
from commands.lead.custody import ClaimLead, TransferLead
from commands.lead.holding import GrantExtension, LogFollowUp
from commands.lead.work import ContactLead, RecordTouch
from domain.actor import Reason
from domain.errors import Hidden, Invalid, NotAllowed, NotNow
from domain.lead.facts.custody import (
    LapseWarned,
    LeadClaimed,
    LeadRecycled,
    LeadReleased,
    LeadTransferred,
    ProtectionExtended,
    ProtectionExtensionGranted,
)
from domain.lead.facts.intake import TouchRecorded
from domain.lead.facts.terms import RecycleReason
from domain.lead.facts.work import FollowUpLogged, LeadContacted
from domain.lead.refusals import NoTimeToWarn, NotTheHolder, StillProtected, WarnedAlready
from tests.commands.lead.situations import (
    LEAD,
    NORTH,
    TERMS,
    captured,
    claimed,
    held,
    in_pool,
    pooled,
    slot,
    slot_freed,
    under,
)
from tests.spec import ANN, BOB, MIA, ann, bob, crm, day, given, mia, otto, policy

claim = ClaimLead(lead_id=LEAD)
call = LogFollowUp(lead_id=LEAD, channel="call", effective=True, note="wants a quote")
called = FollowUpLogged(lead_id=LEAD, channel="call", effective=True, note="wants a quote")
vain_call = replace(call, effective=False, note=None)
called_in_vain = replace(called, effective=False, note=None)
hand_over = Reason(code="holidays")
recycle_for_hard_limit = RecycleLead(lead_id=LEAD, reason="hard-limit", rule_id="circulation")


def extended(*until: int) -> ProtectionExtended:
    return ProtectionExtended(lead_id=LEAD, until=day(*until))


def granted(*until: int) -> ProtectionExtensionGranted:
    return ProtectionExtensionGranted(lead_id=LEAD, until=day(*until), by=MIA)


def recycled(*at: int, reason: RecycleReason = "hard-limit") -> LeadRecycled:
    return LeadRecycled(
        lead_id=LEAD,
        previous_owner=ANN,
        pool_id=NORTH,
        reason=reason,
        claimable_from=day(*at),
        cools_until=day(at[0], at[1] + 7, *at[2:]),
        rule_id="circulation",
    )


def test_the_dated_example() -> None:
    story = given(*in_pool)
    story = story.when(claim, at=day(3, 25)).then(
        LeadClaimed(
            lead_id=LEAD,
            owner=ANN,
            pool_id=NORTH,
            first_contact_due=day(3, 26),
            protect_until=day(4, 4),
            hard_limit=day(4, 14),
            extension_days=3,
            time_zone="Asia/Shanghai",
        ),
        slot(),
    )
    story = story.when(call, at=day(3, 28)).then(called)
    story = story.when(call, at=day(4, 2)).then(called, extended(4, 5))
    story = story.when(call, at=day(4, 5, 9)).then(called, extended(4, 8, 9))
    story = story.when(call, at=day(4, 8, 8)).then(called, extended(4, 11, 8))
    story = story.when(call, at=day(4, 11, 7)).then(called, extended(4, 14, 7))
    story = story.when(call, at=day(4, 14, 6)).then(called, extended(4, 14))  # Never past the claim and 20 days.
    story = story.when(call, at=day(4, 14, 9)).then(called)
    story.when(recycle_for_hard_limit, by=policy, at=day(4, 14, 9, 59)).refused(
        StillProtected, because=r"ann keeps it until 2026-04-14T02:00:00\+00:00"
    )
    story.when(recycle_for_hard_limit, by=policy, at=day(4, 14)).then(recycled(4, 14), slot_freed())


def test_unless_a_manager_extended() -> None:
    extension = (
        given(*held).when(GrantExtension(lead_id=LEAD, until=day(4, 20)), by=mia, at=day(4, 3)).then(granted(4, 20))
    )
    extension.when(recycle_for_hard_limit, by=policy, at=day(4, 14)).refused(StillProtected, because="2026-04-20")
    extension.when(call, at=day(4, 16)).then(called)
    extension.when(call, at=day(4, 19)).then(called)  # A contact never goes past what the manager granted.
    extension.when(recycle_for_hard_limit, by=policy, at=day(4, 20)).then(recycled(4, 20), slot_freed())


def test_only_an_effective_contact_extends() -> None:
    given(*held).when(vain_call, at=day(4, 3)).then(called_in_vain)
    touched = TouchRecorded(lead_id=LEAD, channel="web")
    given(*held).when(RecordTouch(lead_id=LEAD, channel="web"), at=day(4, 3)).then(touched)
    given(*held).when(ContactLead(lead_id=LEAD), at=day(4, 3)).then(LeadContacted(lead_id=LEAD, from_="new"))


def test_it_is_expired_from_the_very_instant_on() -> None:
    no_follow_up = RecycleLead(lead_id=LEAD, reason="no-follow-up", rule_id="circulation")
    given(*held).when(no_follow_up, by=policy, at=day(4, 4, 9, 59)).refused(
        StillProtected, because="ann keeps it until"
    )
    given(*held).when(no_follow_up, by=policy, at=day(4, 4)).then(recycled(4, 4, reason="no-follow-up"), slot_freed())


def test_a_contact_at_or_after_the_expiry_extends_nothing() -> None:
    given(*held).when(call, at=day(4, 4, 9, 59)).then(called, extended(4, 7, 9, 59))
    given(*held).when(call, at=day(4, 4)).then(called)
    given(*held).when(call, at=day(4, 6)).then(called)


def test_a_contact_never_shortens() -> None:
    given(*held).when(call, at=day(3, 25, 10, 1)).then(called)
    given(*held).when(call, at=day(4, 1)).then(called)  # 1 April and three days is the expiry itself.


def test_days_are_counted_on_the_clock_of_the_pool() -> None:
    """On 29 March 2026 the clocks of Berlin go from 02:00 to 03:00."""
    on = partial(day, zone="Europe/Berlin")
    berlin = under(replace(TERMS, time_zone="Europe/Berlin"), number=1)
    claimed_in_berlin = LeadClaimed(
        lead_id=LEAD,
        owner=ANN,
        pool_id=NORTH,
        first_contact_due=on(3, 26),
        protect_until=on(4, 4),
        hard_limit=on(4, 14),
        extension_days=3,
        time_zone="Europe/Berlin",
    )
    assert claimed_in_berlin.protect_until - on(3, 25) == timedelta(days=10, hours=-1)
    story = given(berlin, *captured, pooled(claimable_from=day(3, 1)))
    afterwards = story.when(claim, at=on(3, 25)).then(claimed_in_berlin, slot())
    afterwards.when(call, at=on(4, 2)).then(called, ProtectionExtended(lead_id=LEAD, until=on(4, 5)))
    early = on(3, 19, 2, 30)  # Ten days later it is 02:30 on the 29th, which no clock shows.
    story.when(claim, at=early).then(
        replace(
            claimed_in_berlin,
            first_contact_due=on(3, 20, 2, 30),
            protect_until=on(3, 29, 3, 30),
            hard_limit=on(4, 8, 2, 30),
        ),
        slot(at=early),
    )


def test_a_transfer_keeps_both_limits() -> None:
    """So two colleagues cannot pass a lead to and fro for ever."""
    to_bob, to_ann = TransferLead(lead_id=LEAD, to=BOB), TransferLead(lead_id=LEAD, to=ANN)
    story = (
        given(*held)
        .when(to_bob, by=mia, at=day(4, 3), reason=hand_over)
        .then(
            LeadTransferred(lead_id=LEAD, from_=ANN, to=BOB, cools_until=day(4, 10), first_contact_due=day(4, 4)),
            slot_freed(ANN),
            slot(BOB, day(4, 3), "transfer"),
        )
    )
    story.when(recycle_for_hard_limit, by=policy, at=day(4, 13)).refused(
        StillProtected, because="bob keeps it until 2026-04-14"
    )
    no_follow_up = RecycleLead(lead_id=LEAD, reason="no-follow-up", rule_id="circulation")
    story.when(no_follow_up, by=policy, at=day(4, 4)).then(
        replace(recycled(4, 4, reason="no-follow-up"), previous_owner=BOB), slot_freed(BOB)
    )
    story = story.when(call, by=bob, at=day(4, 3, 11)).then(called, extended(4, 6, 11))
    story = story.when(to_ann, by=mia, at=day(4, 6), reason=hand_over).then(
        LeadTransferred(lead_id=LEAD, from_=BOB, to=ANN, cools_until=day(4, 13), first_contact_due=day(4, 6, 11)),
        slot_freed(BOB),
        slot(ANN, day(4, 6), "transfer"),
    )
    story.when(call, by=ann, at=day(4, 6, 10, 30)).then(called, extended(4, 9, 10, 30))
    story.when(recycle_for_hard_limit, by=policy, at=day(4, 14)).then(recycled(4, 14), slot_freed())


def test_the_terms_of_the_claim_hold_whatever_is_published_later() -> None:
    generous = under(replace(TERMS, extension_days=9, hard_limit_days=90, time_zone="America/New_York"))
    given(*held, generous).when(call, at=day(4, 2)).then(called, extended(4, 5))
    strict = under(replace(TERMS, extension_days=0, protection_days=0, hard_limit_days=0))
    given(*held, strict).when(call, at=day(4, 2)).then(called, extended(4, 5))
    given(*held, strict).when(recycle_for_hard_limit, by=policy, at=day(4, 13)).refused(StillProtected)


def test_the_protection_itself_ends_at_the_hard_limit() -> None:
    short = under(replace(TERMS, hard_limit_days=5), number=1)
    given(short, *captured, pooled()).when(claim).then(
        replace(claimed(pool=short)[0], protect_until=day(3, 30), hard_limit=day(3, 30)), slot()
    )


# Who extends


def test_the_owner_logs_follow_ups_and_nobody_else() -> None:
    given(*held).when(call, by=bob).refused(Hidden, because="no lead/.* is to be seen here")
    given(*held).when(call, by=mia).refused(NotTheHolder, because="ann holds it")
    given(*held).when(call, by=crm).refused(NotTheHolder, because="ann holds it")
    given(*in_pool).when(call, by=crm).refused(NotTheHolder, because="nobody holds it")
    given(*in_pool).when(call, by=ann).refused(
        NotAllowed, because="work is not allowed: lead/.* lies outside the scope own"
    )
    given(*held).when(replace(call, channel=" "), by=ann).refused(Invalid, because="channel: this must not be blank")


def test_only_a_manager_goes_past_the_hard_limit() -> None:
    late = GrantExtension(lead_id=LEAD, until=day(5, 1))
    given(*held).when(late, by=mia).then(granted(5, 1))
    given(*held).when(late, by=ann).refused(
        NotAllowed, because="assign is not allowed: the role sales has no such right"
    )
    given(*held).when(late, by=otto).refused(Hidden)
    given(*held).when(late, by=policy).refused(NotAllowed, because="only a person does this, and circulation is none")
    given(*in_pool).when(late, by=mia).refused(NotNow, because="this needs Held, and it is Pooled")


@pytest.mark.parametrize("until", [day(4, 4), day(3, 30)])
def test_an_extension_extends(until: datetime) -> None:
    grant = GrantExtension(lead_id=LEAD, until=until)
    given(*held).when(grant, by=mia).refused(Invalid, because="it is protected until 2026-04-04T02:00:00")
    expired = GrantExtension(lead_id=LEAD, until=day(4, 5))
    given(*held).when(expired, by=mia, at=day(4, 5)).refused(Invalid, because="that has passed already")
    given(*held).when(expired, by=mia, at=day(4, 4)).then(granted(4, 5))


def test_an_extension_within_the_hard_limit_leaves_it_where_it_is() -> None:
    extension = given(*held, granted(4, 10))
    extension.when(call, at=day(4, 9)).then(called, extended(4, 12))
    extension.when(call, at=day(4, 9, 11)).then(called, extended(4, 12, 11))
    given(*held, granted(4, 13)).when(call, at=day(4, 12)).then(called, extended(4, 14))
    given(*held, granted(4, 10)).when(recycle_for_hard_limit, by=policy, at=day(4, 14)).then(
        recycled(4, 14), slot_freed()
    )


def test_a_new_claim_begins_anew() -> None:
    given_back = LeadReleased(
        lead_id=LEAD,
        from_=ANN,
        pool_id=NORTH,
        reason="voluntary-return",
        claimable_from=day(4, 1),
        cools_until=day(4, 8),
    )
    story = given(*held, granted(5, 1)).when(ReleaseLead(lead_id=LEAD), at=day(4, 1)).then(given_back, slot_freed())
    story.when(claim, by=bob, at=day(4, 1)).then(*claimed(BOB, day(4, 1)))


# Before it lapses

warn = WarnOfLapse(lead_id=LEAD)


def warned(*until: int) -> LapseWarned:
    return LapseWarned(lead_id=LEAD, owner=ANN, until=day(*until))


def test_the_owner_is_warned_three_days_before_and_once() -> None:
    told = given(*held).when(warn, by=policy, at=day(4, 1)).then(warned(4, 4))
    told.when(warn, by=policy, at=day(4, 2)).refused(WarnedAlready, because="ann knows that it lapses at 2026-04-04")


@pytest.mark.parametrize("at", [day(4, 1) - timedelta(microseconds=1), day(4, 4), day(5, 1)])
def test_there_is_a_time_to_warn(at: datetime) -> None:
    given(*held).when(warn, by=policy, at=at).refused(
        NoTimeToWarn, because="there is something to warn of from 2026-04-01T.* until 2026-04-04T"
    )


def test_a_new_expiry_is_warned_of_anew() -> None:
    told = given(*held).when(warn, by=policy, at=day(4, 1)).then(warned(4, 4))
    longer = told.when(call, at=day(4, 2)).then(called, extended(4, 5))
    longer.when(warn, by=policy, at=day(4, 2)).then(warned(4, 5))
    beyond = told.also(granted(5, 1)).when(warn, by=policy, at=day(4, 28)).then(warned(5, 1))
    beyond.when(warn, by=policy, at=day(4, 29)).refused(WarnedAlready)


def test_how_long_before_is_the_pool_s_to_say() -> None:
    early = under(replace(TERMS, warning_days=7))
    later = given(*in_pool, early).when(claim).done()
    later.when(warn, by=policy, at=day(3, 28)).then(warned(4, 4))
    (claimed_then,) = [each for each in later.history if isinstance(each, LeadClaimed)]
    assert claimed_then.warning_days == 7
    later.also(under(replace(TERMS, warning_days=1), 3)).when(warn, by=policy, at=day(3, 28)).then(warned(4, 4))


def test_what_nobody_holds_lapses_for_nobody() -> None:
    given(*in_pool).when(warn, by=policy, at=day(4, 1)).refused(NotNow, because="this needs Held, and it is Pooled")
    given().when(warn, by=policy).refused(Hidden)
    given(*held).when(warn, by=ann, at=day(4, 1)).refused(NotAllowed)
