"""Reading a subject, its events and what came of a command: never behind, and only what one may see."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from api.shown import MASK, kebab
from commands import DECIDERS
from domain.erasure import MoreForgotten
from ledger.row import Row
from tests.api.house import ADMIN, ANN, BOB, CAPTURE, CRM, LEAD, MIA, OTHER, SUE, House, problem
from tests.commands.call import situations as of_calls
from tests.commands.customer import situations as of_customers
from tests.commands.order import situations as of_orders
from tests.commands.quality import situations as of_quality
from tests.commands.ticket import situations as of_tickets
from tests.consumers.telling import tell
from tests.spec import OWNER

ALL = {"X-Actor": "service:report", "X-Role": "analyst"}


def test_a_lead_is_shown_with_its_state_version_and_custody(house: House) -> None:
    house.held(by=ANN)
    answer = house.get(f"/leads/{LEAD}", ANN)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["lead_id"], told["version"], told["state"], told["status"]) == (LEAD, 3, "open", "new")
    assert (told["custody"]["state"], told["custody"]["owner"]) == ("held", "ann")
    assert told["custody"]["protect_until"] > "2026"
    assert answer.headers["etag"] == '"3"'
    assert answer.headers["position"] == str(house.position)


def test_custody_is_shown_as_it_goes(house: House) -> None:
    house.captured()
    assert house.get(f"/leads/{LEAD}", MIA).json()["custody"]["state"] == "unassigned"
    house.post(f"/leads/{LEAD}/pool", {"pool_id": "north", "reason": "new"}, CRM)
    assert house.get(f"/leads/{LEAD}", MIA).json()["custody"]["state"] == "pooled"


def test_what_was_closed_is_still_seen_by_who_had_it(house: House) -> None:
    house.held()
    body = {"entries": [{"code": "wrong-number"}]}
    house.post("/catalogs/invalid-reasons/publish-catalog", body, ADMIN)
    assert house.post(f"/leads/{LEAD}/invalidate", {"reason": "wrong-number"}, ANN).status_code == 200
    custody = house.get(f"/leads/{LEAD}", ANN).json()["custody"]
    assert custody == {"state": "unassigned", "last_owner": "ann", "last_pool": "north"}
    problem(house.get(f"/leads/{LEAD}", BOB), 404, "hidden")
    problem(house.get(f"/leads/{LEAD}", SUE), 404, "hidden")


def test_what_has_not_changed_is_not_sent_again(house: House) -> None:
    house.captured()
    assert house.get(f"/leads/{LEAD}", MIA, if_none_match='"1"').status_code == 304
    assert house.get(f"/leads/{LEAD}", MIA, if_none_match='"2", "1"').status_code == 304
    assert house.get(f"/leads/{LEAD}", MIA, if_none_match='"11"').status_code == 200


SPECS = (
    *of_quality.at("published"),
    of_quality.opened,
    *of_tickets.taken,
    *of_customers.published,
    *of_customers.created,
    *of_calls.talked,
    *of_orders.placed,
    MoreForgotten(customer_id=of_customers.LI, subjects=(f"lead/{OTHER}",)),
)
"""What specs of commands begin with."""
BG_NBD = {
    "kind": "bg-nbd",
    "parameters": {"r": "0.24", "alpha": "4.4", "a": "0.79", "b": "2.4"},
    "seen": {"customers": 2_357, "first": "1997-01-01", "last": "1997-09-30", "position": 13_838, "unit_days": 7},
    "search": {"log_likelihood": "-9582.4", "iterations": 76, "converged": True, "gradient": "0"},
    "code": {"version": "0.1.0", "fingerprint": "0f" * 32},
}


def test_every_kind_of_subject_can_be_read(house: House) -> None:
    house.held()
    identity = next(iter(house.get(f"/leads/{LEAD}", ALL).json()["identities"]))
    house.post("/catalogs/sources/publish-catalog", {"entries": [{"code": "ads"}]}, ADMIN)
    house.post(f"/contacts/{OTHER}/create", {"name": "Li"}, CRM)
    house.post("/outreach-policies/standard/publish", {}, ADMIN)
    house.post("/dispatch-rules/web/publish", {"name": "Web", "pool_id": "north"}, ADMIN)
    house.post("/targets/annual/set-target", ANNS_CALLS, ADMIN)
    house.post("/call-policies/calls/publish", {}, ADMIN)
    house.post("/key-account-policies/standard/publish", {}, ADMIN)
    house.post("/groups/new/publish", {"name": "New", "question": {"view": "sales_worklist"}}, ADMIN)
    house.post("/campaigns/spring/record-campaign-cost", ADS_COST, CRM)
    house.post("/churn-models/standard/record-model", BG_NBD, CRM)
    house.post("/read-models/funnel/rebuild", None, ADMIN | {"X-Reason-Code": "mended"})
    house.post("/inbound-topics/shop.orders.v1/skip-message", {"letter_id": OTHER}, ADMIN | {"X-Reason-Code": "mended"})
    rest = datetime.now(UTC) + timedelta(days=1)
    pause = {"until": rest.isoformat()}
    house.post("/policies/circulation/pause", pause, MIA | {"X-Reason-Code": "fair"})
    keys = {
        "leads": LEAD,
        "agent-books": "ann",
        "identities": identity,
        "staff": "ann",
        "pools": "north",
        "catalogs": "sources",
        "contacts": OTHER,
        "outreach-policies": "standard",
        "dispatch-rules": "web",
        "targets": "annual",
        "call-policies": "calls",
        "key-account-policies": "standard",
        "campaigns": "spring",
        "groups": "new",
        "policies": "circulation",
        "churn-models": "standard",
        "read-models": "funnel",
        "inbound-topics": "shop.orders.v1",
    }
    told = [event for event in SPECS if OWNER[type(event)].plural not in keys]
    tell(house.app.service.write.ledger, *told)
    keys |= {OWNER[type(event)].plural: str(getattr(event, OWNER[type(event)].id_field)) for event in told}
    assert keys.keys() == {decider.plural for decider in DECIDERS}
    for plural, key in keys.items():
        states = {kebab(kind) for decider in DECIDERS if decider.plural == plural for kind in decider.states}
        assert house.get(f"/{plural}/{key}", ALL).json()["state"] in states, plural
        assert house.get(f"/{plural}/{key}/events", ALL).json()["events"], plural
    assert house.get("/agent-books/ann", ALL).json()["held"] == [LEAD]


def test_what_is_personal_in_a_contact_is_not_shown(house: House) -> None:
    address = {"kind": "email", "value": "li@example.cn"}
    house.post(f"/contacts/{OTHER}/create", {"name": "Li Na", "addresses": [address], "note": "left-handed"}, ANN)
    answer = house.get(f"/contacts/{OTHER}", ALL)
    profile = answer.json()["profile"]
    assert (profile["name"], profile["addresses"][0]["value"], profile["note"]) == (MASK, MASK, MASK)
    for secret in ("Li Na", "example.cn", "handed"):
        assert secret not in answer.text + house.get(f"/contacts/{OTHER}/events", ALL).text


def test_to_whom_a_contact_is_linked_only_views_tell(house: House) -> None:
    house.post(f"/contacts/{OTHER}/create", {"name": "Li Na"}, ANN)
    for path in (f"/contacts/{OTHER}", f"/contacts/{OTHER}/events"):
        problem(house.get(path, MIA), 503, "view-not-built")


def test_a_merge_shows_nothing_personal_either(house: House) -> None:
    for contact, name in ((LEAD, "Li Na"), (OTHER, "Lina")):
        assert house.post(f"/contacts/{contact}/create", {"name": name, "note": "left-handed"}, ANN).is_success
    assert house.post(f"/contacts/{LEAD}/merge", {"absorbed": OTHER}, MIA).is_success
    for contact in (LEAD, OTHER):
        told = house.get(f"/contacts/{contact}", ALL).text + house.get(f"/contacts/{contact}/events", ALL).text
        for secret in ("Li Na", "Lina", "handed"):
            assert secret not in told
    problem(house.post(f"/contacts/{OTHER}/update", {"name": "Lin"}, ANN), 409, "contact-went-into")


ADS_COST = {"source": "web", "day": "2026-03-01", "cost": {"amount": "812.50", "currency": "CNY"}}
ANNS_CALLS = {"period": "2026-03", "metric": "calls", "staff_id": "ann", "count": 9}


def test_who_reads_a_target_is_whose_it_is_and_his_managers(house: House) -> None:
    house.post("/targets/t/set-target", ANNS_CALLS, ADMIN)
    for reader in (ANN, MIA, ALL):
        assert house.get("/targets/t", reader).json()["count"] == 9
    for other in (BOB, SUE):
        problem(house.get("/targets/t", other), 404, "hidden")


def test_a_team_s_target_is_read_by_the_team_and_by_whoever_leads_it(house: House) -> None:
    body = {"period": "2026-03", "metric": "calls", "team": "north/team-1", "count": 90}
    assert house.post("/targets/t/set-target", body, ADMIN).is_success

    def seen() -> None:
        for reader in (ANN, MIA, ALL):
            assert house.get("/targets/t", reader).status_code == 200
        for other in (BOB, SUE):
            problem(house.get("/targets/t", other), 404, "hidden")

    seen()
    assert house.post("/targets/t/withdraw", None, ADMIN).is_success
    seen()


# Events


def test_events_come_with_their_envelope_and_without_personal_values(house: House) -> None:
    house.post(f"/leads/{LEAD}/capture", CAPTURE, CRM, x_reason_code="fair", x_reason_text="told me his name")
    answer = house.get(f"/leads/{LEAD}/events", MIA)
    [event] = answer.json()["events"]
    assert (event["type"], event["version"], event["stream"]) == ("lead.captured", 1, f"lead/{LEAD}")
    assert event["actor"] == {"kind": "service", "id": "crm", "name": "", "role": "service_account", "org_path": ""}
    assert event["position"] == house.position - 1
    assert event["data"]["source"] == "ads"
    assert event["data"]["name"] == event["data"]["identities"][0]["value"] == MASK
    assert event["reason"] == {"code": "fair", "text": MASK}
    for secret in ("Zhang", "13800138000", "told me"):
        assert secret not in answer.text


def test_events_come_page_by_page(house: House) -> None:
    house.held()
    for _ in range(4):
        assert house.post(f"/leads/{LEAD}/score", {"score": 1, "grade": "A", "model_version": "1"}, CRM).is_success
    path, versions = f"/leads/{LEAD}/events?limit=3", []
    while path:
        answer = house.get(path, ANN)
        versions.append([event["version"] for event in answer.json()["events"]])
        path = answer.links.get("next", {}).get("url", "")
    assert versions == [[1, 2, 3], [4, 5, 6], [7]]


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=all", "after=-1", f"after={2**63}"])
def test_a_page_that_cannot_be_is_named(house: House, query: str) -> None:
    house.captured()
    told = problem(house.get(f"/leads/{LEAD}/events?{query}", MIA), 422, "invalid-request")
    assert (told["errors"][0]["parameter"], told["errors"][0]["in"]) == (query.partition("=")[0], "query")


def test_a_page_of_events_is_all_that_is_read_of_them(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.held()
    rows = house.app.service.write.ledger.rows
    found: list[int] = []

    def noted(stream: str, after: int, limit: int) -> Sequence[Row]:
        page = type(rows).next_rows(rows, stream, after, limit)
        found.append(len(page))
        return page

    monkeypatch.setattr(rows, "next_rows", noted)
    answer = house.get(f"/leads/{LEAD}/events?limit=1", MIA)
    assert (len(answer.json()["events"]), found) == (1, [2]), "one more tells that there is a next page"


# Who may see what


@pytest.mark.parametrize(
    ("by", "unassigned", "pooled", "held_by_ann"),
    [
        (ANN, False, True, True),
        (BOB, False, True, False),
        (MIA, True, True, True),
        (SUE, False, False, False),
        (CRM, True, True, True),
        (ALL, True, True, True),
    ],
    ids=["owner", "member of the pool", "manager above", "another organisation", "service", "analyst"],
)
def test_a_lead_is_seen_by_whom_it_concerns(
    house: House, by: dict[str, str], *, unassigned: bool, pooled: bool, held_by_ann: bool
) -> None:
    def seen() -> bool:
        state, events = house.get(f"/leads/{LEAD}", by), house.get(f"/leads/{LEAD}/events", by)
        assert state.status_code == events.status_code
        if state.status_code == 200:
            return True
        told = problem(state, 404, "hidden")
        missing = problem(house.get(f"/leads/{OTHER}", by), 404, "hidden")
        assert told.keys() == missing.keys()
        assert told["detail"].replace(LEAD, "") == missing["detail"].replace(OTHER, "")
        assert "etag" not in state.headers
        return False

    house.captured()
    assert seen() == unassigned
    house.post(f"/leads/{LEAD}/pool", {"pool_id": "north", "reason": "new"}, CRM)
    assert seen() == pooled
    house.post(f"/leads/{LEAD}/claim", None, ANN)
    assert seen() == held_by_ann


def test_a_person_sees_the_own_book_and_record_and_a_manager_those_of_his_people(house: House) -> None:
    house.held(by=ANN)
    for path in ("/agent-books/ann", "/staff/ann"):
        assert house.get(path, ANN).status_code == house.get(path, MIA).status_code == 200
        problem(house.get(path, BOB), 404, "hidden")
        problem(house.get(path, SUE), 404, "hidden")
    problem(house.get("/staff/sue", MIA), 404, "hidden")


def test_what_is_published_is_seen_by_everybody_who_reads(house: House) -> None:
    assert house.get("/pools/north", SUE).status_code == 200
    problem(house.get("/pools/south", SUE), 404, "hidden")


def test_who_has_left_reads_nothing(house: House) -> None:
    house.post("/staff/bob/depart", None, ADMIN)
    problem(house.get("/pools/north", BOB), 403, "has-left")


# Commands


def test_what_came_of_a_command_is_told_to_whoever_sent_it(house: House) -> None:
    house.pooled()
    accepted = house.post(f"/leads/{LEAD}/claim", None, ANN).json()
    answer = house.get(f"/commands/{accepted['command_id']}", ANN)
    told = answer.json()
    assert told == accepted | {
        "command": "ClaimLead",
        "subject": f"lead/{LEAD}",
        "status": "accepted",
        "recorded_at": told["recorded_at"],
    }
    assert house.get(f"/commands/{accepted['command_id']}", ALL).json() == told
    problem(house.get(f"/commands/{accepted['command_id']}", BOB), 404, "hidden")
    problem(house.get(f"/commands/{accepted['command_id']}", MIA), 404, "hidden")


def test_a_refusal_is_told_again_with_its_facts(house: House) -> None:
    house.held(by=ANN)
    key = "01932c07-209d-7c4e-9a52-0000000000aa"
    refused = house.post(f"/leads/{LEAD}/claim", None, BOB, idempotency_key=key).json()
    told = house.get(f"/commands/{key}", BOB).json()
    assert told["status"] == "refused"
    assert told["problem"] == {name: found for name, found in refused.items() if name != "trace_id"}


def test_a_command_that_nobody_sent_is_not_there(house: House) -> None:
    problem(house.get(f"/commands/{OTHER}", ALL), 404, "hidden")
    problem(house.get("/commands/one", ALL), 422, "invalid-request")


# Not before


def test_a_reader_may_ask_for_nothing_older_than_what_he_wrote(house: House) -> None:
    position = house.captured().position
    assert house.get(f"/leads/{LEAD}", MIA, read_after=str(position)).status_code == 200


def test_what_is_not_there_yet_is_not_answered(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.reading.PATIENCE", 0.05)
    position = house.captured().position
    for path in (f"/leads/{LEAD}", f"/leads/{LEAD}/events"):
        answer = house.get(path, MIA, read_after=str(position + 1))
        told = problem(answer, 503, "read-model-behind")
        assert (told["position"], told["wanted"]) == (position, position + 1)
        assert answer.headers["retry-after"] == "1"


def test_a_position_that_is_none_is_named(house: House) -> None:
    told = problem(house.get(f"/leads/{LEAD}", MIA, read_after="soon"), 422, "invalid-request")
    assert told["errors"][0]["parameter"] == "Read-After"
