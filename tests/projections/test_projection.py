"""How a read model is declared, and how its rows are found, folded and laid out."""

from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass
from dataclasses import replace as slow_replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import pytest

from consumers.lines import copied
from domain.pool import PoolPublished, Terms
from domain.staff import StaffDeparted, StaffMoved, StaffOnboarded
from domain.values import Instant, LeadId, OrgPath, PoolId, StaffId
from ledger.envelope import Recorded
from projections import VIEWS, capacity
from projections.columns import columns
from projections.figures import Summary
from projections.folding import Aside, FoldFailed, Table, Told
from projections.projection import Projection, projection
from projections.rows import Row, Scoped, replace, table
from tests.projections.spec import around

Kind = Literal["a", "b"]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@table
class Everything(Row):
    lead_id: LeadId
    org: OrgPath
    kind: Kind
    number: int
    amount: Decimal | None
    share: float
    yes: bool
    on: date
    at: Instant | None
    names: tuple[StaffId, ...] = ()
    ends: tuple[Instant | None, ...] = ()
    ids: tuple[UUID, ...] | None = None


EVERYTHING = Everything(
    lead_id=LeadId(UUID(int=1)),
    org=OrgPath("north"),
    kind="a",
    number=1,
    amount=None,
    share=0.5,
    yes=True,
    on=date(2026, 3, 1),
    at=None,
)


@table
class Person(Row):
    staff_id: StaffId
    org_path: OrgPath
    seen: int = 0


@projection("people", key=("staff_id",), version=1, scoped=False)
def people(row: Person | None, event: StaffOnboarded | StaffMoved | StaffDeparted | PoolPublished) -> Person | None:
    match row, event:
        case None, StaffOnboarded(staff_id=staff_id, org_path=org_path):
            return Person(staff_id=staff_id, org_path=org_path)
        case Person(), PoolPublished(number=13):
            raise ValueError("thirteen")
        case Person(), PoolPublished():
            return replace(row, seen=row.seen + 1)
        case Person(), StaffMoved(to=to):
            return replace(row, org_path=to)
        case Person(), StaffDeparted():
            return None
        case _:
            return row


@people.finds_by("org_path")
def everybody_of(event: PoolPublished) -> OrgPath:
    return event.members[0]


def onboarded(name: str, org: str = "north") -> StaffOnboarded:
    return StaffOnboarded(staff_id=StaffId(name), name=name, role="sales", org_path=OrgPath(org))


def published(org: str, number: int = 1) -> PoolPublished:
    return PoolPublished(pool_id=PoolId("p"), number=number, name="P", members=(OrgPath(org),), terms=Terms())


def fold(*events: object, known: tuple[Row, ...] = ()) -> Table:
    found = Table(people, known)
    found.fold([(number, None, event) for number, event in enumerate(events, start=1)])
    return found


# Declaration


def test_the_annotations_say_what_it_reads_and_what_the_table_is() -> None:
    assert people.reads == (StaffOnboarded, StaffMoved, StaffDeparted, PoolPublished)
    assert people.row is Person
    assert people.tells == "nothing"


def test_a_third_parameter_says_what_is_told_beside() -> None:
    def when(row: Person | None, event: StaffDeparted, at: Instant) -> Person | None: ...
    def everything(row: Person | None, event: StaffDeparted, recorded: Recorded) -> Person | None: ...
    def nonsense(row: Person | None, event: StaffDeparted, number: int) -> Person | None: ...

    declare: Callable[..., Any] = projection("x", key=("staff_id",), version=1, scoped=False)
    assert declare(when).tells == "when"
    assert declare(everything).tells == "all"
    with pytest.raises(AssertionError, match="an Instant or a Recorded"):
        declare(nonsense)


def test_what_cannot_be_is_refused_where_it_is_declared() -> None:
    def evolve(row: Person | None, event: StaffDeparted) -> Person | None: ...

    with pytest.raises(AssertionError, match="does not tell who holds what"):
        projection("x", key=("staff_id",), version=1)(evolve)
    with pytest.raises(AssertionError, match="no columns"):
        projection("x", key=("nothing",), version=1, scoped=False)(evolve)
    with pytest.raises(AssertionError, match="cannot be sorted"):
        projection("x", key=("staff_id",), version=1, scoped=False, sorts=("nothing",))(evolve)
    with pytest.raises(AssertionError, match=r"no columns \{'nothing'\}"):
        projection("x", key=("staff_id",), version=1, scoped=False, filters=("nothing",))(evolve)
    figures = Summary(by=(), facets=("nothing",), figures={})
    with pytest.raises(AssertionError, match=r"no columns \{'nothing'\}"):
        projection("x", key=("staff_id",), version=1, scoped=False, summaries={"y": figures})(evolve)
    view = projection("x", key=("staff_id",), version=1, scoped=False)(evolve)
    with pytest.raises(AssertionError, match="does not read all of"):
        view.finds_by("org_path")(everybody_of)


# What is known of them is a great deal, and that is worth 1.6 kB a row: there are not so many of these.
WIDE = {"churn_models", "contacts", "customers", "sla_report", "solved_cases", "ticket_queue"}


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_row_is_small_in_memory(view: Any) -> None:
    """Beyond 29 columns rows share no names any more, and take four times the memory."""
    assert (len(view.columns) > 29) == (view.name in WIDE)


def test_the_fingerprint_changes_with_version_key_and_columns() -> None:
    def evolve(row: Person | None, event: StaffDeparted) -> Person | None: ...
    def other(row: Everything | None, event: StaffDeparted) -> Everything | None: ...
    def more(row: Person | None, event: StaffDeparted | StaffMoved) -> Person | None: ...

    declared = [
        projection("x", key=("staff_id",), version=1, scoped=False)(evolve),
        projection("x", key=("staff_id",), version=2, scoped=False)(evolve),
        projection("x", key=("org_path",), version=1, scoped=False)(evolve),
        projection("x", key=("lead_id",), version=1, scoped=False)(other),
        projection("x", key=("staff_id",), version=1, scoped=False)(more),
    ]
    assert len({view.fingerprint for view in declared}) == len(declared)
    assert declared[0].fingerprint == projection("x", key=("staff_id",), version=1, scoped=False)(evolve).fingerprint


# Rows


def test_rows_are_values() -> None:
    with pytest.raises(FrozenInstanceError):
        EVERYTHING.number = 2  # type: ignore[misc]
    assert replace(EVERYTHING, number=2) == slow_replace(EVERYTHING, number=2)
    assert replace(EVERYTHING, number=2) != EVERYTHING
    assert EVERYTHING.number == 1


def test_the_position_of_a_row_is_not_what_it_says() -> None:
    assert replace(EVERYTHING, as_of_position=9) == EVERYTHING


def test_a_row_has_all_of_its_columns_and_no_others() -> None:
    with pytest.raises(AssertionError, match="lacks"):
        Person(staff_id=StaffId("ann"))  # type: ignore[call-arg]
    with pytest.raises(AssertionError, match="has no"):
        Person(staff_id=StaffId("ann"), org_path=OrgPath("n"), shoe=43)  # type: ignore[call-arg]


# Columns


def test_types_of_columns_come_from_the_annotations() -> None:
    assert {each.name: (each.type, each.nullable) for each in columns(Everything)} == {
        "lead_id": ("uuid", False),
        "org": ("text", False),
        "kind": ("text", False),
        "number": ("bigint", False),
        "amount": ("numeric", True),
        "share": ("double precision", False),
        "yes": ("boolean", False),
        "on": ("date", False),
        "at": ("timestamptz", True),
        "names": ("text[]", False),
        "ends": ("timestamptz[]", False),
        "ids": ("uuid[]", True),
        "as_of_position": ("bigint", False),
    }


def test_what_every_row_carries_comes_last() -> None:
    @table
    class Mine(Scoped):
        lead_id: LeadId
        amount: Decimal | None = None

    names = [each.name for each in columns(Mine)]
    assert names[:2] == ["lead_id", "amount"]
    assert names[2:] == ["owner_id", "pool_id", "formerly", "collaborators", "collaborating_until", "as_of_position"]


@pytest.mark.parametrize("annotation", [dict[str, int], tuple[int, int], int | str, bytes, Literal[1]])
def test_what_has_no_column_type_is_refused(annotation: Any) -> None:
    row = table(dataclass_of(annotation))
    with pytest.raises(AssertionError):
        columns(row)


def dataclass_of(annotation: Any) -> type[Row]:
    return type("Odd", (Row,), {"__annotations__": {"odd": annotation}})


def test_a_line_for_copy_escapes_what_means_something_there() -> None:
    odd = StaffId('a\\b\tc\nd\re"f,g{h}')
    line = copied(Person)([Person(staff_id=odd, org_path=OrgPath("N\\N"))])
    assert line == 'a\\\\b\\tc\\nd\\re"f,g{h}\tN\\\\N\t0\t0\n'
    with pytest.raises(ValueError, match="NUL"):
        copied(Person)([Person(staff_id=StaffId("a\0b"), org_path=OrgPath("n"))])


# Folding


def test_an_event_finds_rows_by_a_column() -> None:
    found = fold(onboarded("ann"), onboarded("bob"), onboarded("sue", "south"), published("north"))
    assert [(row.staff_id, row.seen) for row in found.rows()] == [("ann", 1), ("bob", 1), ("sue", 0)]  # type: ignore[attr-defined]


def test_an_event_may_find_rows_by_several_values_each_row_once() -> None:
    view: Projection = projection("many", key=("staff_id",), version=1, scoped=False)(people.evolve)

    @view.finds_by("org_path")
    def everybody_of_all(event: PoolPublished) -> tuple[OrgPath, ...]:
        return event.members

    both = slow_replace(published("north"), members=(OrgPath("south"), OrgPath("north"), OrgPath("south")))
    told = (onboarded("ann"), onboarded("sue", "south"), onboarded("eve", "east"), both)
    for batches in ([told], [[each] for each in told]):
        known: tuple[Row, ...] = ()
        for batch in batches:
            found = Table(view, known)
            found.fold([(number, None, event) for number, event in enumerate(batch, start=1)])
            known = tuple(found.rows())
        assert sorted((row.staff_id, row.seen) for row in known) == [("ann", 1), ("eve", 0), ("sue", 1)]  # type: ignore[attr-defined]


def test_rows_are_found_where_they_are_now() -> None:
    moved = StaffMoved(staff_id=StaffId("ann"), role="sales", from_=OrgPath("north"), to=OrgPath("south"))
    gone = StaffDeparted(staff_id=StaffId("bob"))
    found = fold(onboarded("ann"), onboarded("bob"), moved, gone, published("north"), published("south"))
    assert [(row.staff_id, row.seen) for row in found.rows()] == [("ann", 1)]  # type: ignore[attr-defined]


def test_what_a_fold_finds_of_its_key_is_in_order_whether_it_has_just_been_made_or_read_again() -> None:
    def met(rows: tuple[Person, ...], event: StaffOnboarded) -> tuple[Person, ...]:
        newcomer = Person(staff_id=event.staff_id, org_path=event.org_path, seen=len(rows))
        return (newcomer, *(replace(row, seen=number) for number, row in enumerate(rows)))

    view: Projection = projection("met", key=("org_path",), rows_by=("staff_id",), version=1, scoped=False)(met)
    told = [onboarded(name) for name in ("eve", "bob", "sue", "ann")]
    at_once, known = Table(view), Table(view)
    at_once.fold([(number, None, event) for number, event in enumerate(told)])
    for number, event in enumerate(told):
        known = Table(view, reversed([*known.rows()]))
        known.fold([(number, None, event)])
    assert [*at_once.rows()] == [*known.rows()]
    assert [row.seen for row in at_once.rows()] == [3, 0, 1, 2]  # type: ignore[attr-defined]


@table
class Note(Row):
    number: int
    staff_id: StaffId


@projection("notes", key=("as_of_position",), rows_by=("number",), version=1, appends=True, scoped=False, reserved=True)
def notes(rows: tuple[Note, ...], event: StaffOnboarded | StaffDeparted) -> tuple[Note, ...]:
    assert rows == ()
    if event.staff_id == "eve":
        raise ValueError("eve")
    return tuple(Note(number=number, staff_id=event.staff_id) for number in range(len(event.staff_id) - 2))


def noted(*events: object, first: int = 1) -> Table:
    found = Table(notes)
    found.fold([(number, around(number, NOON, event), event) for number, event in enumerate(events, start=first)])
    return found


def test_where_a_view_appends_each_event_has_rows_of_its_own_and_is_given_none() -> None:
    found = noted(onboarded("anna"), StaffDeparted(staff_id=StaffId("anna")), onboarded("jo"), first=7)
    told = [(row.as_of_position, row.number) for row in found.rows()]  # type: ignore[attr-defined]
    assert told == [(7, 0), (7, 1), (8, 0), (8, 1)]
    written, gone = found.changes()
    assert (written, gone) == ([*found.rows()], [])


def test_what_is_appended_before_a_fold_fails_is_kept() -> None:
    table = Table(notes)
    told = [(number, around(number, NOON, each), each) for number, each in enumerate(map(onboarded, ("bob", "eve")))]
    with pytest.raises(FoldFailed, match="StaffOnboarded at position 1"):
        table.fold(told)
    assert [row.as_of_position for row in table.rows()] == [0]


def test_a_view_that_appends_has_no_other_key() -> None:
    with pytest.raises(AssertionError, match="another key"):
        projection("x", key=("staff_id",), version=1, appends=True, scoped=False)(notes.evolve)
    with pytest.raises(AssertionError, match="by scope, or to who may read everything"):
        projection("x", key=("staff_id",), version=1, reserved=True)(capacity.evolve)


def test_rows_that_are_known_already_are_found_too() -> None:
    known = Person(staff_id=StaffId("ann"), org_path=OrgPath("north"), seen=4)
    assert [row.seen for row in fold(published("north"), known=(known,)).rows()] == [5]  # type: ignore[attr-defined]


def test_to_know_a_key_with_many_rows_each_of_them_is_looked_at_once() -> None:
    """What is known of one key is all there is to load where a view has many rows of it."""
    looked_at = 0

    def place_of(note: Note) -> int:
        nonlocal looked_at
        looked_at += 1
        return note.number

    view = slow_replace(notes)
    view.__dict__["place_of"] = place_of
    found = Table(
        view, [Note(as_of_position=1, number=number, staff_id=StaffId("ann")) for number in range(500, 0, -1)]
    )
    assert [row.number for row in found.rows()] == [*range(1, 501)]  # type: ignore[attr-defined]
    assert (found.size, looked_at) == (500, 500)


def test_only_what_changed_is_written() -> None:
    known = [Person(staff_id=StaffId(name), org_path=OrgPath("north")) for name in ("ann", "bob", "sue")]
    gone = StaffDeparted(staff_id=StaffId("bob"))
    moved = StaffMoved(staff_id=StaffId("sue"), role="sales", from_=OrgPath("north"), to=OrgPath("south"))
    written, deleted = fold(onboarded("ann"), gone, moved, onboarded("mia"), known=tuple(known)).changes()
    assert [row.staff_id for row in written] == ["sue", "mia"]  # type: ignore[attr-defined]
    assert deleted == [known[1]]


def test_a_row_that_came_and_went_leaves_nothing_to_do() -> None:
    assert fold(onboarded("ann"), StaffDeparted(staff_id=StaffId("ann"))).changes() == ([], [])


def test_a_fold_that_fails_says_where_and_has_done_nothing_of_it() -> None:
    table = Table(people)
    events = [onboarded("ann"), onboarded("bob"), published("north"), published("north", 13), onboarded("sue")]
    with pytest.raises(FoldFailed, match="cannot fold PoolPublished at position 4") as failed:
        table.fold([(number, None, event) for number, event in enumerate(events, start=1)])
    assert failed.value.position == 4
    assert [row.seen for row in table.rows()] == [1, 1]  # type: ignore[attr-defined]


def test_nothing_personal_is_in_what_a_failed_fold_says() -> None:
    table = Table(people, [Person(staff_id=StaffId("ann"), org_path=OrgPath("north"))])
    with pytest.raises(FoldFailed) as failed:
        table.fold([(1, datetime(2026, 3, 1), published("north", 13))])  # noqa: DTZ001
    assert "thirteen" not in str(failed.value)


def told(*events: object) -> list[Told]:
    return [(number, None, event) for number, event in enumerate(events, start=1)]


def test_a_key_whose_fold_fails_does_not_go_on_and_all_others_do() -> None:
    moved = StaffMoved(staff_id=StaffId("ann"), role="sales", from_=OrgPath("north"), to=OrgPath("south"))
    events = [onboarded("ann"), onboarded("sue", "south"), published("north", 13), moved, published("south")]
    table, aside = Table(people), Aside()
    table.fold_aside(told(*events), aside)
    assert {row.staff_id: row.seen for row in table.rows()} == {"ann": 0, "sue": 1}  # type: ignore[attr-defined]
    assert aside.keys == {"ann"}
    assert [(each.key, each.position, each.failed is not None) for each in aside.parked] == [
        ("ann", 3, True),
        ("ann", 4, False),
        ("ann", 5, False),
    ]
    assert aside.parked[0].type is PoolPublished


def test_each_key_of_an_event_stands_for_itself() -> None:
    table, aside = Table(people), Aside(skipped={(3, "bob")})
    table.fold_aside(told(onboarded("ann"), onboarded("bob"), published("north", 13), published("north")), aside)
    assert {row.staff_id: row.seen for row in table.rows()} == {"ann": 0, "bob": 1}  # type: ignore[attr-defined]
    assert aside.keys == {"ann"}


def test_where_a_row_is_found_by_key_alone_it_is_parked_too_unless_nobody_knows_by_which() -> None:
    def evolve(row: Person | None, event: StaffOnboarded | StaffDeparted | PoolPublished) -> Person:
        assert row is None
        return people.evolve(row, event)  # type: ignore[no-any-return]

    view = projection("x", key=("staff_id",), version=1, scoped=False)(evolve)
    table, aside = Table(view, remember=False), Aside()
    table.fold_aside(told(onboarded("ann"), onboarded("ann"), onboarded("bob")), aside)
    assert {row.staff_id: row.as_of_position for row in table.rows()} == {"ann": 1, "bob": 3}  # type: ignore[attr-defined]
    assert aside.keys == {"ann"}
    with pytest.raises(FoldFailed, match="PoolPublished at position 1"):
        table.fold_aside(told(published("north")), Aside())


def test_a_dataclass_that_is_no_table_is_no_row() -> None:
    @dataclass
    class Loose:
        staff_id: str

    def evolve(row: Loose | None, event: StaffDeparted) -> Loose | None: ...

    with pytest.raises(AssertionError, match="is no row"):
        projection("x", key=("staff_id",), version=1, scoped=False)(evolve)
