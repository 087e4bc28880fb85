"""What is looked for in a list, on a real PostgreSQL; and what of it who may not know is shown."""

from typing import Any

import pytest

from domain.access import Scope
from domain.actor import Actor
from domain.lead.facts.intake import LeadCaptured
from domain.values import CustomerId, OrgPath
from projections import sql
from projections.projection import Projection, projection
from projections.query import BadQuery, Listing, count, page
from projections.rows import OfPerson, PersonalText, Scoped, table
from projections.scope import Reach
from projections.solved_cases import solved_cases
from projections.staff_directory import staff_directory
from projections.words import words
from tests.projections.lists import NOW, Views

pytestmark = pytest.mark.slow  # On a real database.


@table
class Case(OfPerson):
    number: int
    name: PersonalText | None = None
    nicknames: tuple[PersonalText, ...] = ()
    phones: tuple[str, ...] = ()
    words: tuple[PersonalText, ...] = ()


@projection("cases", key=("number",), version=1, search=("name", "phones"), words="words")
def cases(row: Case | None, _: LeadCaptured) -> Case | None:
    return row


def case(number: int, text: str = "", **columns: Any) -> Case:
    return Case(number=number, words=words(text), **columns)


@pytest.fixture
def filled(views: Views) -> Views:
    with views.session.transaction() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {sql.table(cases, 1)} CASCADE")
        for statement in (sql.create_table(cases, 1), *sql.create_indexes(cases, 1), *sql.show(cases, 1)):
            cursor.execute(statement)
    views.put(
        cases,
        case(1, "The printer does not print", name="Lin Wei", phones=("+86138****8000",)),
        case(2, "打印机无法连接", name="林伟", nicknames=("小林", "伟"), phones=("+86139****8001", "+86138****9999")),
        case(3, "", name="100% O'Neil_", phones=("+4930****4567",)),
        case(4),
    )
    return views


def found(views: Views, search: str, view: Projection = cases, reach: Reach | None = None) -> list[int]:
    return [row["number"] for row in views.run(page(view, Listing(NOW, reach, search=search)))]


def of_everything(role: str) -> Reach:
    return Reach(Actor(kind="service", id="x", role=role, org_path=OrgPath("")), Scope.ALL)


@pytest.mark.parametrize(
    ("search", "wanted"),
    [
        ("lin", [1]),
        (" LIN w", [1]),
        ("林", [2]),
        ("0% O'N", [3]),
        ("l_n", []),
        ("%", [3]),
        ("\\", []),
        ("il_", [3]),
        ("+8613800008000", [1]),
        ("+86 138-0000-8000", [1]),
        ("+8613800008001", []),
        ("13911118001", [2]),
        ("9999", [2]),
        ("999", []),
        ("printer", [1]),
        ("print not", [1]),
        ("打印机", [2]),
        ("无法打印", []),
        ("nobody", []),
    ],
)
def test_a_text_is_looked_for_where_the_view_says(filled: Views, search: str, wanted: list[int]) -> None:
    assert found(filled, search) == wanted
    assert filled.run(count(cases, Listing(NOW, None, search=search))) == [{"count": len(wanted)}]


def test_what_is_not_searched_says_so() -> None:
    with pytest.raises(BadQuery, match="staff_directory is not searched"):
        page(staff_directory, Listing(NOW, None, search="lin"))


def test_words_are_looked_in_and_not_shown(filled: Views) -> None:
    statement = page(cases, Listing(NOW, None))
    assert "words" not in statement.columns
    assert all("words" not in row for row in filled.run(statement))


@pytest.mark.parametrize(
    ("role", "names", "nicknames"),
    [
        ("service_account", ["Lin Wei", "林伟", "100% O'Neil_", None], [[], ["小林", "伟"], [], []]),
        ("analyst", ["L***", "林***", "1***", None], [[], ["小***", "伟***"], [], []]),
        ("auditor", ["L***", "林***", "1***", None], [[], ["小***", "伟***"], [], []]),
    ],
)
def test_who_reads_everything_and_works_with_nobody_sees_how_names_begin(
    filled: Views, role: str, names: list[str | None], nicknames: list[Any]
) -> None:
    rows = filled.run(page(cases, Listing(NOW, of_everything(role))))
    assert [row["name"] for row in rows] == names
    assert [row["nicknames"] for row in rows] == nicknames


@pytest.mark.parametrize(
    ("search", "knowing", "not_knowing"),
    [
        ("lin", [1], []),
        ("林伟", [2], []),
        ("林", [2], [2]),
        ("o'neil", [3], []),
        ("printer", [1], []),
        ("打印机", [2], []),
        ("+8613800008000", [1], [1]),
        ("9999", [2], [2]),
    ],
)
def test_who_sees_how_names_begin_finds_by_nothing_else(
    filled: Views, search: str, knowing: list[int], not_knowing: list[int]
) -> None:
    """Or a name could be learnt letter by letter, and a text word by word."""
    assert found(filled, search, reach=of_everything("service_account")) == knowing
    assert found(filled, search, reach=of_everything("analyst")) == not_knowing


def test_where_all_that_is_searched_is_hidden_the_reader_is_told_so() -> None:
    asked = Listing(NOW, of_everything("analyst"), search="printer")
    with pytest.raises(BadQuery, match="solved_cases is searched by those who may know what is personal"):
        page(solved_cases, asked)


def test_what_is_personal_is_only_in_rows_that_can_say_it_was_erased() -> None:
    @table
    class Careless(Scoped):
        customer_id: CustomerId
        name: PersonalText | None = None

    def fold(row: Any, event: Any) -> Any:
        return row

    fold.__annotations__ = {"row": Careless | None, "event": LeadCaptured}
    with pytest.raises(AssertionError, match="cannot tell that somebody was erased"):
        projection("careless", key=("customer_id",), version=1)(fold)
