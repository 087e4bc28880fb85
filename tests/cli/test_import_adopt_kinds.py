"""All that can be live becomes so: customers, leads, orders, tickets, reviews, each counted as what it is."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml

from api.cli import adopt
from api.cli.adopt import ENDS, sentences, summary
from commands.service import WriteSide
from ledger.envelope import Logged
from tests.cli.bringing import Line, all_of_it, asked, brought, captured, counts, told, write
from tests.cli.running import Said, lifeledger, on
from tests.memory import MASTER

AT = "2025-06-01T09:00:00+08:00"
ADOPTIONS = "SELECT stream FROM ledger.events WHERE type LIKE '%.adopted' AND NOT imported ORDER BY position"
PLAN = {"id": "calls", "name": "Calls", "terms": {"per_agent_month": 2, "review": {"calendar_id": "office"}}}
OFFICE = {"id": "office", "name": "Office", "time_zone": "Asia/Shanghai", "week": {"mon": ["09:00-18:00"]}}
POLICY = {"id": "standard", "name": "Standard", "terms": {"calendar_id": "office"}}


def key(kind: str, number: int) -> str:
    return str(UUID(int=int.from_bytes(kind.encode()) * 1000 + number))


def of(kind: str, number: int, command: str, **data: Any) -> Line:
    line = told(command, number, **data)
    del line["data"]["lead_id"]
    line["data"][f"{kind}_id"] = key(kind, number)
    return line


def created(number: int) -> Line:
    return of("customer", number, "CreateCustomer")


def placed(number: int) -> Line:
    bought = {"product": "cd", "quantity": 1, "unit_price": {"amount": "9.00", "currency": "CNY"}}
    return of("order", number, "PlaceOrder", customer_id=key("customer", 1), lines=[bought])


def opened(number: int) -> Line:
    matter = {"type": "complaint", "category": "delivery", "channel": "phone", "subject": "late"}
    return of("ticket", number, "OpenTicket", customer_id=key("customer", 1), **matter)


def sampled(number: int) -> Line:
    drawn = {"month": "2025-03", "plan_id": "calls", "stratum": "sold:long", "seed": "7"}
    line = of("review", number, "SampleCall", frame_size=9, stratum_size=3, agent="ann", **drawn)
    line["data"]["call_id"] = line["data"]["review_id"]
    line["actor"] = {"kind": "service", "id": "crm", "name": "CRM"}
    return line


HISTORY = (
    sampled(1),
    opened(1),
    placed(1),
    captured(1),
    created(1),
    sampled(2),
    of("review", 2, "VoidReview", reason="no-sound"),
    opened(2),
    of("ticket", 2, "RejectTicket", reason="spam"),
    placed(2),
    of("order", 2, "FulfilOrder"),
    of("order", 2, "RecordPayment", payment="p-1", amount={"amount": "9.00", "currency": "CNY"}),
    of("order", 2, "CompleteOrder"),
    created(2),
    of("customer", 2, "ErasePersonalData"),
    created(3),
    of("customer", 1, "MergeCustomers", absorbed=key("customer", 3)),
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "history.ndjson"


def set_up(folder: Path, url: str, **sections: object) -> None:
    company = folder / "company.yaml"
    company.write_text(yaml.safe_dump(sections))
    assert lifeledger("setup", company, env=on(url)).code == 0


def by_kind(said: Said) -> dict[str, dict[str, int]]:
    """What is not nothing."""
    return {kind: {end: n for end, n in found.items() if n} for kind, found in said.document["adoptions"].items()}


def rejected(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.with_name("rejects.ndjson").read_text().splitlines()]


@pytest.mark.slow
def test_whatever_is_not_over_is_adopted_customers_first(file: Path, tmp_path: Path, database_url: str) -> None:
    set_up(tmp_path, database_url, **{"sampling-plans": [PLAN], "calendars": [OFFICE], "sla-policies": [POLICY]})
    write(file, *HISTORY)
    said = brought(file, database_url, "--adopt-at", AT)
    assert (said.code, counts(said)) == (0, {"accepted": len(HISTORY)}), said
    assert by_kind(said) == {
        "customer": {"adopted": 1, "not_open": 1 + 1},
        "lead": {"adopted": 1},
        "order": {"adopted": 2},
        "ticket": {"adopted": 1, "not_open": 1},
        "review": {"adopted": 1, "not_open": 1},
    }
    assert {end: said.document[end] for end in ENDS} == {
        "adopted": 6,
        "already_adopted": 0,
        "not_open": 4,
        "not_adopted": 0,
    }
    streams = [stream for (stream,) in asked(database_url, ADOPTIONS)]
    assert [stream.partition("/")[0] for stream in streams] == [
        "customer",
        "lead",
        "order",
        "order",
        "ticket",
        "review",
    ]
    before = all_of_it(database_url)
    again = brought(file, database_url, "--adopt-at", "now")
    assert (again.code, counts(again)) == (0, {"already_there": len(HISTORY)})
    assert (again.document["adopted"], again.document["already_adopted"], again.document["not_open"]) == (0, 6, 4)
    assert all_of_it(database_url) == before
    write(file, *HISTORY, of("ticket", 1, "ReplyToCustomer", public=False, message="he has called"))
    further = brought(file, database_url, "--adopt-at", "now")
    assert counts(further) == {"accepted": 1, "already_there": len(HISTORY)}
    assert by_kind(further)["ticket"] == {"already_adopted": 1, "not_open": 1}, "once it is live, it is"


@pytest.mark.slow
def test_what_is_refused_is_told_of_and_asked_for_again(file: Path, tmp_path: Path, database_url: str) -> None:
    """No ticket is live without a policy; when there is one, the same file adopts it."""
    write(file, created(1), opened(1), captured(1))
    said = brought(file, database_url, "--adopt-at", AT)
    assert (said.code, counts(said)) == (1, {"accepted": 3})
    assert by_kind(said) == {"customer": {"adopted": 1}, "lead": {"adopted": 1}, "ticket": {"not_adopted": 1}}
    assert json.loads(said.err)["error"] == "1 are not adopted: rejects.ndjson has each, and why"
    (told_,) = rejected(file)
    assert told_["line"] is None
    assert json.loads(told_["text"]) == {
        "command": "AdoptTicket",
        "data": {"ticket_id": key("ticket", 1), "policy_id": "standard"},
    }
    assert "sla-policy/standard" in told_["problem"]["detail"]
    write(file, created(1), opened(1), captured(1), "{not json")
    said = brought(file, database_url, "--adopt-at", AT)
    assert json.loads(said.err)["error"] == (
        "1 lines are not in and 1 are not adopted: rejects.ndjson has each, and why"
    )
    assert [each["line"] for each in rejected(file)] == [4, None]
    set_up(tmp_path, database_url, calendars=[OFFICE], **{"sla-policies": [POLICY]})
    write(file, created(1), opened(1), captured(1))
    said = brought(file, database_url, "--adopt-at", AT)
    assert (said.code, by_kind(said)["ticket"]) == (0, {"adopted": 1})
    said = brought(file, database_url, "--adopt-at", AT)
    assert (said.code, by_kind(said)["ticket"]) == (0, {"already_adopted": 1})
    assert len(asked(database_url, ADOPTIONS)) == 3


@pytest.mark.slow
def test_many_are_adopted_so_many_at_a_time(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, no more than a turn of them are asked for at once, and each is told of by itself."""
    side = WriteSide.open(database_url, MASTER)
    found = adopt.Adoption(adopt.instant(AT))
    found.versions = {f"{kind}/{UUID(int=number)}": 1 for number in range(7) for kind in ("order", "customer")}
    monkeypatch.setattr(adopt, "CHUNK", 3)
    turns: list[int] = []

    def nothing_known(_: WriteSide, ids: Sequence[UUID]) -> dict[UUID, Logged]:
        turns.append(len(ids))
        return {}

    monkeypatch.setattr(adopt, "known", nothing_known)
    told_: list[str] = []
    found.carry_out(side, lambda ask, _: told_.append(type(ask.command).__name__))
    side.close()
    assert turns == [3, 3, 1] * 2
    assert told_ == ["AdoptCustomer"] * 7 + ["AdoptOrder"] * 7


def test_it_is_told_in_words_by_kind() -> None:
    found = adopt.Adoption(adopt.instant(AT))
    found.counts = {"ticket": Counter({"adopted": 1200, "not_open": 2}), "review": Counter(not_adopted=1)}
    told_ = summary(found)
    assert {end: told_[end] for end in ENDS} == {"adopted": 1200, "already_adopted": 0, "not_open": 2, "not_adopted": 1}
    assert list(sentences(told_["adoptions"])) == [
        "of the tickets that were touched: 1,200 adopted, 0 already adopted, 2 not open, 0 not adopted",
        "of the reviews that were touched: 0 adopted, 0 already adopted, 0 not open, 1 not adopted",
    ]
    assert list(sentences({})) == ["nothing was touched that can be adopted"]
    assert not list(sentences(summary(None)["adoptions"]))
