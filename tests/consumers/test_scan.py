"""Views read the ledger lean: the same events as the codec's, without what they do not open."""

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any
from unittest.mock import patch
from uuid import UUID

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import from_json, to_json

from commands.service import codec, open_ledger
from domain.identity import IdentityLink
from domain.lead.facts.intake import LeadCaptured, LeadCorrected
from domain.lead.facts.work import FollowUpLogged, LeadContacted
from domain.values import FACT_NAMES, Erased, Instant, LeadId, Personal, value
from ledger.codec import Codec
from ledger.embedded import EmbeddedPostgres
from ledger.envelope import Corrupt
from ledger.keys import Keys, NoKey, seal
from ledger.lean import Lean
from ledger.ledger import Ledger
from ledger.migrations import migrate
from ledger.scan import Part, Scan, Wire
from ledger.store import Unavailable
from tests.consumers.telling import tell
from tests.ledger.golden import example
from tests.memory import MASTER, MemoryRows
from tests.projections.leads import LEAD, at, captured, contacted, talked, touched
from tests.servers import Server

CODEC = codec()
KEYS = Keys(MASTER, MemoryRows())
KEY = KEYS.create("anybody").key
EVENT_ID = UUID(int=7)
GONE = Erased(on=at(5, 1), by="law")


def stored(event: object, using: Codec = CODEC) -> tuple[int, bytes]:
    _, version, payload = using.encode(event, lambda where, found: seal(KEY, EVENT_ID, where, found))
    return version, payload


def lean(kind: type, *opens: str, using: Codec = CODEC) -> Lean:
    return Lean(using.by_class[kind], frozenset(opens))


def read(event: object, *opens: str) -> Any:
    version, payload = stored(event)
    way = lean(type(event), *opens)
    assert version == way.version
    found = way.read(payload)
    way.open(found, EVENT_ID.bytes, lambda: KEY)
    return found


def names(kind: type) -> list[str]:
    return [field.name for field in fields(kind)]


@pytest.mark.parametrize("kind", CODEC.by_class, ids=lambda kind: kind.__name__)
def test_with_everything_opened_it_is_the_event_that_was_written(kind: type) -> None:
    event = example(kind)
    assert read(event, *names(kind)) == event


TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
LINKS = st.builds(
    IdentityLink,
    identity_id=st.uuids(),
    kind=st.sampled_from(["phone", "email"]),
    value=TEXT | st.just(GONE),
    system=st.none() | TEXT,
)


@given(st.lists(LINKS, max_size=3), TEXT | st.none() | st.just(GONE))
def test_whatever_personal_values_there_are_they_are_opened(links: list[IdentityLink], name: Any) -> None:
    event = replace(captured, identities=tuple(links), name=name)
    assert read(event, "identities", "name") == event


def test_what_is_not_opened_stays_sealed() -> None:
    found = read(captured, "identities")
    assert found.identities == captured.identities
    assert found.name.keys() == {"sealed"}
    closed = read(captured)
    assert all(each.value.keys() == {"sealed"} for each in closed.identities)
    assert [each.kind for each in closed.identities] == ["phone", "email"]
    assert read(talked).note.keys() == {"sealed"}
    assert read(replace(talked, note=None)).note is None


def test_of_who_has_been_erased_only_that_is_told() -> None:
    version, payload = stored(captured)
    way = lean(LeadCaptured, "identities", "name")
    found = way.read(payload)
    way.open(found, EVENT_ID.bytes, lambda: GONE)
    assert found.name == GONE
    assert [each.value for each in found.identities] == [GONE, GONE]
    assert version == way.version


@pytest.mark.parametrize(
    "change",
    [
        {"surprise": 1},
        {"lead_id": None},
        {"lead_id": "nobody"},
        {"from": "elsewhere"},
        {"from": 1},
        {"to": "new"},
    ],
)
def test_what_the_class_does_not_allow_is_refused(change: dict[str, Any]) -> None:
    _, payload = stored(contacted)
    with pytest.raises(ValueError, match="validation error"):
        lean(LeadContacted).read(to_json(from_json(payload) | change))


def test_an_instant_without_a_zone_is_refused() -> None:
    event = example(next(kind for kind in CODEC.by_class if FACT_NAMES[kind] == "lead.protection-extended"))
    _, payload = stored(event)
    with pytest.raises(ValueError, match="timezone"):
        lean(type(event)).read(to_json(from_json(payload) | {"until": "2026-04-05T10:00:00"}))


def test_older_facts_are_modernised() -> None:
    @value
    class Met:
        lead_id: LeadId
        on: Instant
        what: Personal[str] | None = None

    def renamed(payload: dict[str, Any]) -> dict[str, Any]:
        return {**{name: found for name, found in payload.items() if name != "note"}, "what": payload["note"]}

    with patch.dict(FACT_NAMES, {Met: "met"}):
        newer = Codec([Met], {"met": (renamed,)})
    way = lean(Met, "what", using=newer)
    payload = {"lead_id": str(LEAD), "on": "2026-04-05T10:00:00Z", "note": seal(KEY, EVENT_ID, "note", b'"hello"')}
    found = way.modernised(0, to_json(payload))
    way.open(found, EVENT_ID.bytes, lambda: KEY)
    assert found == Met(lead_id=LEAD, on=at(4, 5, 10), what="hello")
    with pytest.raises(ValueError, match="up to 1"):
        way.modernised(2, to_json(payload))


# From the database


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    found = open_ledger(database_url, MASTER)
    yield found
    found.close()


@pytest.fixture
def wire(database_url: str) -> Iterator[Wire]:
    found = Wire(database_url)
    yield found
    found.close()


def scan(wire: Wire, ledger: Ledger, *kinds: type, opens: tuple[str, ...] = ()) -> Scan:
    return Scan(wire, ledger.codec, ledger.keys, kinds, frozenset(opens))


def history(ledger: Ledger, events: int) -> None:
    tell(ledger, *[captured, *[touched, talked, contacted, touched] * events][:events])


def test_it_reads_what_the_ledger_reads(wire: Wire, ledger: Ledger) -> None:
    history(ledger, 41)
    kinds = (LeadCaptured, FollowUpLogged)
    types = [FACT_NAMES[kind] for kind in kinds]
    whole = [(each.position, each.occurred_at, each.event) for each in ledger.events(0, 100, types=types)]
    reading = scan(wire, ledger, *kinds, opens=("identities", "name", "note"))
    assert reading.read(0, 41, 100) == whole
    for limit in (1, 2, 3, len(whole), len(whole) + 1):
        assert [each for batch in reading.batches(0, 41, limit) for each in batch] == whole
        assert reading.read(0, 41, limit) == whole[:limit]
    assert reading.read(1, 20, 100) == [each for each in whole if 1 < each[0] <= 20]
    assert reading.read(41, 41, 100) == []
    assert list(reading.batches(41, 41)) == []


def test_a_scan_that_was_given_up_leaves_nothing_behind(wire: Wire, ledger: Ledger) -> None:
    history(ledger, 41)
    reading = scan(wire, ledger, FollowUpLogged)
    first = [batch for batch, _ in zip(reading.batches(0, 41, 2), range(1), strict=False)]
    assert [reading.read(0, 41, 2)] == first


def test_what_cannot_be_read_says_what_and_where_and_nothing_personal(
    database_url: str, wire: Wire, ledger: Ledger
) -> None:
    history(ledger, 3)
    with psycopg.connect(database_url) as connection:
        connection.execute("GRANT UPDATE ON ledger.stored_events TO CURRENT_USER")
        connection.execute("UPDATE ledger.stored_events SET schema_version = 9 WHERE notification_id = 3")
    reading = scan(wire, ledger, FollowUpLogged)
    with pytest.raises(Corrupt, match=r"lead.follow-up-logged in schema version 9, at position 3, cannot be read"):
        reading.read(0, 3, 10)
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE ledger.stored_events SET subject = 'lead/other' WHERE notification_id = 1")
    with pytest.raises(NoKey, match="no key for name"):
        scan(wire, ledger, LeadCaptured, opens=("name",)).read(0, 3, 10)


def test_what_holds_nothing_personal_needs_no_key(wire: Wire, ledger: Ledger) -> None:
    tell(ledger, replace(captured, identities=(), name=None))
    assert not ledger.rows.wrapped_keys([f"lead/{LEAD}"])
    reading = scan(wire, ledger, LeadCaptured, opens=("identities", "name"))
    with patch.object(ledger.keys, "get", side_effect=AssertionError("nobody asks for it")):
        ((_, _, found),) = reading.read(0, 1, 1)
    assert (found.identities, found.name) == ((), None)


def test_a_value_that_was_moved_does_not_open(database_url: str, wire: Wire, ledger: Ledger) -> None:
    history(ledger, 1)
    with psycopg.connect(database_url) as connection:
        connection.execute("GRANT UPDATE ON ledger.stored_events TO CURRENT_USER")
        connection.execute("UPDATE ledger.stored_events SET event_id = gen_random_uuid()")
    with pytest.raises(Corrupt, match="at position 1"):
        scan(wire, ledger, LeadCaptured, opens=("name",)).read(0, 1, 1)


def test_it_reads_only_the_keys_of_what_it_opens(database_url: str, wire: Wire, ledger: Ledger) -> None:
    history(ledger, 9)
    with psycopg.connect(database_url) as connection:
        connection.execute("GRANT DELETE ON ledger.subject_keys TO CURRENT_USER")
        connection.execute("DELETE FROM ledger.subject_keys")
    ledger.keys.known.clear()
    assert len(scan(wire, ledger, LeadCaptured, FollowUpLogged, LeadCorrected).read(0, 9, 10)) == 3


def test_with_the_envelope_it_says_what_the_ledger_says_but_for_what_is_personal(wire: Wire, ledger: Ledger) -> None:
    history(ledger, 9)
    kinds = (LeadCaptured, FollowUpLogged, LeadContacted)
    reading = Scan(wire, ledger.codec, ledger.keys, kinds, frozenset(("identities", "name", "note")), enveloped=True)
    whole = ledger.events(0, 9, types=[FACT_NAMES[kind] for kind in kinds])
    assert [around for _, around, _ in reading.read(0, 9, 10)] == whole


def test_each_event_is_in_one_part_and_what_is_everywhere_in_all(wire: Wire, ledger: Ledger) -> None:
    tell(ledger, *[replace(captured, lead_id=LeadId(UUID(int=number))) for number in range(16)], talked)
    kinds = (LeadCaptured, FollowUpLogged)
    reading = Scan(wire, ledger.codec, ledger.keys, kinds, frozenset(), everywhere=(FollowUpLogged,))
    for of in (2, 3):
        parts = [[each for batch in reading.batches(0, 17, part=Part(n, of)) for each in batch] for n in range(of)]
        assert sorted(each[0] for part in parts for each in part) == [*range(1, 17), *[17] * of]
        for number, part in enumerate(parts):
            assert all(Part(number, of).has(f"lead/{each[2].lead_id}") for each in part if each[0] < 17)
            assert len(part) > 4


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=9), max_size=20))
def test_postgresql_says_of_what_part_a_name_is_as_we_do(postgres: Server, names: list[str]) -> None:
    with psycopg.connect(postgres.url()) as connection:
        asked = "SELECT mod(ascii(right(name, 1)), 3) FROM unnest(%s::text[]) WITH ORDINALITY AS t (name, n) ORDER BY n"
        found = [number for (number,) in connection.execute(asked, [names])]
    assert [Part(number, 3).has(name) for name, number in zip(names, found, strict=True)] == [True] * len(names)


@pytest.mark.slow
def test_it_survives_its_server(own_postgres: EmbeddedPostgres) -> None:
    url = own_postgres.url()
    migrate(url)
    ledger = open_ledger(url, MASTER)
    history(ledger, 9)
    wire = Wire(url)
    reading = scan(wire, ledger, FollowUpLogged)
    before = reading.read(0, 9, 10)
    own_postgres.restart()
    with pytest.raises(Unavailable):
        reading.read(0, 9, 10)
    assert reading.read(0, 9, 10) == before
    wire.close()
    ledger.close()
