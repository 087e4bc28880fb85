"""Key accounts: the best customers, and those whom somebody looks after as if they were, and who that is."""

from domain.customer.dossier import Segment, is_key_account
from domain.customer.facts.lifecycle import CustomerStatusChanged
from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored, CustomersMerged, CustomerUnmerged
from domain.customer.facts.owners import CustomerAssigned, CustomerReleased, CustomerTransferred
from domain.customer.facts.person import CustomerAdopted
from domain.customer.facts.protection import PersonalDataErased
from domain.customer.facts.relations import RevenueStandingChanged, ValueSegmentChanged
from domain.revenue import Standing
from domain.values import CustomerId, Instant
from ledger.envelope import Recorded
from projections.projection import projection
from projections.rows import Scoped, replace, table


@table
class KeyAccount(Scoped):
    """He is one by his segment, or by his standing among those who bring most. `owner_id` is who looks after him as a
    key account, if anybody does, and stays so when he is none any more; `since` when he became one. Who is known from
    history alone waits for nobody before he is adopted.
    """

    customer_id: CustomerId
    since: Instant
    live: bool
    segment: Segment | None = None
    standing: Standing = "usual"

    @property
    def waits(self) -> bool:
        return self.live and self.owner_id is None and is_key_account(self.segment, self.standing)


@projection(
    "key_accounts",
    key=("customer_id",),
    version=2,
    computed={"subject_id": (str, "'customer/' || customer_id")},
    sorts=("since",),
    filters=("customer_id", "owner_id", "segment", "standing", "since"),
)
def key_accounts(
    row: KeyAccount | None,
    event: ValueSegmentChanged
    | RevenueStandingChanged
    | CustomerAssigned
    | CustomerTransferred
    | CustomerReleased
    | CustomersMerged
    | CustomerUnmerged
    | CustomerRestored
    | CustomerAbsorbed
    | CustomerStatusChanged
    | PersonalDataErased
    | CustomerAdopted,
    recorded: Recorded,
) -> KeyAccount | None:
    known = row or KeyAccount(customer_id=event.customer_id, since=recorded.occurred_at, live=False)
    live = known.live or not recorded.imported
    match event:
        case ValueSegmentChanged(to=segment):
            return kept(replace(known, segment=segment, live=live))
        case RevenueStandingChanged(to=standing):
            return kept(replace(known, standing=standing, live=live))
        case CustomerAdopted():
            return row and replace(row, live=True)
        case CustomerAssigned(role="key_account", owner=owner) | CustomerTransferred(role="key_account", to=owner):
            return replace(known, owner_id=owner)
        case CustomerReleased(role="key_account"):
            return kept(replace(known, owner_id=None))
        case CustomersMerged() | CustomerUnmerged() | CustomerRestored():
            dossier = event.kept
            now = replace(known, segment=dossier.segment, standing=dossier.standing, live=live)
            return kept(replace(now, owner_id=dossier.owners.get("key_account")))
        case CustomerAbsorbed() | PersonalDataErased() | CustomerStatusChanged(to="closed"):
            return None
        case _:
            return row


def kept(row: KeyAccount) -> KeyAccount | None:
    return row if is_key_account(row.segment, row.standing) or row.owner_id is not None else None
