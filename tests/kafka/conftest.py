import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def leaves_nothing_behind() -> Iterator[None]:
    """What is left to be collected is collected here, and not while others are tested."""
    yield
    gc.collect()
