"""The broker of the specs: it ends with whoever started it, and where there is none, it is said what is missing."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.broker import Broker, answers, runs

ROOT = Path(__file__).parent.parent.parent
START = """
from tests.broker import Broker
broker = Broker.new()
broker.start()
print(broker.pid, broker.home, flush=True)
input()
"""


def gone(process: psutil.Process, home: Path) -> bool:
    until = time.monotonic() + 20
    while runs(process) or home.exists():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.kafka
def test_whoever_started_a_broker_and_is_killed_leaves_neither_it_nor_its_data(one_broker: Broker) -> None:
    command = [sys.executable, "-c", START]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        pid, home = starter.stdout.readline().split()
        broker = psutil.Process(int(pid))
        assert runs(broker)
        broker.suspend()
        starter.kill()
    assert gone(broker, Path(home))


@pytest.mark.kafka
def test_a_broker_is_killed_frozen_and_started_again_where_it_was(broker: Broker) -> None:
    address, port = broker.address, int(broker.address.rpartition(":")[2])
    broker.kill()
    assert not answers(port)
    broker.start()
    assert (broker.address, answers(port)) == (address, True)
    broker.freeze()
    assert not answers(port)
    broker.start()
    assert answers(port)


@pytest.mark.slow
@pytest.mark.parametrize(("ci", "outcome"), [("", "1 skipped"), ("true", "1 error")])
def test_without_java_and_maven_specs_skip_and_say_why_but_not_where_all_is_to_be_tested(
    ci: str, outcome: str, tmp_path: Path
) -> None:
    spec = "tests/kafka/test_bus.py::test_a_message_without_a_value_is_one[kafka-python]"
    environment = {name: value for name, value in os.environ.items() if name != "KAFKA_BOOTSTRAP_SERVERS"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", spec]
    environment |= {"PATH": str(tmp_path), "CI": ci}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert outcome in done.stdout, done.stdout + done.stderr
    assert "java and mvn missing: apt-get install maven, or set KAFKA_BOOTSTRAP_SERVERS" in done.stdout
