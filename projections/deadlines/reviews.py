"""The deadlines of reviews: until when the agent can appeal. Then it is closed, acknowledged or not."""

from domain.quality.review.facts import (
    AppealUpheld,
    ReviewAcknowledged,
    ReviewAdopted,
    ReviewAppealed,
    ReviewClosed,
    ReviewPublished,
    ReviewVoided,
    ScoreAdjusted,
)
from ledger.envelope import Recorded
from projections.deadlines.row import Deadlines, deadline
from projections.rows import replace


def of_reviews(
    rows: Deadlines,
    event: ReviewPublished
    | ReviewAcknowledged
    | ReviewAppealed
    | AppealUpheld
    | ScoreAdjusted
    | ReviewClosed
    | ReviewVoided
    | ReviewAdopted,
    recorded: Recorded,
) -> Deadlines:
    match event:
        case ReviewPublished() | AppealUpheld() | ScoreAdjusted():
            over = event.appeal_until or recorded.occurred_at  # After the last level there is nothing to wait for.
            return deadline(rows, recorded, "appeal-over", over)
        case ReviewAcknowledged():
            return rows
        case ReviewAdopted():
            return tuple(replace(row, armed=True, caused_by=recorded.event_id) for row in rows)
        case _:
            return ()
