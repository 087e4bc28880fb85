"""Groups that can be asked for by name, and everybody's stay in each."""

from domain.group import Condition, GroupPublished, GroupWithdrawn, MemberEntered, MemberLeft
from domain.values import GroupId, Instant
from projections.projection import projection
from projections.rows import Row, replace, table


@table
class PublishedGroup(Row):
    """`conditions` are written as in an address: `status.in=new,lost`."""

    group_id: GroupId
    number: int
    name: str
    view: str
    conditions: tuple[str, ...]
    search: str | None
    sort: str | None
    first: int | None
    published_at: Instant
    withdrawn_at: Instant | None = None


@projection(
    "groups",
    key=("group_id",),
    version=1,
    scoped=False,
    computed={"subject_id": (str, "'group/' || group_id")},
    sorts=("name", "published_at"),
    filters=("group_id", "name", "view", "number", "withdrawn_at"),
    search=("group_id", "name"),
)
def groups(row: PublishedGroup | None, event: GroupPublished | GroupWithdrawn, at: Instant) -> PublishedGroup | None:
    match event:
        case GroupPublished(question=asked):
            return PublishedGroup(
                group_id=event.group_id,
                number=event.number,
                name=event.name,
                view=asked.view,
                conditions=tuple(map(written, asked.conditions)),
                search=asked.search,
                sort=asked.sort,
                first=asked.first,
                published_at=at,
            )
        case GroupWithdrawn():
            return None if row is None else replace(row, withdrawn_at=at)


def written(condition: Condition) -> str:
    return f"{condition.column}.{condition.operator}={condition.text}"


@table
class Stay(Row):
    """From when on, and until when, somebody was in a group; the versions are those that found him and lost him."""

    group_id: GroupId
    subject_id: str
    ordinal: int
    entered: Instant
    entered_by: int
    left: Instant | None = None
    left_by: int | None = None


@projection(
    "group_members",
    key=("group_id", "subject_id"),
    rows_by=("ordinal",),
    version=1,
    scoped=False,
    reserved=True,
    sorts=("entered", "left"),
    filters=("group_id", "subject_id", "ordinal", "entered", "entered_by", "left", "left_by"),
)
def group_members(
    rows: tuple[Stay, ...], event: MemberEntered | MemberLeft | GroupWithdrawn, at: Instant
) -> tuple[Stay, ...]:
    match event:
        case MemberEntered(group_id=group, subject_id=subject, number=number):
            stay = Stay(group_id=group, subject_id=subject, ordinal=len(rows) + 1, entered=at, entered_by=number)
            return (*rows, stay)
        case MemberLeft(number=number):
            return ended(rows, at, number)
        case GroupWithdrawn():
            return ended(rows, at, None)


@group_members.finds_by("group_id")
def of_withdrawn(event: GroupWithdrawn) -> GroupId:
    return event.group_id


def ended(rows: tuple[Stay, ...], at: Instant, number: int | None) -> tuple[Stay, ...]:
    if not rows or rows[-1].left is not None:
        return rows
    return (*rows[:-1], replace(rows[-1], left=at, left_by=number))
