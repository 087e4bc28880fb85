"""The deadlines of the policy of key accounts: who brings most is ranked when a month is over."""

from domain.key_account_policy import KeyAccountPolicyPublished, RankingBegun
from domain.month import end_of, month_after, month_at
from ledger.envelope import Recorded
from projections.deadlines.row import Deadlines, deadline


def of_key_accounts(rows: Deadlines, event: KeyAccountPolicyPublished | RankingBegun, recorded: Recorded) -> Deadlines:
    """The month in which the policy is first published is the first that is ranked."""
    zone = event.terms.time_zone
    match event:
        case KeyAccountPolicyPublished() if rows:
            return rows  # What is due stays due; from then on the new terms hold.
        case KeyAccountPolicyPublished():
            return deadline(rows, recorded, "ranking", end_of(month_at(recorded.occurred_at, zone), zone))
        case RankingBegun(month=month):
            return deadline(rows, recorded, "ranking", end_of(month_after(month), zone))
