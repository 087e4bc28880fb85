"""Kafka's package is one of choice: whoever wants what it is for is told what to install."""

import subprocess
import sys

import pytest


def test_where_it_is_missing_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kafka", None)
    monkeypatch.delitem(sys.modules, "consumers.bus", raising=False)
    with pytest.raises(ModuleNotFoundError, match=r"Kafka comes with lifeledger\[kafka\], which is not installed"):
        import consumers.bus  # noqa: F401


def test_who_looks_at_what_has_come_in_can_do_without() -> None:
    code = "import sys; sys.modules['kafka'] = None; import api.cli.taken_in"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
