"""Key accounts: the best customers, and those whom somebody looks after as if they were, and who that is."""

from domain.customer.dossier import Segment, is_key_account
from domain.customer.facts.lifecycle import CustomerStatusChanged
from domain.customer.facts.merging import CustomerAbsorbed, CustomerRestored, CustomersMerged, CustomerUnmerged
from domain.customer.facts.owners import (
    CustomerAssigned,
    CustomerCollaboratorAdded,
    CustomerReleased,
    CustomerTransferred,
)
from domain.customer.facts.person import CustomerAdopted
from domain.customer.facts.protection import PersonalDataErased
from domain.customer.facts.relations import RevenueStandingChanged, ValueSegmentChanged
from domain.revenue import Standing
from domain.values import CustomerId, Instant, StaffId
from ledger.envelope import Recorded
from projections.looked_after import LookedAfter, looked_after
from projections.projection import projection
from projections.rows import replace, table


@table
class KeyAccount(LookedAfter):
    """He is one by his segment, or by his standing among those who bring most; `keeper` is who looks after him as a key
    account, if anybody does, and stays so when he is none any more. `since` when he became one, or got his keeper. Who
    is known from history alone waits for nobody before he is adopted.

    Who is neither one nor has a keeper is not listed; nor is who is `gone`: closed, erased, or another by now.
    """

    customer_id: CustomerId
    since: Instant | None = None
    live: bool = False
    segment: Segment | None = None
    standing: Standing = "usual"
    counts: bool = False
    gone: bool = False

    @property
    def keeper(self) -> StaffId | None:
        return dict(zip(self.roles, self.owners, strict=True)).get("key_account")

    @property
    def waits(self) -> bool:
        return self.live and self.counts and self.keeper is None


Valued = ValueSegmentChanged | RevenueStandingChanged | CustomersMerged | CustomerUnmerged | CustomerRestored
Kept = CustomerAssigned | CustomerTransferred | CustomerReleased | CustomerCollaboratorAdded


@projection(
    "key_accounts",
    key=("customer_id",),
    version=3,
    listed="counts",
    sought_by=("counts",),
    computed={
        "subject_id": (str, "'customer/' || customer_id"),
        "keeper": (str, "owners[array_position(roles, 'key_account')]"),
    },
    sorts=("since",),
    filters=("customer_id", "owner_id", "keeper", "segment", "standing", "since"),
)
def key_accounts(
    row: KeyAccount | None,
    event: Valued | Kept | CustomerAbsorbed | CustomerStatusChanged | PersonalDataErased | CustomerAdopted,
    recorded: Recorded,
) -> KeyAccount | None:
    if row is None:
        if not isinstance(event, Valued | Kept):
            return None
        row = KeyAccount(customer_id=event.customer_id)
    if isinstance(event, CustomerAdopted) or (isinstance(event, Valued) and not recorded.imported):
        row = replace(row, live=True)
    match event:
        case ValueSegmentChanged(to=segment):
            row = replace(row, segment=segment)
        case RevenueStandingChanged(to=standing):
            row = replace(row, standing=standing)
        case CustomerAssigned() | CustomerTransferred() | CustomerReleased() | CustomerCollaboratorAdded():
            row = looked_after(row, event)
        case CustomersMerged(kept=kept) | CustomerUnmerged(kept=kept) | CustomerRestored(kept=kept):
            row = looked_after(replace(row, segment=kept.segment, standing=kept.standing, gone=False), event)
        case CustomerAbsorbed() | PersonalDataErased() | CustomerStatusChanged(to="closed"):
            row = replace(row, segment=None, standing="usual", gone=True)
        case CustomerStatusChanged() | CustomerAdopted():
            pass
    return counted(row, recorded.occurred_at)


def counted(row: KeyAccount, at: Instant) -> KeyAccount:
    """Whether he is one, and since when."""
    if row.gone or (not is_key_account(row.segment, row.standing) and row.keeper is None):
        return replace(row, counts=False, since=None)
    return replace(row, counts=True, since=row.since or at)
