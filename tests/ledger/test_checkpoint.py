"""Checkpoints are three lines, and nothing else is one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.checkpoint import Checkpoint, NoCheckpoint

origins = st.text(st.characters(codec="utf-8", min_codepoint=33), min_size=1)


@given(st.builds(Checkpoint, origins, st.integers(0), st.binary(min_size=32, max_size=32)))
def test_a_checkpoint_is_read_as_it_was_written(checkpoint: Checkpoint) -> None:
    assert Checkpoint.read(checkpoint.text()) == checkpoint


def test_it_is_three_lines() -> None:
    text = Checkpoint("lifeledger/one/events", 5, bytes(32)).text()
    assert text == f"lifeledger/one/events\n5\n{'A' * 43}=\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n5\n" + "A" * 43 + "=\n",
        "log\n5\n" + "A" * 43 + "=",
        "log\n05\n" + "A" * 43 + "=\n",
        "log\n-5\n" + "A" * 43 + "=\n",
        "log\nfive\n" + "A" * 43 + "=\n",
        "log\n5\nAAAA\n",
        "log\n5\n?\n",
        "log\n5\n" + "A" * 42 + "B=\n",
        "log\n5\n" + "A" * 43 + "=\nmore\n",
        "log\n5\n" + "A" * 43 + "=\n\n",
    ],
)
def test_whatever_is_written_otherwise_is_none(text: str) -> None:
    with pytest.raises(NoCheckpoint):
        Checkpoint.read(text)
