"""What stands behind the ? of an address is taken, or refused by its name: nothing is passed over, nothing breaks."""

from urllib.parse import quote

import pytest

from projections import VIEWS
from tests.api.house import CRM, LEAD, House, problem
from tests.api.viewed import Views

pytestmark = pytest.mark.slow  # On a real database.

ID = "01932c07-209d-7c4e-9a52-5d0e4c0f8b19"
SCREEN_POP = "/screen-pop?phone=%2B8613800138000"
STRICT = (
    "/leads/{lead}",
    "/leads/{lead}/events",
    "/leads/{lead}/compared",
    f"/commands/{ID}",
    SCREEN_POP,
    f"/customers/{ID}/overview",
    "/views/sales_worklist",
    "/views/sales_worklist.csv",
    "/views/sales_worklist/count",
    "/views/sales_worklist/changes?wait=0",
    "/views/funnel/stages",
    "/views/funnel/stages.csv",
)
AS_THEY_COME = ("/healthz", "/readyz", "/metrics", "/docs.css", "/problems", "/problems/not-found", "/openapi.json")


@pytest.fixture
def house(read_house: House, views: Views) -> House:
    return read_house.captured()


def refused(house: House, address: str) -> dict[str, str]:
    """What is wrong with its parameters, by their names."""
    found = problem(house.get(address, CRM), 422, "invalid-request")["errors"]
    return {each["parameter"]: each["detail"] for each in found if each["in"] == "query"}


def more(address: str, query: str) -> str:
    return f"{address.format(lead=LEAD)}{'&' if '?' in address else '?'}{query}"


def test_what_an_address_does_not_take_is_named(house: House) -> None:
    for address in STRICT:
        assert [*refused(house, more(address, "colour=red"))] == ["colour"], address
        assert [*refused(house, more(address, "%00=%00"))] == ["\0"], address
        assert house.get(more(address, ""), CRM).status_code in (200, 404), address
    assert refused(house, f"{SCREEN_POP}&as_of=40000") == {"as_of": "this address takes phone, region"}
    assert refused(house, f"/commands/{ID}?After=1") == {"After": "this address takes no parameters"}
    assert refused(house, f"/leads/{LEAD}?After=1&x=") == dict.fromkeys(
        ("After", "x"), "this address takes as_of, as_of_occurred"
    )


def test_what_stands_there_twice_is_refused(house: House) -> None:
    for address, name in (
        ("/views/sales_worklist?limit=1&limit=2", "limit"),
        ("/views/sales_worklist?as_of=1&as_of=2", "as_of"),
        ("/views/sales_worklist?sort=score&sort=-score", "sort"),
        ("/views/sales_worklist.csv?search=a&search=b", "search"),
        ("/views/sales_worklist/count?group=a&group=b", "group"),
        ("/views/sales_worklist/changes?wait=0&wait=0", "wait"),
        (f"/leads/{LEAD}/events?after=1&after=2", "after"),
        (f"/leads/{LEAD}?as_of=1&as_of=2", "as_of"),
        (f"{SCREEN_POP}&phone=1", "phone"),
        (f"/customers/{ID}/overview?limit=1&limit=2", "limit"),
    ):
        assert refused(house, address) == {name: "this is there more than once"}, address
    both = house.get("/views/sales_worklist?score.ge=1&score.ge=2&status.ne=new&status.ne=lost", CRM)
    assert both.status_code == 200, "conditions hold together"


def test_who_looks_whether_we_live_may_add_what_he_likes(house: House) -> None:
    """A probe that makes its address new each time, or a browser, is not to fail for that."""
    for address in AS_THEY_COME:
        assert house.get(f"{address}?ts=1&ts=2", CRM).status_code == 200, address


HOSTILE = (
    *("", " ", "\0", "\x01", "\x7f", "%", "\\", "'", "{", "{a", ",", "1,,2", "x" * 5_000, "\ufeff", "\U0001f600" * 100),
    *("-1", "-0", "1_0", "1e400", "1e999999", "nan", "Infinity", "9" * 30, "9" * 5_000, "2026", "TRUE", "NEW"),
    *("2026-02-30", "2026-01-01", "2026-01-01T00:00", "2026-01-01T00:00+99:00", "0001-01-01T00:00:00Z"),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "-99999w", "+99999w", "2026-01-01T00:00 Mars/X"),
)


def test_no_filter_breaks_by_what_it_is_compared_with(house: House) -> None:
    """A column of each type, stored and computed."""
    columns = {
        (view.told(name).type, name in view.computed): (view.name, name)
        for view in VIEWS
        if not view.inward
        for name in view.filters
    }
    for (kind, _), (view, name) in columns.items():
        for operator in ("has",) if kind.endswith("[]") else ("ge", "in"):
            for text in HOSTILE:
                answer = house.get(f"/views/{view}/count?{name}.{operator}={quote(text)}", CRM)
                assert answer.status_code in (200, 422), (view, name, operator, text)
                if answer.status_code == 422:
                    assert [each["parameter"] for each in answer.json()["errors"]] == [f"{name}.{operator}"]


def test_no_other_parameter_breaks_by_what_it_says(house: House) -> None:
    for address in ("/views/sales_worklist", "/views/funnel/stages", "/views/sales_worklist/changes?wait=0"):
        for name in ("limit", "sort", "cursor", "search", "group", "as_of", "as_of_occurred", "by", "after"):
            for text in HOSTILE:
                answer = house.get(more(address, f"{name}={quote(text)}"), CRM)
                assert answer.status_code in (200, 422), (address, name, text)
                if answer.status_code == 422 and "errors" in answer.json():
                    assert [each["parameter"] for each in answer.json()["errors"]] == [name]


def test_a_date_is_not_taken_from_a_number(house: House) -> None:
    """2026 is a year to who writes it, and would be the first hour of 1970."""
    for query in ("captured_at.ge=2026", "captured_at.ge=0", "captured_at.in=2026-01-01T00:00Z,7"):
        (found,) = refused(house, f"/views/sales_worklist?{query}").values()
        assert found.startswith("a date is written as")
    assert house.get("/views/sales_worklist?captured_at.ge=-10d", CRM).status_code == 200


def test_a_region_that_has_no_telephones_is_named(house: House) -> None:
    for region in ("XX", "%00%00", "12"):
        assert [*refused(house, f"{SCREEN_POP}&region={region}")] == ["region"]
    assert house.get(f"{SCREEN_POP}&region=cn", CRM).status_code == 200


def test_a_masked_number_finds_nobody_elses(house: House) -> None:
    for masked in ("%2B86138****0163", "%2B86138xxxx0163", "138****0163"):
        assert [*refused(house, f"/screen-pop?phone={masked}&region=CN")] == ["phone"]
