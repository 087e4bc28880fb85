"""The packages of Kafka are ones of choice: whoever wants what they are for is told what to install."""

import subprocess
import sys

import pytest


def imported(module: str, without: str) -> tuple[int, str]:
    code = f"import sys; sys.modules[{without!r}] = None; import {module}"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("package", "module", "told"),
    [
        ("kafka", "consumers.bus", "Kafka comes with lifeledger[kafka], which is not installed"),
        ("confluent_kafka", "consumers.by_confluent", "needs lifeledger[confluent], which is not installed"),
    ],
)
def test_where_one_is_missing_that_is_said(package: str, module: str, told: str) -> None:
    code, said = imported(module, package)
    assert code
    assert told in said


def test_who_sends_by_one_can_do_without_the_other() -> None:
    assert imported("consumers.bus", "confluent_kafka") == (0, "")


def test_who_looks_at_what_has_come_in_can_do_without_either() -> None:
    assert imported("api.cli.taken_in", "kafka") == (0, "")
