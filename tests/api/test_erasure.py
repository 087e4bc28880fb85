"""Somebody is forgotten: whatever is asked, and as of whatever moment, says that he is, since when and by whom."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.api.house import CRM, House
from tests.api.viewed import by_now, kept_up

pytestmark = pytest.mark.slow  # On a real database, with a worker.

ADMIN = {"X-Actor": "service:setup", "X-Role": "administrator"}
LI, WU = "00000000-0000-0000-0000-0000000000c1", "00000000-0000-0000-0000-0000000000c2"
NAME, TAIL, NOTE = "Li Na", "5601", "wants a piano by Friday"
HIS = (NAME, TAIL, NOTE)


@pytest.fixture
def house(database_url: str) -> Iterator[House]:
    with kept_up(database_url) as house:
        yield house


def done(house: House, path: str, body: Any, by: Any = CRM, **headers: str) -> None:
    answer = house.post(path, body, by, **headers)
    assert answer.status_code == 200, answer.text


def known(house: House) -> None:
    for customer_id, name, phone in ((LI, NAME, f"+861380000{TAIL}"), (WU, "Wu Wei", "+8613900007702")):
        identity = {"kind": "phone", "value": phone}
        done(house, f"/customers/{customer_id}/create", {"profile": {"name": name}, "identities": [identity]})
        touch = {"channel": "phone", "direction": "inbound", "note": NOTE if customer_id == LI else "hers"}
        done(house, f"/customers/{customer_id}/record-touchpoint", touch)


def everything(house: House, **asked: Any) -> dict[str, str]:
    """What can be read of customers, one way and another."""
    query = f"?{urlencode(asked)}" if asked else ""
    paths = (f"/views/customers{query}", f"/views/customers.csv{query}")
    found = {path: answered(house, path).text for path in paths}
    if not asked:
        for path in (f"/customers/{LI}", f"/customers/{LI}/events", f"/customers/{LI}/overview"):
            found[path] = answered(house, path).text
    return found


def answered(house: House, path: str) -> Any:
    by = CRM | {"X-Purpose": "spec"}  # What is not masked is exported for something.
    answer = house.get(path, by) if "as_of" in path else by_now(house, path, by)
    assert answer.status_code == 200, answer.text
    return answer


def test_who_is_forgotten_is_so_in_every_answer_at_every_moment(house: House) -> None:
    known(house)
    position, at = house.position, house.app.service.write.ledger.recorded_at(house.position).isoformat()
    moments: tuple[dict[str, Any], ...] = ({}, {"as_of": position}, {"as_of": at}, {"as_of_occurred": at})
    for asked in moments:
        before = everything(house, **asked)
        assert any(NAME in text for text in before.values()), asked
    done(house, f"/customers/{LI}/erase-personal-data", None, ADMIN)
    for asked in moments:
        for path, text in everything(house, **asked).items():
            assert not [each for each in HIS if each in text], path
            if path.startswith("/views/customers?") or path == "/views/customers":
                rows = {row["customer_id"]: row for row in answered(house, path).json()["rows"]}
                assert (rows[LI]["name"], rows[LI]["phones"], rows[LI]["erased_by"]) == (None, [], "setup")
                assert rows[LI]["erased_on"] is not None
                assert (rows[WU]["name"], rows[WU]["erased_on"]) == ("Wu Wei", None), "of others nothing is lost"


def test_nobody_says_from_outside_what_is_forgotten_with_him(house: House) -> None:
    known(house)
    done(house, f"/customers/{LI}/erase-personal-data", None, ADMIN)
    body = {"subjects": [f"order/{WU}"], "kept": []}
    for by in (CRM, ADMIN):
        assert house.post(f"/erasures/{LI}/forget-more", body, by).status_code == 403
