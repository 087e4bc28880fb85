"""A subject as it stood at a moment, and at two: of what is recorded, of what had happened, and for whom."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest

from api.as_of import ASKED
from api.compared import OTHER as OTHERS
from api.shown import MASK, layout
from commands import DECIDERS
from commands.past import past
from domain.customer.dossier import Profile
from domain.customer.facts.person import CustomerCorrected, CustomerCreated
from domain.lead.facts.custody import LeadClaimed
from domain.lead.facts.intake import LeadCorrected
from domain.values import CustomerId, Erased, LeadId, replace
from tests.api.house import ADMIN, ANN, BOB, CRM, LEAD, MIA, OTHER, SUE, House, problem
from tests.consumers.telling import tell
from tests.projections import leads

LI = CustomerId(UUID("00000000-0000-0000-0000-0000000000c1"))
PATH = f"/leads/{LEAD}"
ALL = {"X-Actor": "service:report", "X-Role": "analyst"}


def asked(path: str, **given: Any) -> str:
    told = {name: each.isoformat() if isinstance(each, datetime) else each for name, each in given.items()}
    return f"{path}?{urlencode(told)}"


def read(house: House, path: str, by: Any = ALL, **given: Any) -> dict[str, Any]:
    answer = house.get(asked(path, **given), by)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def recorded_at(house: House, position: int) -> datetime:
    return house.app.service.write.ledger.recorded_at(position)


# By what was recorded


def test_a_subject_is_shown_as_it_stood_at_a_position_and_at_a_time(house: House) -> None:
    captured = house.captured().position - 1  # Its identity was reserved after it.
    house.post(f"{PATH}/pool", {"pool_id": "north", "reason": "new"}, CRM)
    pooled = house.position
    house.post(f"{PATH}/claim", None, ANN)
    assert house.position > pooled
    for moment in (pooled, recorded_at(house, pooled)):
        answer = house.get(asked(PATH, as_of=moment), MIA)
        told = answer.json()
        assert (told["lead_id"], told["version"], told["custody"]["state"]) == (LEAD, 2, "pooled")
        assert answer.headers["position"] == str(pooled)
        assert "etag" not in answer.headers, "nothing can be done to the past"
    assert read(house, PATH, as_of=captured)["custody"]["state"] == "unassigned"
    now = read(house, PATH)
    assert now["custody"]["owner"] == "ann"
    assert read(house, PATH, as_of=house.position) == read(house, PATH, as_of=datetime.now(UTC)) == now


def test_who_may_see_it_now_sees_how_it_stood_and_nobody_else_does(house: House) -> None:
    before = house.pooled().position
    for by in (ANN, BOB):
        assert house.get(asked(PATH, as_of=before), by).status_code == 200
    house.post(f"{PATH}/claim", None, ANN)
    assert read(house, PATH, ANN, as_of=before)["custody"]["state"] == "pooled"
    for by in (BOB, SUE):
        for path in (asked(PATH, as_of=before), asked(f"{PATH}/compared", as_of=before)):
            told = problem(house.get(path, by), 404, "hidden")
            missing = problem(house.get(path.replace(LEAD, OTHER), by), 404, "hidden")
            assert told["detail"].replace(LEAD, "") == missing["detail"].replace(OTHER, "")


def test_what_was_not_there_yet_is_refused_with_the_moment_and_its_first_position(house: House) -> None:
    before = house.position
    house.captured()
    for path in (PATH, f"{PATH}/compared"):
        told = problem(house.get(asked(path, as_of=before), MIA), 404, "not-there-yet")
        assert (told["subject"], told["position"], told["first_position"]) == (f"lead/{LEAD}", before, before + 1)
        assert f"was not there at position {before}: its first event stands at position {before + 1}" in told["detail"]
        assert told["detail"].endswith(recorded_at(house, before + 1).isoformat())
    assert problem(house.get(asked(PATH, as_of=0), MIA), 404, "not-there-yet")["position"] == 0
    long_ago = problem(house.get(asked(PATH, as_of_occurred="2020-01-01T00:00:00Z"), MIA), 404, "not-there-yet")
    assert "of what had happened by 2020-01-01T00:00:00+00:00" in long_ago["detail"]
    assert long_ago["first_position"] == before + 1


@pytest.mark.parametrize("name", [*ASKED, *OTHERS])
def test_a_moment_that_is_none_is_named(house: House, name: str) -> None:
    house.captured()
    path = PATH if name in ASKED else f"{PATH}/compared"
    for text, because in (
        ("soon", "'soon' is no time"),
        ("", "'' is no time"),
        ("2026-01-01T00:00:00", "is in no time zone"),
        ("9000-01-01T00:00:00Z", "is still to come"),
    ):
        [told] = problem(house.get(asked(path, **{name: text}), MIA), 422, "invalid-request")["errors"]
        assert (told["parameter"], told["in"]) == (name, "query")
        assert because in told["detail"]
    if "occurred" not in name:
        [told] = problem(house.get(asked(path, **{name: 999}), MIA), 422, "invalid-request")["errors"]
        assert (told["parameter"], told["detail"]) == (
            name,
            f"the ledger ends at position {house.position}, before 999",
        )
    [told] = problem(house.get(f"{path}?{name}=1&{name}=2", MIA), 422, "invalid-request")["errors"]
    assert told["parameter"] == name


def test_a_moment_before_what_the_reader_wants_to_see_is_refused(house: House) -> None:
    position = house.pooled().position
    answer = house.get(asked(PATH, as_of=position - 1), MIA, read_after=str(position))
    assert problem(answer, 422, "invalid-request")["errors"][0]["parameter"] == "as_of"
    assert house.get(asked(PATH, as_of=position), MIA, read_after=str(position)).status_code == 200


# By what had happened, and corrections


SPRING, SUMMER, AUTUMN = (datetime(2025, month, 1, tzinfo=UTC) for month in (3, 6, 9))
DAY = timedelta(days=1)


def a_late_correction(house: House) -> tuple[int, int]:
    """A lead with two numbers, of which one was wrong: that was so in June, and was only recorded in September.
    The positions before and after it was.
    """
    lead = LeadId(UUID(LEAD))
    captured = replace(leads.captured, lead_id=lead, identities=(leads.HOME, leads.OFFICE))
    corrected = LeadCorrected(lead_id=lead, corrects=1, identities_removed=(leads.OFFICE.identity_id,), name="Lin Na")
    pooled = replace(leads.pooled, lead_id=lead)
    ledger = house.app.service.write.ledger
    tell(ledger, (SPRING, captured), (SUMMER + DAY, pooled))
    before = house.position
    tell(ledger, (SUMMER, corrected, AUTUMN))
    return before, house.position


def numbers(found: dict[str, Any]) -> set[str]:
    return {*found["identities"]}


def test_of_a_correction_both_is_right_what_was_known_and_what_was_so(house: House) -> None:
    before, after = a_late_correction(house)
    both, right = {str(leads.HOME.identity_id), str(leads.OFFICE.identity_id)}, {str(leads.HOME.identity_id)}

    assert numbers(read(house, PATH, as_of=before)) == both, "what was known"
    assert numbers(read(house, PATH, as_of=after)) == right
    assert numbers(read(house, PATH, as_of_occurred=SUMMER - DAY)) == both, "what was so"
    found = read(house, PATH, as_of_occurred=SUMMER)
    assert (numbers(found), found["custody"]["state"], found["version"]) == (right, "unassigned", 3)
    known = read(house, PATH, as_of=before, as_of_occurred=SUMMER)
    assert (numbers(known), known["custody"]["state"]) == (both, "unassigned"), "what was known then of that day"
    assert read(house, PATH, as_of_occurred=SUMMER + DAY) == read(house, PATH, as_of=after) == read(house, PATH)


def test_a_time_of_recording_cuts_before_what_was_noted_late(house: House) -> None:
    """A ledger whose recording was at these times from its beginning."""
    with House.opened() as empty:
        before, after = a_late_correction(empty)
        ledger = empty.app.service.write.ledger
        assert [ledger.position_at(each, after) for each in (AUTUMN - DAY, AUTUMN)] == [before, after]
        assert len(numbers(read(empty, PATH, as_of=AUTUMN - DAY, as_of_occurred=SUMMER))) == 2
        assert len(numbers(read(empty, PATH, as_of=AUTUMN, as_of_occurred=SUMMER))) == 1


def test_a_customer_s_correction_is_known_when_it_is_recorded_and_holds_from_when_it_was_so(house: House) -> None:
    created = CustomerCreated(customer_id=LI, customer_type="individual", profile=Profile(name="Li"))
    corrected = CustomerCorrected(customer_id=LI, corrects=1, customer_type="company", profile=Profile(name="Li Ltd"))
    tell(house.app.service.write.ledger, (SPRING, created), (SUMMER, corrected, AUTUMN))
    path, last = f"/customers/{LI}", house.position

    def kind(**given: Any) -> str:
        found = read(house, path, **given)
        assert found["dossier"]["profile"]["name"] == MASK
        assert "Li" not in str(found["dossier"]["profile"])
        return str(found["dossier"]["customer_type"])

    assert kind(as_of=last - 1) == kind(as_of_occurred=SUMMER - DAY) == "individual"
    assert kind(as_of=last - 1, as_of_occurred=SUMMER) == "individual"
    assert kind(as_of=last) == kind(as_of_occurred=SUMMER) == "company"


def test_what_had_happened_and_follows_on_what_had_not_is_refused_by_its_position(house: House) -> None:
    lead = LeadId(UUID(LEAD))
    captured = replace(leads.captured, lead_id=lead)
    claimed: LeadClaimed = replace(leads.claimed, lead_id=lead)
    handed = replace(leads.transferred, lead_id=lead)
    tell(house.app.service.write.ledger, (SPRING, captured), (AUTUMN, claimed), (SUMMER, handed, AUTUMN))
    for path in (PATH, f"{PATH}/compared"):
        told = problem(house.get(asked(path, as_of_occurred=SUMMER), ALL), 409, "does-not-follow")
        assert (told["position"], told["event_type"]) == (house.position, "lead.transferred")
        assert SUMMER.isoformat() in told["detail"]
    assert read(house, PATH, as_of_occurred=SUMMER - DAY)["version"] == 1
    assert read(house, PATH, as_of_occurred=AUTUMN)["custody"]["owner"] == "bob"


def test_every_kind_of_state_leaves_room_for_the_moment_beside_it() -> None:
    for decider in DECIDERS:
        for state in decider.states:
            assert "moment" not in {field.outside for field in layout(state)}, state


# Two moments


def compared(house: House, by: Any = ALL, **given: Any) -> dict[str, Any]:
    return read(house, f"{PATH}/compared", by, **given)


def changes(found: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {each["field"]: (each["from"], each["to"]) for each in found["differences"]}


def types(found: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["type"], each["counts"]) for each in found["events"]]


def test_two_moments_are_compared_field_by_field_with_the_events_between(house: House) -> None:
    pooled = house.pooled().position
    house.post(f"{PATH}/claim", None, ANN)
    found = compared(house, as_of=pooled)
    told = changes(found)
    assert told["custody/state"] == ("pooled", "held")
    assert told["custody/owner"] == (None, "ann")
    assert not {name for name in told if not name.startswith("custody/")}
    [event] = found["events"]
    assert (event["type"], event["version"], event["counts"]) == ("lead.claimed", 3, "to")
    assert pooled < event["position"] <= house.position
    assert event["recorded_at"] >= event["occurred_at"]
    assert (found["from"]["position"], found["from"]["version"]) == (pooled, 2)
    assert (found["to"]["position"], found["to"]["version"]) == (house.position, 3)

    back = compared(house, as_of=house.position, compared_with=pooled)
    assert changes(back) == {name: (now, was) for name, (was, now) in told.items()}
    assert types(back) == [("lead.claimed", "from")]
    alike = compared(house, as_of=pooled, compared_with=pooled)
    assert (alike["differences"], alike["events"]) == ([], [])
    assert compared(house)["events"] == []


def test_it_is_told_since_when_something_was_known_of_a_day(house: House) -> None:
    before, after = a_late_correction(house)
    found = compared(house, as_of=before, as_of_occurred=SUMMER, compared_with=after)
    assert changes(found) == {f"identities/{leads.OFFICE.identity_id}": ("phone", None)}
    assert types(found) == [("lead.corrected", "to")]
    assert found["to"]["occurred"] == found["from"]["occurred"] is not None
    days = compared(house, as_of_occurred=SUMMER, compared_with_occurred=SUMMER + DAY)
    assert types(days) == [("lead.pooled", "to")]
    assert {each["state"] for each in (read(house, PATH, as_of=before)["custody"],)} == {"pooled"}
    both = compared(house, as_of=before, compared_with=after, compared_with_occurred=SUMMER)
    assert types(both) == [("lead.pooled", "from"), ("lead.corrected", "to")], "each counts at one of them"


def test_that_a_personal_value_has_changed_is_told_and_not_into_what(house: House) -> None:
    assert house.post(f"/contacts/{OTHER}/create", {"name": "Li Na", "note": "left-handed"}, CRM).is_success
    first = house.position
    assert house.post(f"/contacts/{OTHER}/update", {"name": "Lina"}, CRM).is_success
    answer = house.get(asked(f"/contacts/{OTHER}/compared", as_of=first), ALL)
    assert {each["field"]: (each["from"], each["to"]) for each in answer.json()["differences"]} == {
        "profile/name": (MASK, MASK)
    }
    for secret in ("Li Na", "Lina", "handed"):
        assert secret not in answer.text


# And who was erased


def test_who_is_forgotten_is_so_at_every_moment(house: House) -> None:
    profile = {"profile": {"name": "Li Na"}}
    assert house.post(f"/customers/{LI}/create", profile, CRM).is_success
    created = house.position
    path, when = f"/customers/{LI}", datetime.now(UTC)
    assert read(house, path, as_of=created)["dossier"]["profile"]["name"] == MASK
    assert house.post(f"{path}/erase-personal-data", None, ADMIN).is_success
    for moment in ({"as_of": created}, {"as_of_occurred": when}, {"as_of": when}):
        name = read(house, path, **moment)["dossier"]["profile"]["name"]
        assert name["erased"]["by"] == "setup"
        assert datetime.fromisoformat(name["erased"]["on"]) >= when - timedelta(seconds=1)
    now = read(house, path)
    assert now["because"] == "erased"
    found = house.get(asked(f"{path}/compared", as_of=created), ALL)
    assert found.status_code == 200
    assert MASK not in found.text
    assert "Li Na" not in found.text


def test_who_was_forgotten_by_another_process_a_moment_ago_is_so_too(house: House) -> None:
    created = CustomerCreated(customer_id=LI, customer_type="individual", profile=Profile(name="Li Na"))
    ledger, stream = house.app.service.write.ledger, f"customer/{LI}"
    tell(ledger, created)
    [before] = ledger.history(stream)  # Its key is at hand now.
    assert before.event == created
    gone = Erased(on=datetime.now(UTC), by="elsewhere")
    rows: Any = ledger.rows
    rows.destroy({stream: gone})
    [after] = past(ledger, stream)
    assert after.event.profile.name == gone


def test_a_state_is_read_from_its_own_events_alone(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.held()
    house.captured(OTHER)
    rows = house.app.service.write.ledger.rows
    told: list[set[str]] = []
    load, select = type(rows).load_rows, type(rows).select_rows

    def one_row(after: int, limit: int) -> Any:
        assert limit == 1, "when the last one was recorded"
        return select(rows, after, limit)

    def noted(after: dict[str, int]) -> Any:
        told.append({*after})
        return load(rows, after)

    monkeypatch.setattr(rows, "load_rows", noted)
    monkeypatch.setattr(rows, "select_rows", one_row)
    assert house.get(asked(PATH, as_of_occurred=datetime.now(UTC)), ANN).status_code == 200
    assert house.get(asked(f"{PATH}/compared", as_of_occurred=datetime.now(UTC)), ANN).status_code == 200
    assert not [each for each in told if each - {f"lead/{LEAD}", "staff/ann", "pool/north"}]
