"""Every address has an entry here, and what it answers in every role: one that is new has to be thought about first."""

import csv
import io
from collections.abc import Iterator, Mapping
from urllib.parse import urlencode
from uuid import UUID

import pytest
from starlette.routing import Route

from api.addresses import has_events
from api.app import Application
from api.commands import address
from commands import DECIDERS
from domain.access import TABLE
from domain.values import CustomerId, IdentityId, LeadId
from projections import VIEWS
from projections.enquirers import Enquirer, enquirers
from projections.projection import Projection
from projections.sql import table
from tests.access.anything import NOON
from tests.access.office import ROLES, Office, same
from tests.access.pages import pages
from tests.access.people import PLACES, SEES, SEES_EVERYTHING
from tests.access.rows import FIRST, are_listed, keys_at, may_see
from tests.access.subjects import NUMBERS
from tests.api.house import CRM, application, problem
from tests.commands.test_access import RIGHTS
from tests.projections.lists import Views

pytestmark = pytest.mark.slow  # On a real database.

Address = tuple[str, str]
SHOWN = [view for view in VIEWS if not view.inward]
NOWHERE = {"pool_directory", "pool_board", "ticket_capacity", "capacity", "groups"}
"""Views of which no row leads to a subject that the office has: their people and pools are made up."""


# What there is


OPEN = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/docs"),
    ("GET", "/docs.css"),
    ("GET", "/openapi.json"),
    ("GET", "/problems"),
    ("GET", "/problems/{name}"),
}
"""For whoever comes: nothing in them is anybody's."""

WRITTEN_OUT = {("GET", "/docs"), ("GET", "/openapi.json")}
"""It takes its time to make these; specs of the document ask for them, and nobody says who he is."""

AROUND = {
    ("GET", "/screen-pop"),
    ("GET", "/customers/{customer_id}/overview"),
    ("GET", "/customers/{customer_id}/alike"),
}
"""Several views at once, each as its reader sees it."""

OF_LOOKS = {("GET", f"/audit/looks{each}") for each in ("", ".csv", "/days")}
"""Who looked at whom: for whoever sees everything."""

OF_ERASURES = {("GET", "/customers/{customer_id}/erasure-receipt")}
"""For whoever may erase."""

OF_VALUES = {("POST", f"/subjects/{{kind}}/{{key}}/{each}") for each in ("resolve", "open")}
"""What is sealed in events, for whoever may know it: test_resolving.py."""

OF_TABLES = {("POST", f"/imports/leads{each}") for each in ("", "/columns", "/preview")}
"""Tables of leads, for whoever may send what their rows ask: tests/api/test_imports.py."""

OF_PARTS = {("GET", "/reviews/{review_id}/part")}
"""What somebody has to know for his part in a review: test_inspecting.py."""

OF_COMMANDS = {("POST", "/commands"), ("GET", "/commands/{command_id}")}
"""Commands line by line, each as if it came alone; and what came of one."""


AUDIT = {("GET", "/audit"), ("GET", "/audit/why/{event}"), ("GET", "/audit/span")}
"""What has changed and what was refused, and why: for whoever sees everything."""


PROOFS = {("GET", f"/audit/{each}") for each in ("checkpoints", "proof/{event}", "consistency")}
"""What was signed, and that it is as it was: for whoever sees everything. The office's ledger is one that nobody seals;
what is answered of one that is, stands in tests/api/test_proving.py.
"""

OF_POLICIES = {("GET", "/policies")}
"""What the service does by itself: for whoever may let it rest, and whoever sees everything."""


CHURN = {
    ("GET", f"/churn/{each}") for each in ("tables/{name}", "survival", "fits/{kind}", "models", "scores", "report")
}
"""Figures of the house are for whoever sees everything; rows about customers as each sees these: test_churned.py."""


OPERATIONS = {("GET", f"/operations{each}") for each in ("", "/dead-letters")}
"""How the service stands, and what does not go on: for whoever sees everything."""


def subjects() -> Iterator[Address]:
    for decider in DECIDERS:
        here = f"/{decider.plural}/{{{decider.id_field}}}"
        yield from (("GET", here), ("GET", f"{here}/events"), ("GET", f"{here}/compared"))


def views() -> Iterator[Address]:
    for view in SHOWN:
        figures = [each for name in view.summaries for each in (f"/{name}", f"/{name}.csv")]
        for each in ("", ".csv", "/count", "/changes", *figures):
            yield "GET", f"/views/{view.name}{each}"


def commands(app: Application) -> Iterator[Address]:
    for form in app.service.forms.values():
        plural, verb = address(form)
        yield "POST", f"/{plural}/{{{form.decider.id_field}}}/{verb}"


def routes(app: Application) -> Iterator[Address]:
    """All addresses, of whatever has been put together to make the application."""
    found = [*app.routes]
    while found:
        each = found.pop()
        if isinstance(each, Route):
            yield from ((method, each.path) for method in (each.methods or ()) if method != "HEAD")
        else:
            found += each.original_router.routes  # type: ignore[attr-defined]  # What includes a router names it so.


def test_every_address_has_an_entry() -> None:
    app = application()
    whole = [
        *OPEN,
        *AROUND,
        *AUDIT,
        *PROOFS,
        *OF_LOOKS,
        *OF_ERASURES,
        *OF_VALUES,
        *OF_TABLES,
        *OF_POLICIES,
        *OF_PARTS,
        *CHURN,
        *OPERATIONS,
    ]
    there, known = [*routes(app)], [*whole, *OF_COMMANDS, *subjects(), *views(), *commands(app), *pages()]
    assert [*({*there} - {*known})] == [], "these have no entry"
    assert [*({*known} - {*there})] == [], "these are not there"
    assert len(there) == len({*there}) == len(known), "each once"


def test_every_command_that_has_an_address_takes_a_right() -> None:
    named = {form.name for form in application().service.forms.values()}
    assert named == {name for names in RIGHTS.values() for name in names}


FOR: Mapping[str, set[str]] = {
    "everybody": {
        "staff_directory",
        "pool_directory",
        "sla_terms",
        "dispatch_rules",
        "sampling_plans",
        "working_hours",
        "churn_terms",
        "groups",
    },
    "whoever sees everything": {
        "audit_trail",
        "group_members",
        "deadlines",
        "order_refunds",
        "customers_apart",
        "inspectable_tickets",
        "calibrations",
        "calibration_items",
        "calibration_scores",
        "churn_models",
    },
    "whoever sees what it leads to": {"contacts", "contact_pressure", "customer_activity", "enquirers"},
    "nobody": {"belongings", "forgotten_people", "lead_likeness"},
    "whose it is": {
        "sales_worklist",
        "funnel",
        "status_time",
        "ticket_capacity",
        "ticket_dispatch",
        "capacity",
        "dispatch_queue",
        "inspectable_calls",
        "inspected_scores",
        "key_accounts",
        "revenue",
        "lead_turns",
        "qa_queue",
        "agent_quality",
        "review_appeals",
        "pool_board",
        "custody_ledger",
        "ticket_queue",
        "sla_report",
        "solved_cases",
        "customers",
        "value_matrix",
        "orders",
        "receivables",
        "credit",
        "commission_basis",
        "targets",
        "campaign_results",
        "purchases",
        "customer_lives",
    },
}
"""For whom the rows of a view are."""


def for_whom(view: Projection) -> str:
    if view.inward:
        return "nobody"
    if view.reserved:
        return "whoever sees everything"
    if view.through is not None:
        return "whoever sees what it leads to"
    return "whose it is" if view.scoped else "everybody"


def test_of_every_view_it_is_said_for_whom_it_is() -> None:
    assert {view.name: for_whom(view) for view in VIEWS} == {
        name: whom for whom, names in FOR.items() for name in names
    }


# What is answered


@pytest.mark.parametrize(("method", "path"), sorted(OPEN - WRITTEN_OUT))
def test_what_is_open_is_open(office: Office, method: str, path: str) -> None:
    assert office.house.ask(method, path.replace("{name}", "hidden")).status_code == 200


def test_whoever_does_not_say_who_he_is_is_not_answered(office: Office) -> None:
    for method, path in routes(office.house.app):
        if (method, path) not in {*OPEN, *pages()}:
            here = "/".join(str(UUID(int=1)) if part.startswith("{") else part for part in path.split("/"))
            problem(office.house.ask(method, here, params={"phone": "1"}), 401, "unauthenticated")


def test_whoever_has_not_signed_in_is_shown_no_page_and_sends_nothing(office: Office) -> None:
    for method, path in pages():
        here = "/".join(str(UUID(int=1)) if part.startswith("{") else part for part in path.split("/"))
        found = office.house.ask(method, here)
        assert found.status_code in {303, 401, 404}, (method, path, found.text)
        assert not found.text or found.status_code != 303


def test_nobody_comes_from_outside_as_a_policy(office: Office) -> None:
    assert {*TABLE} - {*ROLES} == {"policy"}
    problem(office.house.get("/leads/x", {"X-Actor": "service:rob", "X-Role": "policy"}), 401, "unauthenticated")
    problem(office.house.get("/leads/x", {"X-Actor": "policy:rob"}), 401, "unauthenticated")


@pytest.mark.parametrize("view", SHOWN, ids=lambda view: view.name)
def test_a_view_is_answered_with_what_the_reader_may_see(office: Office, role: str, view: Projection) -> None:
    here = f"/views/{view.name}"
    if view.reserved and role not in SEES_EVERYTHING:
        for each in ("", ".csv", "/count", "/changes?wait=0"):
            problem(office.get(f"{here}{each}", role), 403, "not-allowed")
        return
    there = len(keys_at(view, may_see(view, role) & are_listed(view)))
    assert len(office.get(f"{here}?limit=500", role).json()["rows"]) == there
    assert office.get(f"{here}/count", role).json() == {"count": there}
    assert len([*csv.reader(io.StringIO(office.get(f"{here}.csv", role).text))]) == there + 1
    since = FIRST if view.scoped else 0
    assert office.get(f"{here}/changes?wait=0&after={since}", role).text.count("event: row\n") == there


@pytest.mark.parametrize("each", ["", ".csv", "/count", "/changes"])
def test_what_is_for_nobody_has_no_address(office: Office, role: str, each: str) -> None:
    for view in VIEWS:
        if view.inward:
            problem(office.get(f"/views/{view.name}{each}", role), 404, "not-found")


LINKED = [view for view in SHOWN if has_events(view)]


@pytest.mark.parametrize("view", LINKED, ids=lambda view: view.name)
def test_whoever_is_shown_a_row_may_read_its_events(office: Office, view: Projection) -> None:
    """No link leads where its reader may not go; of what is not there at all, nobody is told."""
    there: dict[str, bool] = {}
    for role in ("analyst", "sales_manager", "sales"):
        if view.reserved and role != "analyst":
            continue
        for row in office.get(f"/views/{view.name}?limit=500", role).json()["rows"]:
            link = row["events"]
            if role == "analyst" and link is not None:
                there[link] = office.get(link, role).status_code == 200
            elif link is not None and there[link]:
                assert office.get(link, role).status_code == 200, (role, link)
    of_nothing = "subject_id" in view.by_name or view.appends or view.name in NOWHERE
    assert any(there.values()) or of_nothing, "nothing has been followed"


@pytest.mark.parametrize("path", ["/audit", "/audit/why/1", "/audit/span"])
def test_what_was_done_and_why_is_told_to_who_sees_everything(office: Office, path: str) -> None:
    for role in ROLES:
        answer = office.get(path, role)
        if role in SEES_EVERYTHING:
            assert answer.status_code == 200, role
        else:
            problem(answer, 403, "not-allowed")


def test_what_was_signed_is_told_to_who_sees_everything(office: Office) -> None:
    for role in ROLES:
        proof, since = office.get("/audit/proof/1", role), office.get("/audit/consistency?from=1", role)
        checkpoints = office.get("/audit/checkpoints", role)
        if role in SEES_EVERYTHING:
            assert checkpoints.status_code == 200, role
            problem(proof, 404, "hidden")
            problem(since, 422, "invalid-request")
        else:
            for answer in (proof, since, checkpoints):
                problem(answer, 403, "not-allowed")


def test_a_person_s_events_are_offered_to_himself_and_his_managers(office: Office) -> None:
    def offered(role: str) -> set[str]:
        rows = office.get("/views/staff_directory", role).json()["rows"]
        return {row["staff_id"] for row in rows if row["events"] is not None}

    assert offered("sales") == {"rob"}
    assert offered("sales_manager") == {"rob", "ann", "kim"}
    assert offered("auditor") == {"rob", "ann", "kim", "sue"}


NOBODY = UUID(int=99_999)


def test_a_customer_s_page_is_there_for_who_may_see_him(office: Office) -> None:
    for role in ROLES:
        missing = office.get(f"/customers/{NOBODY}/overview", role)
        problem(missing, 404, "hidden")
        for number, place in enumerate(PLACES, start=1):
            answer = office.get(f"/customers/{UUID(int=number)}/overview", role)
            if place in SEES[role]:
                assert answer.status_code == 200, (role, place)
                assert [each["lead_id"] for each in answer.json()["leads"]] == [str(UUID(int=number))]
            else:
                assert same(answer, missing, UUID(int=number), NOBODY), (role, place)


def test_his_history_tells_what_the_reader_may_see(office: Office) -> None:
    """The leads that he once was went from hand to hand: of each its events are told to whoever may see it now."""
    leads = {f"lead/{UUID(int=number)}" for number in NUMBERS.values()}
    for role in ROLES:
        seen = {f"lead/{UUID(int=number)}" for place, number in NUMBERS.items() if place in SEES[role]}
        for number, place in enumerate(PLACES, start=1):
            if place in SEES[role]:
                history = office.get(f"/customers/{UUID(int=number)}/overview", role).json()["timeline"]
                assert {each["stream"] for each in history} & leads == seen, (role, place)


def phone(number: int) -> str:
    return f"+8613900000{number:03}"


@pytest.fixture(scope="module")
def with_phones(office: Office, world: Views) -> Iterator[Office]:
    """Each lead, and the customer that it became, has a number that leads to both."""
    for number, _ in enumerate(PLACES, start=1):
        lead = UUID(int=number + 1_000)
        body = {"source": "web", "channel": "web", "identities": [{"kind": "phone", "value": phone(number)}]}
        assert office.house.post(f"/leads/{lead}/capture", body, CRM).status_code == 200
        (identity,) = office.house.get(f"/leads/{lead}", CRM).json()["identities"]
        world.put(
            enquirers,
            Enquirer(
                identity_id=IdentityId(UUID(identity)),
                kind="phone",
                since=NOON,
                lead_id=LeadId(UUID(int=number)),
                customer_id=CustomerId(UUID(int=number)),
            ),
        )
    yield office
    with world.session.transaction() as cursor:
        cursor.execute(f"DELETE FROM {table(enquirers, 1)} WHERE as_of_position = 0")


def test_a_receipt_is_for_who_may_erase(office: Office) -> None:
    for role in ROLES:
        answer = office.get(f"/customers/{UUID(int=1)}/erasure-receipt", role)
        if role == "administrator":
            problem(answer, 404, "no-receipt")
        else:
            problem(answer, 403, "not-allowed")


def test_who_calls_is_told_to_who_may_see_him(with_phones: Office) -> None:
    for role in ROLES:
        missing = with_phones.get("/screen-pop?" + urlencode({"phone": phone(999)}), role)
        assert missing.json()["caller"] is None
        for number, place in enumerate(PLACES, start=1):
            answer = with_phones.get("/screen-pop?" + urlencode({"phone": phone(number)}), role)
            if place in SEES[role]:
                assert answer.json()["caller"]["id"] == str(UUID(int=number)), (role, place)
                assert [each["lead_id"] for each in answer.json()["leads"]] == [str(UUID(int=number))]
            else:
                assert same(answer, missing, answer.json()["phone"], missing.json()["phone"]), (role, place)


def test_who_looked_is_told_to_who_sees_everything(office: Office) -> None:
    for role in ROLES:
        for _, path in OF_LOOKS:
            answer = office.get(path, role)
            if role in SEES_EVERYTHING:
                assert answer.status_code == 200, (role, path)
            else:
                problem(answer, 403, "not-allowed")


def test_how_the_service_stands_is_told_to_who_sees_everything(office: Office) -> None:
    for role in ROLES:
        for _, path in OPERATIONS:
            answer = office.get(path, role)
            if role in SEES_EVERYTHING:
                assert answer.status_code == 200, (role, path)
            else:
                problem(answer, 403, "not-allowed")


def test_what_came_of_a_command_is_told_to_who_sent_it_and_to_who_sees_everything(office: Office) -> None:
    theirs = asked(office, 70_000, {"X-Actor": "service:somebody"})
    for number, role in enumerate(ROLES, start=80_000):
        mine = asked(office, number, office.rob(role))
        missing = office.get(f"/commands/{NOBODY}", role)
        problem(missing, 404, "hidden")
        assert office.get(f"/commands/{mine}", role).status_code == 200, role
        answer = office.get(f"/commands/{theirs}", role)
        if role in SEES_EVERYTHING:
            assert answer.status_code == 200, role
        else:
            assert same(answer, missing, theirs, NOBODY), role


def asked(office: Office, number: int, by: Mapping[str, str]) -> UUID:
    """A command that was refused, under its id."""
    command = UUID(int=number)
    answer = office.house.post(f"/leads/{NOBODY}/contact", None, by, idempotency_key=str(command))
    assert answer.status_code in {403, 404}, answer.text
    return command
