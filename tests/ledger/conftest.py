import asyncio
from collections.abc import Iterator

import pytest
import uvloop

from tests.ledger.letters import InTime


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def runner(request: pytest.FixtureRequest) -> Iterator[InTime]:
    with asyncio.Runner(loop_factory=request.param) as loop:
        yield InTime(loop)
