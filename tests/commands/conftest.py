"""The order in which the specs of commands are run."""

import pytest

LAST = "test_no_command_event_or_refusal_is_without_a_spec"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What every spec has to be run for comes last."""
    items.sort(key=lambda item: item.name == LAST)
