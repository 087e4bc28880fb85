"""What may be asked of a pool: a new version of its terms."""

from dataclasses import fields
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from commands.decider import Decider
from domain.access import Action
from domain.errors import Invalid, said
from domain.pool import AnyPool, Pool, PoolEvent, PoolPublished, Terms, Unpublished, evolve
from domain.staff import proper
from domain.values import OrgPath, PoolId, value

pools = Decider[AnyPool, PoolEvent](
    name="pool",
    plural="pools",
    id_field="pool_id",
    key=PoolId,
    initial=lambda _: Unpublished(),
    evolve=evolve,
    governs=True,
)


LARGEST = 1_000_000  # Days, hours or leads; more than a calendar, or a person, can hold.


OF_THE_SERVER = frozenset({"localtime", "posixrules"})  # Another server would count other days.


def is_known(time_zone: str) -> bool:
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # A folder, or a name too long for a file, is an OSError.
        return False
    return time_zone not in OF_THE_SERVER


@value
class PublishPool:
    """`members` are organisation paths: whoever works in one of them, or below, may claim."""

    pool_id: PoolId
    name: str
    members: tuple[OrgPath, ...]
    terms: Terms = Terms()


@pools.decides(Action.ADMINISTER)
def publish(command: PublishPool, pool: Unpublished | Pool) -> PoolPublished:
    """Publish a pool, or new terms for one; what was decided under the old ones stays decided."""
    terms = command.terms
    for nth, member in enumerate(command.members):
        proper(member, f"members/{nth}")
    if not is_known(terms.time_zone):
        raise Invalid(field="terms/time_zone", because=f"{terms.time_zone!r} is no IANA time zone")
    for number in fields(terms):
        amount = getattr(terms, number.name)
        if isinstance(amount, int) and not 0 <= amount <= LARGEST:
            raise Invalid(field=f"terms/{number.name}", because=f"this is 0 to {LARGEST}")
    return PoolPublished(
        pool_id=command.pool_id,
        number=pool.number + 1 if isinstance(pool, Pool) else 1,
        name=said("name", command.name),
        members=command.members,
        terms=terms,
    )
