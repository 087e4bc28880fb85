"""Every address that shows somebody says so in the access log, or stands here with a reason."""

import time
from collections.abc import Iterator, Mapping
from urllib.parse import quote
from uuid import UUID

import pytest

from api.looking import PUBLIC, PUBLISHED
from commands import DECIDERS
from domain.values import CustomerId, IdentityId, LeadId
from projections import VIEWS
from projections.enquirers import Enquirer, enquirers
from projections.sql import table
from tests.access.anything import NOON
from tests.access.office import ROLES, Office
from tests.access.pages import pages
from tests.access.people import ALL, PLACES
from tests.access.subjects import key_of, may_see, places_beside, places_of
from tests.access.test_routes import OPEN, asked, routes
from tests.api.house import CRM
from tests.memory import MemoryRows
from tests.projections.lists import Views

pytestmark = pytest.mark.slow  # On a real database.

SHOWN = [view for view in VIEWS if not view.inward]
OF_NOBODY = {"churn_models", "churn_terms", "sla_terms", "dispatch_rules", "sampling_plans", "working_hours", "groups"}
NUMBER = "+8613900000777"
NOWHERE = UUID(int=99_998)


def memory(office: Office) -> MemoryRows:
    rows = office.house.app.service.write.ledger.rows
    assert isinstance(rows, MemoryRows)
    return rows


def unlogged() -> Mapping[str, str]:
    """What is not logged, and why that is right."""
    found = {path: "nothing in it is anybody's" for _, path in OPEN}
    for decider in DECIDERS:
        if decider.name in PUBLISHED:
            here = f"/{decider.plural}/{{{decider.id_field}}}"
            found |= dict.fromkeys((here, f"{here}/events", f"{here}/compared"), "it is published, and of nobody")
    for view in SHOWN:
        here = f"/views/{view.name}"
        found[f"{here}/count"] = "a number, and nobody's name"
        for name in view.summaries:
            found |= dict.fromkeys((f"{here}/{name}", f"{here}/{name}.csv"), "figures; logged where told by subject")
        if view.name in PUBLIC | OF_NOBODY:
            found |= dict.fromkeys((here, f"{here}.csv", f"{here}/changes"), "everybody sees it, and it is of nobody")
    found["/customers/{customer_id}/erasure-receipt"] = (
        "it proves that somebody was forgotten, and shows nothing of him"
    )
    signed = ("/audit/checkpoints", "/audit/consistency")
    found |= dict.fromkeys(signed, "hashes and signatures of the whole ledger, in which nobody stands")
    found["/audit/proof/{event}"] = "whom it tells of is logged, and here nothing is sealed: tests/api/test_proving.py"
    found["/audit/span"] = "positions and times; logged where asked of a subject: tests/api/test_looks.py"
    found["/operations"] = "how the service stands, in which nobody stands"
    found["/policies"] = "what the service does by itself, and nobody's data"
    of_all = ("/churn/survival", "/churn/fits/{kind}", "/churn/models")
    found |= dict.fromkeys(of_all, "figures of the house, in which nobody stands")
    found["/churn/scores"] = "whom it tells of is logged, and here no model is on record: tests/api/test_churned.py"
    found["/churn/report"] = "whom it lists is logged, and here nobody is at risk: tests/api/test_churned.py"
    of_pages = (path for method, path in pages() if method == "GET")
    found |= dict.fromkeys(of_pages, "what it shows it asks of others, which log it")
    told_by_the_ledger = "its subjects stand in the ledger, which is elsewhere here: tests/api/test_looks.py"
    found |= dict.fromkeys((f"/views/audit_trail{each}" for each in ("", ".csv", "/changes")), told_by_the_ledger)
    return found


@pytest.fixture(scope="module")
def ringing(office: Office, world: Views) -> Iterator[str]:
    """A number that leads to a lead which is in the views."""
    lead = UUID(int=7_777)
    body = {"source": "web", "channel": "web", "identities": [{"kind": "phone", "value": NUMBER}]}
    assert office.house.post(f"/leads/{lead}/capture", body, CRM).status_code == 200
    (identity,) = office.house.get(f"/leads/{lead}", CRM).json()["identities"]
    first = UUID(int=1)
    row = Enquirer(
        identity_id=IdentityId(UUID(identity)),
        kind="phone",
        since=NOON,
        lead_id=LeadId(first),
        customer_id=CustomerId(first),
    )
    world.put(enquirers, row)
    yield quote(NUMBER)
    with world.session.transaction() as cursor:
        cursor.execute(f"DELETE FROM {table(enquirers, 1)} WHERE identity_id = %s", [identity])


def addresses(office: Office, path: str, role: str, phone: str) -> Iterator[str]:
    """Where something is to be seen, of an address."""
    if path == "/screen-pop":
        yield f"{path}?phone={phone}"
    elif path == "/commands/{command_id}":
        yield f"/commands/{asked(office, 90_000 + ROLES.index(role), office.rob(role))}"
    elif path == "/audit/why/{event}":
        yield "/audit/why/1"
    elif path in {"/customers/{customer_id}/overview", "/customers/{customer_id}/alike"}:
        ids = (str(UUID(int=number)) for number, _ in enumerate(PLACES, start=1))
        yield from (path.replace("{customer_id}", each) for each in ids)
    elif path == "/churn/tables/{name}":
        yield "/churn/tables/histories"
    elif "{" in path:
        [decider] = [each for each in DECIDERS if path.startswith(f"/{each.plural}/{{")]
        for place in (*places_of(decider), *places_beside(decider)):
            if may_see(decider, place, ALL):
                yield path.replace(f"{{{decider.id_field}}}", str(key_of(decider, place)))
    else:
        yield f"{path}?wait=0&after=1" if path.endswith("/changes") else path


@pytest.mark.parametrize("role", ["service_account", "auditor"])
def test_every_address_that_shows_somebody_is_logged(office: Office, ringing: str, role: str) -> None:
    house, reasons = office.house, unlogged()
    log, rows = house.app.service.look_log, memory(office)
    paths = {path for method, path in routes(house.app) if method == "GET"}
    assert [*(reasons.keys() - paths)] == [], "these are not there"
    before = {*rows.looks}
    answered = set()
    for path in sorted(paths - reasons.keys()):
        for here in addresses(office, path, role, ringing):
            if office.get(here, role).status_code == 200:
                answered.add(path)
    until = time.monotonic() + 30
    while log.length or log.written < len(rows.looks):
        assert time.monotonic() < until
        time.sleep(0.05)
    time.sleep(0.1)  # What is being written is in no queue any more.
    logged = {look.route.partition(" ")[2] for key, look in rows.looks.items() if key not in before}
    assert [*(paths - reasons.keys() - answered)] == [], "nobody could look there"
    assert [*(answered - logged)] == [], "these show somebody, and say so nowhere"


@pytest.mark.parametrize(
    "path", [f"/leads/{NOWHERE}", f"/leads/{NOWHERE}/events", f"/views/customers?customer_id={NOWHERE}"]
)
def test_who_sees_nothing_has_not_looked(office: Office, path: str) -> None:
    rows = memory(office)
    office.get(path, "sales")
    time.sleep(0.8)
    seen = [look for look in rows.looks.values() if any(str(NOWHERE) in each for each in look.subjects)]
    assert seen == []
