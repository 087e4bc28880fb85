"""Proofs over HTTP: what was signed, that an event is as it was, that the ledger has only grown; and what is not."""

import contextlib
import io
import json
import re
import sys
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from api.cli.audit import check
from ledger.growth import Growth
from ledger.logs import EVENTS, LOGS
from ledger.merkle import of_leaf
from ledger.note import Verifier
from ledger.proof import Proof
from ledger.seal import seal, signer
from tests.api.house import ADMIN, ANN, CRM, LEAD, MIA, OTHER, House, problem
from tests.memory import MASTER
from tests.servers import Server

pytestmark = pytest.mark.slow  # On a real database.

ALL = {"X-Actor": "service:report", "X-Role": "auditor"}
CUSTOMER = "00000000-0000-0000-0000-0000000000c1"
BY_HAND = re.compile(r"```python\n(.*?)```", re.DOTALL)


@dataclass
class Signed:
    """A house whose ledger is sealed when it is asked for, and who may do anything to its database."""

    house: House
    url: str
    admin: psycopg.Connection[tuple[Any, ...]]

    def seal(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            for log in LOGS:
                seal(connection, log, signer(connection, MASTER), 10_000)

    def get(self, path: str) -> Any:
        answer = self.house.get(path, ALL)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def entry(self, **wanted: Any) -> dict[str, Any]:
        """An entry of the audit trail."""
        found = self.get("/audit?limit=500")["entries"]
        return next(each for each in found if wanted.items() <= each.items())


@pytest.fixture
def signed(read_house: House, postgres: Server, database_url: str) -> Iterator[Signed]:
    """Two leads, one of them somebody's; all of it sealed."""
    name = str(conninfo_to_dict(database_url)["dbname"])
    with psycopg.connect(postgres.admin_url(name), autocommit=True) as admin:
        found = Signed(read_house.held(), database_url, admin)
        found.seal()
        read_house.captured(OTHER)
        found.seal()
        yield found


# Proofs


def test_every_event_is_proven_as_it_is_stored(signed: Signed) -> None:
    for entry in signed.get("/audit?limit=500")["entries"]:
        told = signed.get(f"/audit/proof/{entry['position']}")
        assert (told["verified"], told["wrong"]) == (True, [])
        assert (told["log"], told["number"], told["subject"]) == ("events", entry["position"], entry["subject"])
        assert told["row"]["event_id"] == entry["event_id"]
        assert told["leaf_hash"] == of_leaf(b64decode(told["leaf"])).hex()
        assert told["checkpoint"]["size"] == signed.house.position
        proof = Proof.read(told["text"])
        assert proof.check(Verifier.read(told["key"]["line"])).root.hex() == told["checkpoint"]["root"]
        assert proof.note == told["checkpoint"]["note"]


def test_an_event_goes_by_its_id_too_and_a_command_by_its_own(signed: Signed) -> None:
    claimed = signed.entry(type="lead.claimed")
    assert signed.get(f"/audit/proof/{claimed['event_id']}") == signed.get(f"/audit/proof/{claimed['position']}")
    command = signed.get(f"/audit/proof/{claimed['command_id']}")
    assert (command["log"], command["subject"], command["verified"]) == ("commands", f"lead/{LEAD}", True)
    assert command["row"]["type"] == "ClaimLead"


def test_a_refused_command_is_proven(signed: Signed) -> None:
    assert signed.house.post(f"/leads/{LEAD}/claim", None, {"X-Actor": "user:bob"}).status_code == 409
    signed.seal()
    refused = signed.entry(entry="refused")
    told = signed.get(f"/audit/proof/{refused['command_id']}")
    assert (told["verified"], told["row"]["actor_id"]) == (True, "bob")
    assert told["row"]["refusal"]


def test_what_is_not_sealed_yet_says_so_until_it_is(signed: Signed) -> None:
    assert signed.house.post(f"/leads/{LEAD}/contact", None, ANN).status_code == 200
    position = signed.house.position
    told = problem(signed.house.get(f"/audit/proof/{position}", ALL), 409, "not-yet-sealed")
    assert (told["log"], told["number"], told["sealed"]) == ("events", position, position - 1)
    signed.seal()
    assert signed.get(f"/audit/proof/{position}")["verified"]


def test_a_proof_may_go_to_an_earlier_checkpoint_that_reaches_it(signed: Signed) -> None:
    last, first = (each["size"] for each in signed.get("/audit/checkpoints?log=events")["logs"][0]["checkpoints"])
    told = signed.get(f"/audit/proof/1?checkpoint={first}")
    assert (told["checkpoint"]["size"], told["verified"]) == (first, True)
    for path, because in (
        (f"/audit/proof/{last}?checkpoint={first}", "does not go as far"),
        (f"/audit/proof/1?checkpoint={first + 1}", "the nearest is of"),
        (f"/audit/proof/1?checkpoint={2**63 - 1}", "no checkpoint"),
    ):
        (error,) = problem(signed.house.get(path, ALL), 422, "invalid-request")["errors"]
        assert error["parameter"] == "checkpoint"
        assert because in error["detail"]


def test_an_event_of_somebody_who_was_erased_is_proven_and_tells_nothing_of_him(signed: Signed) -> None:
    profile = {"profile": {"name": "Li Na"}, "identities": [{"kind": "phone", "value": "+8613800005601"}]}
    why = {"x_reason_code": "new", "x_reason_text": "Li%20Na%20has%20rung"}
    assert signed.house.post(f"/customers/{CUSTOMER}/create", profile, CRM, **why).status_code == 200
    signed.seal()
    created = signed.entry(type="customer.created")
    before = signed.get(f"/audit/proof/{created['position']}")
    assert signed.house.post(f"/customers/{CUSTOMER}/erase-personal-data", None, ADMIN).status_code == 200
    signed.seal()
    after = signed.get(f"/audit/proof/{created['position']}")
    assert (before["verified"], after["verified"]) == (True, True)
    assert after["leaf_hash"] == before["leaf_hash"]
    for told in (before, after):
        for text in (json.dumps(told), b64decode(told["leaf"]).decode(errors="replace")):
            assert "Li Na" not in text
            assert "5601" not in told["row"]["state"]
    assert signed.get(f"/audit/proof/{signed.house.position}")["verified"], "the erasure itself"


def test_what_was_changed_is_told_in_words_and_has_no_text_that_would_prove_it(signed: Signed) -> None:
    claimed = signed.entry(type="lead.claimed")
    changing = "UPDATE ledger.stored_events SET actor_id = 'mallory', state = state || '\\xff'"
    signed.admin.execute(f"{changing} WHERE notification_id = %s".encode(), (claimed["position"],))
    told = signed.get(f"/audit/proof/{claimed['position']}")
    assert (told["verified"], told["text"]) == (False, None)
    assert "is not what it was when it was sealed" in told["wrong"][0]
    assert told["row"]["actor_id"] == "mallory"
    signed.admin.execute("DELETE FROM ledger.stored_events WHERE notification_id = %s", (claimed["position"],))
    told = signed.get(f"/audit/proof/{claimed['position']}")
    assert (told["verified"], told["leaf"], told["row"], told["subject"]) == (False, None, None, None)
    assert told["wrong"] == [f"of the events, {claimed['position']} is missing"]


def test_by_hand_it_takes_what_the_document_says(signed: Signed, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = BY_HAND.findall((Path(__file__).parents[2] / "docs" / "proof.md").read_text(encoding="utf-8"))
    told = signed.get("/audit/proof/3")
    size = told["checkpoint"]["size"]
    assert printed(example, told, monkeypatch) == f"True among {size}\n"
    told["leaf"] = told["leaf"][:-4] + "AAAA"
    assert printed(example, told, monkeypatch) == f"False among {size}\n"


def printed(program: str, told: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(told)))
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(program, {})  # noqa: S102 - what our own document says.
    return out.getvalue()


def test_the_text_is_one_that_the_command_line_checks(
    signed: Signed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told, file, kept = signed.get("/audit/proof/1"), tmp_path / "a", tmp_path / "kept"
    file.write_text(told["text"], encoding="utf-8")
    check(file, told["key"]["line"], json=True)
    assert json.loads(capsys.readouterr().out)["row"]["notification_id"] == 1
    first = signed.get("/audit/checkpoints?log=events")["logs"][0]["checkpoints"][-1]
    kept.write_text(first["note"], encoding="utf-8")
    file.write_text(signed.get(f"/audit/consistency?from={first['size']}")["text"], encoding="utf-8")
    check(file, told["key"]["line"], kept, json=True)
    assert json.loads(capsys.readouterr().out)["grown"][0]["old"] == first["size"]


# Checkpoints


def test_the_checkpoints_of_both_logs_are_told_the_last_first_page_by_page(signed: Signed) -> None:
    whole = signed.get("/audit/checkpoints")
    assert [each["log"] for each in whole["logs"]] == ["events", "commands"]
    verifier = Verifier.read(whole["key"]["line"])
    assert whole["key"]["id"] == verifier.id.hex()
    for each in whole["logs"]:
        assert (each["unsealed"], each["next"]) == (0, None)
        assert len(each["checkpoints"]) == 2
        for one in each["checkpoints"]:
            assert one["verified"]
            assert verifier.text_of(one["note"]).split("\n")[:2] == [one["origin"], str(one["size"])]
    first = signed.house.get("/audit/checkpoints?log=commands&limit=1", ALL)
    following = first.links["next"]["url"]
    assert first.json()["logs"][0]["next"] == following
    second = signed.house.get(following, ALL)
    assert "next" not in second.links
    told = [*first.json()["logs"][0]["checkpoints"], *second.json()["logs"][0]["checkpoints"]]
    assert told == whole["logs"][1]["checkpoints"]


def test_what_has_come_since_is_counted(signed: Signed) -> None:
    before = signed.house.position
    signed.house.captured(f"{LEAD[:-4]}0001")
    told = signed.get("/audit/checkpoints?limit=1")["logs"]
    assert [each["unsealed"] for each in told] == [signed.house.position - before, 1]
    assert told[0]["next"] == f"/audit/checkpoints?log=events&before={before}&limit=1"


def test_a_checkpoint_that_nobody_signed_is_told_as_none(signed: Signed) -> None:
    forging = "UPDATE ledger.checkpoints SET note = replace(note, E'\\n', E'\\n\\n') WHERE log = 'events' AND size = %s"
    signed.admin.execute(forging, (signed.house.position,))
    last, first = signed.get("/audit/checkpoints")["logs"][0]["checkpoints"]
    assert (last["verified"], last["root"], first["verified"]) == (False, None, True)
    assert last["wrong"]
    told = signed.get("/audit/proof/1")
    assert (told["verified"], told["text"]) == (False, None)
    assert f"the checkpoint of {signed.house.position}" in told["wrong"][0]


# Between two


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.name)
def test_between_two_checkpoints_the_ledger_has_only_grown(signed: Signed, log: Any) -> None:
    last, first = signed.get(f"/audit/checkpoints?log={log.name}")["logs"][0]["checkpoints"]
    told = signed.get(f"/audit/consistency?from={first['size']}&to={last['size']}&log={log.name}")
    assert told["verified"]
    assert (told["from"], told["to"]) == (first, last)
    verifier = Verifier.read(told["key"]["line"])
    growth = Growth.read(told["text"])
    assert [each.hex() for each in growth.path] == told["path"]
    old = signed.get(f"/audit/proof/{1}?checkpoint={first['size']}") if log is EVENTS else None
    if old is not None:
        kept = Proof.read(old["text"]).check(verifier)
        assert growth.check(kept, verifier).root.hex() == last["root"]


def test_two_that_are_none_or_the_wrong_way_round_are_named(signed: Signed) -> None:
    last, first = (each["size"] for each in signed.get("/audit/checkpoints?log=events")["logs"][0]["checkpoints"])
    for path, parameter in (
        (f"from={first + 1}", "from"),
        (f"from={last}&to={first}", "from"),
        (f"from={first}&to={last + 1}", "to"),
        ("to=1", "from"),
        ("from=0", "from"),
        ("from=x", "from"),
        (f"from={first}&log=looks", "log"),
    ):
        told = problem(signed.house.get(f"/audit/consistency?{path}", ALL), 422, "invalid-request")
        assert told["errors"][0]["parameter"] == parameter, path


# Who may ask, and for what


@pytest.mark.parametrize("path", ["/audit/checkpoints", "/audit/proof/1", "/audit/consistency?from=1"])
def test_it_is_for_those_who_may_read_everything(signed: Signed, path: str) -> None:
    problem(signed.house.get(path), 401, "unauthenticated")
    for narrow in (ANN, MIA):
        problem(signed.house.get(path, narrow), 403, "not-allowed")


def test_what_is_not_there_is_hidden_and_what_is_no_event_is_named(signed: Signed) -> None:
    problem(signed.house.get(f"/audit/proof/{signed.house.position + 1}", ALL), 404, "hidden")
    problem(signed.house.get(f"/audit/proof/{'9' * 18}", ALL), 404, "hidden")
    problem(signed.house.get(f"/audit/proof/{UUID(int=77)}", ALL), 404, "hidden")
    for nonsense in ("0", "lead", "9" * 30):
        told = problem(signed.house.get(f"/audit/proof/{nonsense}", ALL), 422, "invalid-request")
        assert (told["errors"][0]["parameter"], told["errors"][0]["in"]) == ("event", "path")
    (error,) = problem(signed.house.get("/audit/checkpoints?before=5", ALL), 422, "invalid-request")["errors"]
    assert error["parameter"] == "log"


def test_who_has_been_looked_at_is_logged(signed: Signed) -> None:
    claimed = signed.entry(type="lead.claimed")
    signed.get(f"/audit/proof/{claimed['position']}")
    signed.house.app.service.look_log.close()
    (looked,) = signed.admin.execute(
        "SELECT subjects FROM ledger.looks WHERE route = 'GET /audit/proof/{event}'"
    ).fetchone() or ([],)
    assert looked == [f"lead/{LEAD}"]
