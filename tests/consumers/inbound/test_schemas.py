"""What other systems may send can be written down for them as a JSON Schema."""

import json
import re
from typing import Any

import pytest
from pydantic import TypeAdapter

from consumers.inbound.channel import Channel
from consumers.inbound.topics import CHANNELS, TOPICS


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.topic)
def test_a_message_has_a_schema_that_lets_pass_what_is_not_known(channel: Channel[Any]) -> None:
    schema = TypeAdapter[Any](channel.message).json_schema(mode="validation")
    assert schema["type"] == "object"
    assert schema["required"]
    assert '"additionalProperties": false' not in json.dumps(schema)
    assert not {"gt", "ge", "lt", "le"} & set(re.findall(r'"(\w+)":', json.dumps(schema))), "limits in its own words"
    assert schema == TypeAdapter[Any](channel.message).json_schema(mode="validation"), "the same at any time"


def test_each_has_a_topic_and_a_system_of_its_own() -> None:
    assert len(TOPICS) == len({each.system for each in CHANNELS}) == len(CHANNELS)
