"""What other systems may send of customers can be written down for them as a JSON Schema."""

import json
import re
from typing import Any

import pytest
from pydantic import TypeAdapter

from consumers.inbound.channel import Channel
from consumers.inbound.invoices import billing_invoices
from consumers.inbound.learning import learning_progress
from consumers.inbound.risk import risk_flags
from consumers.inbound.tags import bigdata_tags
from consumers.inbound.touchpoints import web_touchpoints

CHANNELS = (risk_flags, billing_invoices, bigdata_tags, learning_progress, web_touchpoints)


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.topic)
def test_a_message_has_a_schema_that_lets_pass_what_is_not_known(channel: Channel[Any]) -> None:
    schema = TypeAdapter[Any](channel.message).json_schema(mode="validation")
    assert schema["type"] == "object"
    assert schema["required"]
    assert '"format": "date-time"' in json.dumps(schema)
    assert "additionalProperties" not in json.dumps(schema)
    assert not {"gt", "ge", "lt", "le"} & set(re.findall(r'"(\w+)":', json.dumps(schema))), "limits in its own words"
    assert schema == TypeAdapter[Any](channel.message).json_schema(mode="validation"), "the same at any time"


def test_each_has_a_topic_and_a_system_of_its_own() -> None:
    assert len({each.topic for each in CHANNELS}) == len({each.system for each in CHANNELS}) == len(CHANNELS)
