"""The pool directory: which pools there are, and which organisations are their members."""

from domain.pool import PoolPublished
from domain.values import OrgPath, PoolId
from projections.projection import projection
from projections.rows import Row, table


@table
class PublicPool(Row):
    pool_id: PoolId
    name: str
    members: tuple[OrgPath, ...]
    holding_cap: int = 200  # For whom no other has been set.


@projection(
    "pool_directory",
    key=("pool_id",),
    version=2,
    scoped=False,
    prompt=True,
    sorts=("name",),
    filters=("pool_id", "members"),
)
def pool_directory(_: PublicPool | None, event: PoolPublished) -> PublicPool | None:
    return PublicPool(
        pool_id=event.pool_id, name=event.name, members=event.members, holding_cap=event.terms.holding_cap
    )
