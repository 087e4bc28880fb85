"""Who inspects what, and what a score is made of."""

from dataclasses import replace
from decimal import Decimal

import pytest

from commands.quality.inspection import AssignReview, CloseReview, DraftReview, PublishReview, SubmitReview, VoidReview
from domain.call.facts import CallConnected, CallRequested
from domain.catalog import CatalogPublished, Entry
from domain.errors import Hidden, Invalid, NotAllowed, NotNow
from domain.lead.refusals import NotAvailable, NotEmployed
from domain.quality.plan import ReviewTerms
from domain.quality.refusals import (
    NotDrawnYet,
    NothingApplies,
    NotIndependent,
    NotTheInspector,
    ScoreErased,
    StillOpenToAppeal,
)
from domain.quality.scorecard import Item, ScorecardPublished
from domain.quality.scoring import Mark, Scored
from domain.staff import AvailabilityChanged, StaffDeparted, StaffMoved
from domain.values import CallId, CatalogId, Erased, OrgPath, StaffId
from tests.commands.quality.situations import (
    CALL,
    CARD,
    CLOSE,
    FAILED,
    FAIR,
    INA,
    IVO,
    OFFICE,
    OTHER,
    REVIEW,
    UNTIL,
    assigned,
    at,
    drafted,
    ina,
    ivo,
    march,
    marks,
    published,
    quin,
    sampled,
    submitted,
    voided,
    worth,
)
from tests.commands.quality.test_stages import SAMPLE
from tests.spec import ANN, START, ann, crm, day, given, mia, policy

assign = AssignReview(review_id=REVIEW, inspector=INA, scorecard_id=CARD)
submit = SubmitReview(review_id=REVIEW, items=marks())
publish = PublishReview(review_id=REVIEW)

# Who


def test_a_call_is_drawn_by_policies_and_by_no_person() -> None:
    given(*published).when(SAMPLE, by=policy).then(sampled())
    for somebody in (ina, quin):
        given(*published).when(SAMPLE, by=somebody).refused(NotAllowed, because="nobody draws by hand")
    for other in (ann, mia, crm):
        given(*published).when(SAMPLE, by=other).refused(NotAllowed, because="inspect is not allowed")


def test_a_call_that_is_drawn_has_been_told_and_says_whose_it_is() -> None:
    other = replace(SAMPLE, review_id=OTHER, call_id=CallId(OTHER))
    given(*published).when(other, by=policy).refused(NotNow, because="needs Call")
    given(*published).when(replace(SAMPLE, agent=StaffId("bob")), by=policy).then(sampled())
    passed_on = CallConnected(call_id=CALL, from_="completed", to="completed", agent=StaffId("bob"), at=START)
    given(*published, passed_on).when(SAMPLE, by=policy).then(sampled(agent=StaffId("bob")))
    nobodys = CallRequested(call_id=CallId(OTHER), direction="inbound")
    given(*published, nobodys).when(other, by=policy).refused(Invalid, because="agent: nobody knows whose call it is")


def test_a_call_is_drawn_when_its_month_is() -> None:
    given(*published).when(replace(SAMPLE, month="2026-04"), by=policy).refused(
        NotDrawnYet, because="2026-04 has not been drawn"
    )
    given(*(each for each in published if each is not march)).when(SAMPLE, by=policy).refused(NotDrawnYet)


def test_a_call_is_somebody_s_who_is_known_even_if_he_has_left() -> None:
    strangers = CallConnected(call_id=CALL, from_="completed", to="completed", agent=StaffId("nobody"), at=START)
    given(*published, strangers).when(SAMPLE, by=policy).refused(NotEmployed, because="nobody does not work here")
    given(*published, StaffDeparted(staff_id=ANN)).when(SAMPLE, by=policy).then(sampled())


def test_nobody_inspects_his_own_calls() -> None:
    turned = StaffMoved(staff_id=ANN, role="inspector", from_=OrgPath("north/team-1"), to=OrgPath("quality"))
    given(*at("selected"), turned).when(replace(assign, inspector=ANN), by=ina).refused(
        NotIndependent, because="ann is its agent"
    )


def test_an_inspector_works_here_inspects_and_is_to_be_had() -> None:
    story = given(*at("selected"))
    story.when(assign, by=policy).then(assigned)
    story.when(replace(assign, inspector=StaffId("nobody")), by=ina).refused(NotEmployed)
    story.when(replace(assign, inspector=StaffId("bob")), by=ina).refused(
        NotAllowed, because="inspect is not allowed: bob is in the role sales, which has no such right"
    )
    story.also(AvailabilityChanged(staff_id=INA, available=False)).when(assign, by=quin).refused(
        NotAvailable, because="ina is not available"
    )
    story.also(StaffDeparted(staff_id=INA)).when(assign, by=quin).refused(NotEmployed)
    story.when(assign, by=mia).refused(NotAllowed)


def test_a_review_goes_from_one_inspector_to_another_and_the_draft_with_the_first() -> None:
    for status in ("assigned", "draft"):
        story = given(*at(status))
        story.when(assign, by=quin).refused(Invalid, because="inspector: ina has it already")
        after = story.when(replace(assign, inspector=IVO), by=quin).then(replace(assigned, inspector=IVO, from_=status))
        after.when(submit, by=ina).refused(NotTheInspector, because="ivo has it")
        after.when(submit, by=ivo).then(replace(submitted, inspector=IVO, from_="assigned"))


@pytest.mark.parametrize("command", [submit, DraftReview(review_id=REVIEW, items=())])
def test_only_the_inspector_scores(command: object) -> None:
    story = given(*at("assigned"))
    assert story.when(command, by=ina).recorded
    story.when(command, by=ivo).refused(NotTheInspector, because="ina has it")
    story.when(command, by=quin).refused(NotTheInspector)
    story.when(command, by=policy).refused(NotTheInspector)
    story.when(command, by=replace(policy, id="ina")).refused(NotTheInspector)
    story.when(command, by=ann).refused(NotAllowed, because="inspect is not allowed: the role sales has no such right")


def test_what_is_not_there_is_not_to_be_seen() -> None:
    given(*published).when(assign, by=ina).refused(Hidden, because=f"no review/{REVIEW}")


# The score


def test_a_draft_may_be_incomplete_and_takes_the_place_of_the_one_before() -> None:
    story = given(*at("assigned")).when(DraftReview(review_id=REVIEW, items=marks()[:2]), by=ina).then(drafted)
    story.when(DraftReview(review_id=REVIEW, items=()), by=ina).then(replace(drafted, items=(), from_="draft"))


@pytest.mark.parametrize(
    ("items", "score"),
    [
        (marks(), FAIR),
        (marks(need="0.6"), CLOSE),
        (marks(privacy="0"), FAILED),
        (marks(greeting=None), worth("68.75", marks(greeting=None))),  # 55 of 80.
        (marks(greeting=None, close=None), worth("50.00", marks(greeting=None, close=None))),
        (marks("0", "0", "0"), worth("0.00", marks("0", "0", "0"))),
        (marks("0", "0", "0", "0"), worth("0.00", marks("0", "0", "0", "0"), final="0.00")),
        (marks("1", "1", "1"), worth("100.00", marks("1", "1", "1"))),
        (marks("0.3333", "0.3333", None), worth("33.33", marks("0.3333", "0.3333", None))),
    ],
)
def test_a_score_is_worked_out_as_on_paper(items: tuple[Mark, ...], score: Scored) -> None:
    (entry,) = given(*at("assigned")).when(replace(submit, items=items), by=ina).recorded
    assert entry.event.score == score
    shuffled = replace(submit, items=items[::-1])
    assert given(*at("assigned")).when(shuffled, by=ina).recorded[0].event.score == score


@pytest.mark.parametrize(
    ("items", "because"),
    [
        (marks()[:3], "^items: privacy has no mark"),
        ((), "^items: greeting has no mark"),
        ((*marks(), marks()[0]), "^items/4/code: greeting stands there twice"),
        ((*marks(), Mark(code="mood", attainment=Decimal(1))), "^items/4/code: the scorecard has no such item"),
        (marks(greeting="1.1"), "^items/0/attainment: this is 0 to 1, with up to 4 decimal places"),
        (marks(greeting="-0.1"), "^items/0/attainment"),
        (marks(greeting="0.33333"), "^items/0/attainment"),
        (marks(greeting="1E+9"), "^items/0/attainment"),
        (marks(privacy="0.5"), "^items/3/attainment: privacy is answered yes or no: 1 or 0"),
        ((*marks()[:1], Mark(code="need"), *marks()[2:]), "^items/1/attainment: need always applies"),
        ((Mark(code="greeting", attainment=Decimal(1), evidence_at=-1), *marks()[1:]), "^items/0/evidence_at"),
        ((Mark(code="greeting", attainment=Decimal(1), evidence_at=86_401), *marks()[1:]), "^items/0/evidence_at"),
    ],
)
def test_marks_that_make_no_score_are_refused(items: tuple[Mark, ...], because: str) -> None:
    given(*at("assigned")).when(replace(submit, items=items), by=ina).refused(Invalid, because=because)


def test_where_nothing_applies_there_is_no_score() -> None:
    lenient = ScorecardPublished(
        scorecard_id=CARD,
        from_="published",
        number=2,
        name="Service",
        items=(
            Item(code="need", weight=Decimal(100), na_allowed=True),
            Item(code="privacy", weight=Decimal(0), kind="yes_no", auto_fail=True, na_allowed=True),
        ),
    )
    story = given(*published, lenient, sampled(), replace(assigned, items=lenient.items, scorecard_number=2))
    for privacy in (None, Decimal(0), Decimal(1)):
        nothing = replace(submit, items=(Mark(code="need"), Mark(code="privacy", attainment=privacy)))
        story.when(nothing, by=ina).refused(NothingApplies, because="no item that counts applies to it")


def test_notes_are_about_items_and_say_something() -> None:
    story = given(*at("assigned"))
    story.when(replace(submit, notes={" ": "x"}), by=ina).refused(Invalid, because="notes: a note is about an item")
    story.when(replace(submit, notes={"need": " "}), by=ina).refused(Invalid, because="notes/need: .* not be blank")
    story.when(replace(submit, notes={}), by=ina).then(replace(submitted, from_="assigned"))


# Published


def test_what_is_not_published_is_not_to_be_read_and_what_is_published_is() -> None:
    """A score is masked as a personal value is: in the state, and in the events."""
    from api.shown import MASK, masked
    from api.shown import shown as as_shown
    from tests.memory import CODEC

    story = given(*at("submitted"))
    state = story.when(publish, by=ann).desk.executor.state(f"review/{REVIEW}").state
    assert as_shown(state)["stage"]["score"] == MASK
    assert masked(submitted, CODEC)["score"] == masked(drafted, CODEC)["items"] == MASK
    (entry,) = story.when(publish, by=ina).recorded
    assert masked(entry.event, CODEC)["score"]["final"] == "75.00"


def test_a_score_that_was_erased_before_it_was_published_is_gone() -> None:
    gone = replace(submitted, score=Erased(on=START, by="erasure"))
    story = given(*published, sampled(), assigned, drafted, gone)
    story.when(publish, by=ina).refused(ScoreErased, because="the review can only be voided")
    assert story.when(VoidReview(review_id=REVIEW, reason="erased"), by=quin).recorded


def test_an_appeal_is_open_for_working_days_where_there_is_a_calendar() -> None:
    by_calendar = ReviewTerms(calendar_id=OFFICE)
    story = given(*at("submitted", by_calendar))
    for published_at, until in (
        (day(3, 25), day(3, 31, 18)),  # Wed: Thu 26, Fri 27, Sat 28 (made up for), Mon 30, Tue 31.
        (day(3, 25, 23), day(3, 31, 18)),
        (day(3, 29), day(4, 3, 18)),  # Sun: Mon to Fri.
        (day(4, 3), day(4, 13, 18)),  # Fri before a holiday on Monday: Tue 7 to Fri 10, and Mon 13.
        (day(3, 23), day(3, 28, 12)),  # Mon: the fifth is the Saturday, on which work ends at noon.
    ):
        (entry,) = story.when(publish, by=ina, at=published_at).recorded
        assert entry.event.appeal_until == until
        assert entry.policy_version == "calendar/office@1"


def test_without_a_calendar_it_is_so_many_days_later_at_the_same_time_on_the_wall() -> None:
    (entry,) = given(*at("submitted")).when(publish, by=ina).recorded
    assert (entry.event.appeal_until, entry.policy_version) == (UNTIL, None)
    summer = ReviewTerms(time_zone="Europe/Berlin")
    (entry,) = given(*at("submitted", summer)).when(publish, by=ina, at=day(3, 27, zone="Europe/Berlin")).recorded
    assert entry.event.appeal_until == day(4, 1, zone="Europe/Berlin")


# Closed and voided


@pytest.mark.parametrize("status", ["published", "upheld", "adjusted"])
def test_a_review_is_not_closed_while_there_is_time_to_appeal(status: str) -> None:
    story = given(*at(status))  # type: ignore[arg-type]
    close = CloseReview(review_id=REVIEW)
    story.when(close, by=policy, at=day(3, 30, 9, 59)).refused(StillOpenToAppeal, because="open until 2026-03-30T02:00")
    assert story.when(close, by=policy, at=UNTIL).recorded


def test_an_acknowledged_review_is_closed_at_any_time() -> None:
    assert given(*at("acknowledged")).when(CloseReview(review_id=REVIEW), by=ina).recorded


def test_a_review_is_voided_for_a_reason_and_by_who_decides() -> None:
    void = VoidReview(review_id=REVIEW, reason="no-sound")
    given(*at("selected")).when(void, by=quin).then(voided)
    given(*at("selected")).when(void, by=ina).refused(NotAllowed, because="arbitrate is not allowed")
    given(*at("selected")).when(replace(void, reason="他不舒服"), by=quin).refused(
        Invalid, because="reason: this is a code"
    )
    reasons = CatalogPublished(catalog_id=CatalogId("void-reasons"), number=1, entries=(Entry(code="wrong-agent"),))
    given(*at("selected"), reasons).when(void, by=quin).refused(Invalid, because="void-reasons offers wrong-agent")
    given(*at("selected"), reasons).when(replace(void, reason="wrong-agent"), by=quin).then(
        replace(voided, reason="wrong-agent")
    )


def test_a_call_is_drawn_once() -> None:
    """A review has the id of its call; a voided one was had, and stays away."""
    for status in ("selected", "closed", "voided"):
        asked = given(*at(status)).when(SAMPLE, by=policy)
        assert not asked.recorded
