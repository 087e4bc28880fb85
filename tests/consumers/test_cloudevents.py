"""What other services read of an event is all that there is of it, and nothing that is personal can be read there."""

import re
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands import DECIDERS
from commands.service import codec
from consumers.cloudevents import Foreign, message_of, row_of, source_of, topic_of
from consumers.message import Message
from domain.values import FACT_NAMES
from ledger.appender import OPTIONAL
from ledger.row import Row
from tests.ledger.samples import FULL, NOON, without
from tests.ledger.strategies import rows

LEDGER = "lifeledger/1"
PLACED = FULL._replace(notification_id=17)


def headers(row: Row) -> dict[str, str]:
    return {name: value.decode() for name, value in message_of(row, LEDGER).headers}


def test_an_event_is_a_cloud_event_keyed_by_its_stream() -> None:
    message = message_of(PLACED, LEDGER)
    assert (message.topic, message.key, message.value) == ("lifeledger.lead.v1", b"lead/1", b'{"lead_id":"1"}')
    assert headers(PLACED) == {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": str(UUID(int=1)),
        "ce_source": LEDGER,
        "ce_type": "lead.contacted",
        "ce_subject": "lead/1",
        "ce_time": "2026-03-04T12:00:00.123456Z",
        "ce_recordedtime": "2026-03-04T12:00:00.123457Z",
        "ce_partitionkey": "lead/1",
        "ce_position": "17",
        "ce_version": "1",
        "ce_schemaversion": "3",
        "ce_actorkind": "user",
        "ce_actorid": "ann",
        "ce_actorrole": "sales",
        "ce_actororg": "north/team-1",
        "ce_onbehalfof": "bob",
        "ce_reasoncode": "no-answer",
        "ce_reasontext": "c2VhbGVk",
        "ce_commandid": str(UUID(int=2)),
        "ce_correlationid": str(UUID(int=3)),
        "ce_causationid": str(UUID(int=4)),
        "ce_sourcesystem": "hr",
        "ce_sourcemessageid": "hr.staff.v1/0/17",
        "ce_policyversion": "pool/main@3",
        "ce_imported": "true",
    }
    assert source_of(message) == LEDGER


def test_what_an_event_does_not_have_is_not_there() -> None:
    bare = without(PLACED, OPTIONAL - {"notification_id"})._replace(imported=False, subject="")
    optional = ("onbehalfof", "reason", "causation", "sourcesystem", "policy", "imported", "subject")
    assert not [name for name in headers(bare) if any(each in name for each in optional)]
    assert row_of(message_of(bare, LEDGER)) == bare._replace(actor_name="")


@given(rows())
def test_an_event_comes_back_as_it_was_but_for_what_its_actor_is_called(row: Row) -> None:
    placed = row if row.notification_id is not None else row._replace(notification_id=1)
    message = message_of(placed, LEDGER)
    assert row_of(message) == placed._replace(actor_name="")
    assert all(re.fullmatch(r"content-type|ce_[a-z0-9]{1,20}", name) for name, _ in message.headers)
    assert len({name for name, _ in message.headers}) == len(message.headers)


@given(st.text(st.characters(codec="utf-8"), min_size=9), rows())
def test_what_an_actor_is_called_does_not_go_out(called: str, row: Row) -> None:
    placed = row._replace(notification_id=1)
    assert message_of(placed._replace(actor_name=called), LEDGER) == message_of(placed, LEDGER)


def test_a_time_is_the_same_wherever_the_clock_hangs() -> None:
    there = NOON.astimezone(timezone(timedelta(hours=8)))
    assert headers(PLACED._replace(occurred_at=there))["ce_time"] == "2026-03-04T12:00:00.123456Z"
    assert headers(PLACED._replace(occurred_at=datetime(1, 1, 1, tzinfo=UTC)))["ce_time"] == "0001-01-01T00:00:00Z"


def test_all_events_of_a_stream_go_to_one_topic() -> None:
    """The topic follows from the type, the key is the stream: both begin with the same word."""
    for decider in DECIDERS:
        topics = {topic_of(FACT_NAMES[event]) for event in decider.events}
        assert len(topics) <= 1, decider
    assert {topic_of(name) for name in codec().by_name} >= {"lifeledger.lead.v1", "lifeledger.ticket-book.v1"}


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("ce_specversion", b"0.3", "no CloudEvent of version 1.0"),
        ("ce_specversion", None, "no CloudEvent of version 1.0"),
        ("content-type", b"application/avro", "not application/json"),
        ("ce_id", b"17", "with a ce_id that is none"),
        ("ce_id", None, "without ce_id"),
        ("ce_position", b"x", "with a ce_position that is none"),
        ("ce_time", b"2026-03-04T12:00:00", "with a ce_time that is none"),
        ("ce_subject", b"\xff", "with a ce_subject that is none"),
        ("ce_imported", b"1", "with a ce_imported that is none"),
    ],
)
def test_what_is_no_event_of_a_ledger_is_refused_by_what_is_wrong_with_it(
    name: str, value: bytes | None, told: str
) -> None:
    message = message_of(PLACED, LEDGER)
    kept = [each for each in message.headers if each[0] != name]
    other = Message(
        topic=message.topic,
        key=message.key,
        value=message.value,
        headers=kept if value is None else [*kept, (name, value)],
    )
    with pytest.raises(Foreign, match=told):
        row_of(other)


def test_an_event_without_a_value_is_none() -> None:
    message = message_of(PLACED, LEDGER)
    with pytest.raises(Foreign, match="without a value"):
        row_of(Message(topic=message.topic, key=message.key, value=None, headers=message.headers))


@pytest.mark.parametrize("missing", ["event_id", "notification_id"])
def test_a_row_without_an_envelope_is_no_event(missing: str) -> None:
    with pytest.raises(ValueError, match="lead/1, version 1, has no envelope"):
        message_of(without(PLACED, {missing}), LEDGER)
