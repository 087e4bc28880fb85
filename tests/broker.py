"""The Kafka that the specs run against: one of their own, or the one that they are told of."""

import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Any, Self
from uuid import uuid4

import psutil
import pytest

# A socket by which it did not get through, kafka-python leaves to be collected.
KAFKA = [
    pytest.mark.kafka,
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning"),
]
RELEASE = "4.1.0"
ARTIFACTS = {"org.apache.kafka:kafka_2.13": RELEASE, "org.slf4j:slf4j-simple": "1.7.36"}
PATIENCE = 120.0  # Seconds; a start takes three of processor time, and has to share it.
# Below those that a system gives by itself: while a broker is down nobody's connection comes by its port.
PORTS = range(20_000, 30_000)
JAVA = [
    "-Xmx320m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",  # It does not live long enough for more.
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
]
SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "listener.security.protocol.map": "CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "CLIENTS",
    "controller.listener.names": "CONTROLLER",
    "auto.create.topics.enable": "false",
    "offsets.topic.num.partitions": "1",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "log.cleaner.dedupe.buffer.size": "4194304",
    "num.network.threads": "1",
    "num.io.threads": "2",
    "group.coordinator.threads": "1",
    # Who was killed is not let in again before its old self counts as gone.
    "broker.heartbeat.interval.ms": "500",
    "broker.session.timeout.ms": "3000",
}
POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>lifeledger</groupId><artifactId>broker</artifactId><version>1</version><dependencies>{}</dependencies></project>
"""
DEPENDENCY = "<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>"
COPY = ["mvn", "--batch-mode", "--quiet", "dependency:copy-dependencies", "-DincludeScope=runtime"]
# The shell that starts a broker kills it when its input ends, which it does with us, however we end. A line keeps the
# data, for another start; otherwise they go too.
KEEPER = """
home="$1"; shift
"$@" </dev/null >>"$home/log" 2>&1 &
echo $!
exec >&-
read -r _ || left=yes
kill -9 $! 2>/dev/null; wait
[ -z "$left" ] || rm -rf "$home"
"""
VERSIONS = bytes.fromhex("0000000a 0012 0000 00000001 ffff")  # Asks which requests it knows; no client has a name yet.


class NoBroker(Exception):
    """No Kafka can be had here; the message says what would help."""


def programs() -> Sequence[Path]:
    """Kafka's archives; fetched once, by one process, and all of them or none."""
    if missing := [name for name in ("java", "mvn") if shutil.which(name) is None]:
        raise NoBroker(f"{' and '.join(missing)} missing: apt-get install maven, or set KAFKA_BOOTSTRAP_SERVERS")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "lifeledger"
    cache.mkdir(parents=True, exist_ok=True)
    place = cache / f"kafka-{RELEASE}"
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            with tempfile.TemporaryDirectory(prefix="new-", dir=cache) as half:
                fetch(Path(half))
                (Path(half) / "archives").rename(place)
    return sorted(place.glob("*.jar"))


def fetch(into: Path) -> None:
    wanted = (DEPENDENCY.format(*name.split(":"), release) for name, release in ARTIFACTS.items())
    (into / "pom.xml").write_text(POM.format("".join(wanted)))
    command = [*COPY, f"-DoutputDirectory={into / 'archives'}"]
    done = subprocess.run(command, cwd=into, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise NoBroker(f"Maven did not bring Kafka {RELEASE}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


class Broker:
    """One that a spec may kill, freeze, and start again on the same data and port."""

    def __init__(self, home: Path, archives: Sequence[Path], also: Sequence[str] = ()) -> None:
        """`also` are further listeners, by their names."""
        self._home = home
        self._archives = ":".join(map(str, archives))
        self._keeper: subprocess.Popen[bytes] | None = None
        self._java: psutil.Process | None = None
        self._port, self._controller, *others = free_ports(2 + len(also))
        self._others = dict(zip(also, others, strict=True))

    @classmethod
    def new(cls, also: Sequence[str] = (), settings: Mapping[str, str] = MappingProxyType({}), *users: str) -> Self:
        archives = programs()
        broker = cls(Path(tempfile.mkdtemp(prefix="lifeledger-kafka-")), archives, also)
        broker._format(settings, users)
        return broker

    def address_of(self, listener: str) -> str:
        return f"localhost:{self._others[listener]}"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        assert self._java is not None, "it has been started"
        return self._java.pid

    @property
    def home(self) -> Path:
        return self._home

    def start(self) -> None:
        """Ready when this returns, whether it ran, was frozen, or was killed by whomever."""
        if self._java is not None and runs(self._java):
            self.thaw()
        else:
            self._reap()
            command = ["java", *JAVA, "-cp", self._archives, "kafka.Kafka", str(self._settings)]
            self._keeper = subprocess.Popen(
                ["/bin/sh", "-c", KEEPER, "sh", str(self._home), *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
            assert self._keeper.stdout is not None
            self._java = psutil.Process(int(self._keeper.stdout.readline()))
        until = time.monotonic() + PATIENCE
        while not answers(self._port):
            assert runs(self._java), f"Kafka ended while it started:\n{self._last_words()}"
            assert time.monotonic() < until, f"Kafka runs and does not answer:\n{self._last_words()}"
            time.sleep(0.05)

    def kill(self) -> None:
        """As by kill -9; its data stay."""
        assert self._java is not None, "it has been started"
        self._java.kill()
        self._reap()

    def freeze(self) -> None:
        """It keeps its connections, and takes new ones, and says nothing from when this returns."""
        assert self._java is not None, "it has been started"
        self._java.suspend()
        until = time.monotonic() + PATIENCE
        while not stands_still(self._java.pid):
            assert time.monotonic() < until, "Kafka was told to stand still and does not"
            time.sleep(0.01)

    def thaw(self) -> None:
        assert self._java is not None, "it has been started"
        self._java.resume()

    def close(self) -> None:
        if self._keeper is not None:
            self._keeper.communicate()
        shutil.rmtree(self._home, ignore_errors=True)

    @property
    def _settings(self) -> Path:
        return self._home / "server.properties"

    def _format(self, settings: Mapping[str, str], users: Sequence[str]) -> None:
        listeners = f"CLIENTS://127.0.0.1:{self._port},CONTROLLER://127.0.0.1:{self._controller}"
        listeners += "".join(f",{name}://localhost:{port}" for name, port in self._others.items())
        own = {
            "listeners": listeners,
            "advertised.listeners": listeners,
            "controller.quorum.bootstrap.servers": f"127.0.0.1:{self._controller}",
            "log.dirs": str(self._home / "data"),
        }
        self._settings.write_text(
            "".join(f"{name}={value}\n" for name, value in (SETTINGS | own | {**settings}).items())
        )
        cluster = f"--cluster-id={urlsafe_b64encode(uuid4().bytes).decode().rstrip('=')}"  # It may begin with a dash.
        tool = ["kafka.tools.StorageTool", "format", "--standalone", cluster, "-c", str(self._settings)]
        tool += [f"--add-scram={user}" for user in users]
        command = ["java", *JAVA, "-cp", self._archives, *tool]
        done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, done.stdout + done.stderr

    def _reap(self) -> None:
        if self._keeper is not None:
            self._keeper.communicate(b"\n")
            self._keeper = None

    def _last_words(self) -> str:
        return "\n".join((self._home / "log").read_text(errors="replace").splitlines()[-20:])


def runs(process: psutil.Process) -> bool:
    """A zombie does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def stands_still(pid: int) -> bool:
    """Each of its threads is stopped, which some are a moment later than others."""
    with suppress(FileNotFoundError):  # One of them has just ended.
        states = [each.read_text().rpartition(")")[2].split()[0] for each in Path(f"/proc/{pid}/task").glob("*/stat")]
        return set(states) == {"T"}
    return False


def answers(port: int) -> bool:
    """It accepts connections long before it looks at what they ask."""
    with suppress(OSError), closing(socket.create_connection(("127.0.0.1", port), timeout=1)) as asked:
        asked.sendall(VERSIONS)
        return bool(asked.recv(4))
    return False


def free_ports(count: int) -> Sequence[int]:
    """Each is somebody else's only if he chose it in this very moment."""
    chance, found = Random(), list[int]()
    while len(found) < count:
        port = chance.choice(PORTS)
        with closing(socket.socket()) as tried, suppress(OSError):
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(("127.0.0.1", port))
            found.append(port)
    return found


@contextmanager
def a_broker(*given: Any) -> Iterator[Broker]:
    """As `Broker.new`. Without Java and Maven there is none, and where everything is to be tested, that is an error."""
    try:
        found = Broker.new(*given)
    except NoBroker as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"needs a Kafka: {missing}")
    try:
        yield found
    finally:
        found.close()
