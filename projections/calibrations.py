"""Calibrations: how far inspectors agree on a call and each of its items, and who of them is stricter or milder.

Until it is revealed it is known who has scored and not what. It is nobody's, and no business of those whose calls are
scored: it is for who may read everything, as inspectors do.
"""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from domain.month import month_at
from domain.quality.agreement import agreement, bias
from domain.quality.calibration import BlindScoreSubmitted, CalibrationOpened, CalibrationRevealed, ConsensusSet
from domain.quality.scorecard import Item, ItemKind
from domain.quality.scoring import Scored
from domain.values import CalibrationId, CallId, Instant, ScorecardId, StaffId
from projections.figures import Summary, with_a
from projections.projection import projection
from projections.rows import Scoped, replace, table

CalibrationEvent = CalibrationOpened | BlindScoreSubmitted | CalibrationRevealed | ConsensusSet
SHARE, POINTS = 4, 2  # Decimal places.


def rounded(found: Fraction, places: int) -> Decimal:
    """Of what lies in the middle, to the even digit."""
    return Decimal(round(found * 10**places)).scaleb(-places)


# As a whole


@table
class Calibration(Scoped):
    """`share` and `kappa` are as in `domain.quality.agreement`, over all items; none where fewer than two scores have
    been revealed. `final` is the consensus.
    """

    calibration_id: CalibrationId
    call_id: CallId
    scorecard_id: ScorecardId
    scorecard_number: int
    participants: tuple[StaffId, ...]
    still_to_score: tuple[StaffId, ...]
    opened_at: Instant
    revealed_at: Instant | None = None
    agreed_at: Instant | None = None
    share: Decimal | None = None
    kappa: Decimal | None = None
    raw: Decimal | None = None
    final: Decimal | None = None
    auto_failed: bool | None = None


SUBJECT: dict[str, tuple[type, str]] = {"subject_id": (str, "'calibration/' || calibration_id")}
WHERE_TO_FIND = ("calibration_id", "call_id", "scorecard_id", "scorecard_number")


@projection(
    "calibrations",
    key=("calibration_id",),
    version=1,
    scoped=False,
    reserved=True,
    computed=SUBJECT,
    sorts=("opened_at", "revealed_at", "agreed_at", "share", "kappa", "final"),
    filters=(
        *WHERE_TO_FIND,
        "participants",
        "still_to_score",
        "opened_at",
        "revealed_at",
        "agreed_at",
        "share",
        "kappa",
        "final",
        "auto_failed",
    ),
)
def calibrations(row: Calibration | None, event: CalibrationEvent, at: Instant) -> Calibration | None:
    match row, event:
        case None, CalibrationOpened():
            return Calibration(
                calibration_id=event.calibration_id,
                call_id=event.call_id,
                scorecard_id=event.scorecard_id,
                scorecard_number=event.scorecard_number,
                participants=event.participants,
                still_to_score=event.participants,
                opened_at=at,
            )
        case Calibration(), BlindScoreSubmitted(inspector=inspector):
            return replace(row, still_to_score=tuple(each for each in row.still_to_score if each != inspector))
        case Calibration(), CalibrationRevealed():
            share, kappa = agreed(by_inspector(event))
            return replace(row, revealed_at=at, share=share, kappa=kappa)
        case Calibration(), ConsensusSet(score=score):
            return replace(row, agreed_at=at, raw=score.raw, final=score.final, auto_failed=score.auto_failed)
        case _:
            return row


def by_inspector(event: CalibrationRevealed) -> Mapping[StaffId, Scored]:
    return {each.inspector: each.score for each in event.scores}


def agreed(scores: Mapping[StaffId, Scored], code: str | None = None) -> tuple[Decimal | None, Decimal | None]:
    """The share of answers that are the same, and kappa; over all items, or of one."""
    marks = {
        inspector: [mark for mark in score.items if code is None or mark.code == code]
        for inspector, score in scores.items()
    }
    if len(marks) < 2 or not all(marks.values()):
        return None, None
    found = agreement(marks)
    return rounded(found.share, SHARE), None if found.kappa is None else rounded(found.kappa, SHARE)


# Item by item


@table
class CalibratedItem(Scoped):
    """How much of it was attained, as each of the `inspectors` saw it; None is N/A. `share` of the pairs of answers are
    the same. `consensus` is how they see it together, from `agreed_at` on.
    """

    calibration_id: CalibrationId
    code: str
    call_id: CallId
    scorecard_id: ScorecardId
    scorecard_number: int
    weight: Decimal
    kind: ItemKind
    auto_fail: bool
    zh: str
    en: str
    revealed_at: Instant | None = None
    inspectors: tuple[StaffId, ...] = ()
    attainments: tuple[Decimal | None, ...] = ()
    share: Decimal | None = None
    agreed_at: Instant | None = None
    consensus: Decimal | None = None


ITEM_FACETS = ("scorecard_id", "scorecard_number", "code")
Items = tuple[CalibratedItem, ...]


@projection(
    "calibration_items",
    key=("calibration_id",),
    rows_by=("code",),
    version=1,
    scoped=False,
    reserved=True,
    computed=SUBJECT,
    summaries={
        "items": Summary(
            by=("scorecard_id", "code"),
            facets=ITEM_FACETS,
            figures={"n": with_a("share"), "mean_share": "round(avg(share), 4)", "lowest": "min(share)"},
        )
    },
    sorts=("revealed_at", "share", "weight"),
    filters=(
        *WHERE_TO_FIND,
        "code",
        "kind",
        "auto_fail",
        "inspectors",
        "revealed_at",
        "share",
        "agreed_at",
        "consensus",
    ),
)
def calibration_items(rows: Items, event: CalibrationOpened | CalibrationRevealed | ConsensusSet, at: Instant) -> Items:
    match event:
        case CalibrationOpened():
            return rows or tuple(to_be_marked(event, item) for item in event.items)
        case CalibrationRevealed():
            scores = by_inspector(event)
            return tuple(marked(row, scores, at) for row in rows)
        case ConsensusSet(score=score):
            worth = {mark.code: mark.attainment for mark in score.items}
            return tuple(replace(row, agreed_at=at, consensus=worth.get(row.code)) for row in rows)


def to_be_marked(event: CalibrationOpened, item: Item) -> CalibratedItem:
    return CalibratedItem(
        calibration_id=event.calibration_id,
        code=item.code,
        call_id=event.call_id,
        scorecard_id=event.scorecard_id,
        scorecard_number=event.scorecard_number,
        weight=item.weight,
        kind=item.kind,
        auto_fail=item.auto_fail,
        zh=item.zh,
        en=item.en,
    )


def marked(row: CalibratedItem, scores: Mapping[StaffId, Scored], at: Instant) -> CalibratedItem:
    given = {
        inspector: mark.attainment
        for inspector, score in scores.items()
        for mark in score.items
        if mark.code == row.code
    }
    share, _ = agreed(scores, row.code)
    return replace(row, revealed_at=at, inspectors=tuple(given), attainments=tuple(given.values()), share=share)


# Inspector by inspector


@table
class CalibrationScore(Scoped):
    """What one inspector scored, once it is revealed, and by how many points that lies above what the call was worth,
    or below: above the consensus, or the mean of all as long as there is none. `month` is that of the opening, in UTC.
    """

    calibration_id: CalibrationId
    inspector: StaffId
    call_id: CallId
    scorecard_id: ScorecardId
    scorecard_number: int
    month: str
    scored_at: Instant | None = None
    revealed_at: Instant | None = None
    raw: Decimal | None = None
    final: Decimal | None = None
    auto_failed: bool | None = None
    apart: Decimal | None = None


SCORE_FACETS = ("inspector", "month", "scorecard_id", "scorecard_number")
Scores = tuple[CalibrationScore, ...]


@projection(
    "calibration_scores",
    key=("calibration_id",),
    rows_by=("inspector",),
    version=1,
    scoped=False,
    reserved=True,
    computed=SUBJECT,
    summaries={
        "bias": Summary(
            by=("inspector",),
            facets=SCORE_FACETS,
            figures={
                "n": with_a("apart"),
                "bias": "round(avg(apart), 2)",
                "lowest": "min(apart)",
                "highest": "max(apart)",
                "mean_distance": "round(avg(abs(apart)), 2)",
            },
        )
    },
    sorts=("month", "inspector", "scored_at", "revealed_at", "final", "apart"),
    filters=(
        *WHERE_TO_FIND,
        "inspector",
        "month",
        "scored_at",
        "revealed_at",
        "final",
        "auto_failed",
        "apart",
    ),
)
def calibration_scores(rows: Scores, event: CalibrationEvent, at: Instant) -> Scores:
    match event:
        case CalibrationOpened():
            return rows or tuple(to_score(event, inspector, at) for inspector in event.participants)
        case BlindScoreSubmitted(inspector=inspector):
            return tuple(replace(row, scored_at=at) if row.inspector == inspector else row for row in rows)
        case CalibrationRevealed():
            scores = by_inspector(event)
            return lying_apart(tuple(told(row, scores.get(row.inspector), at) for row in rows), None)
        case ConsensusSet(score=score):
            return lying_apart(rows, score.final)


def to_score(event: CalibrationOpened, inspector: StaffId, at: Instant) -> CalibrationScore:
    return CalibrationScore(
        calibration_id=event.calibration_id,
        inspector=inspector,
        call_id=event.call_id,
        scorecard_id=event.scorecard_id,
        scorecard_number=event.scorecard_number,
        month=month_at(at, "UTC"),
    )


def told(row: CalibrationScore, score: Scored | None, at: Instant) -> CalibrationScore:
    """Who left before he had scored has none, nor has who scored what was erased."""
    if score is None:
        return row
    return replace(row, revealed_at=at, raw=score.raw, final=score.final, auto_failed=score.auto_failed)


def lying_apart(rows: Scores, consensus: Decimal | None) -> Scores:
    apart = bias([{row.inspector: row.final for row in rows if row.final is not None}], [consensus])
    return tuple(
        replace(row, apart=rounded(apart[row.inspector], POINTS)) if row.inspector in apart else row for row in rows
    )
