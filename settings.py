"""What whoever runs the service may set, all of it by environment variables."""

import base64
import binascii
import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar
from zoneinfo import available_timezones

from pydantic import AfterValidator, ByteSize, Field, PositiveInt, SecretStr, ValidationError, ValidationInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "LIFELEDGER_"
FOR_TESTS = "LIFELEDGER_TEST_"
KEY_BYTES = 32
W = TypeVar("W", bool, str)


class SettingsError(Exception):
    """A setting is missing, unknown or cannot be used; each line names the variable."""


def default_home() -> Path:
    """Where a system service of root's keeps its data, or a program of anybody else's."""
    if os.geteuid() == 0:
        return Path("/var/lib/lifeledger")
    return Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser() / "lifeledger"


def postgres_url(url: str) -> str:
    if url and not url.startswith(("postgresql://", "postgres://")):
        raise ValueError("must look like postgresql://user:password@host:5432/database")
    return url


def kafka_servers(servers: str) -> str:
    for server in servers.split(",") if servers else ():
        host, _, port = server.rpartition(":")
        if not host or host != host.strip() or "/" in host or not port.isdecimal() or not 0 < int(port) <= 65535:
            raise ValueError("must look like host:9092, or host:9092,other:9092")
    return servers


def topics(names: str) -> str:
    for name in names.split(",") if names else ():
        if re.fullmatch(r"[a-zA-Z0-9._-]{1,249}", name) is None:
            raise ValueError("must look like shop.orders.v1, or shop.orders.v1,hr.staff.v1")
    return names


def zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("must look like Asia/Shanghai")
    return name


def needs_kafka(wanted: W, others: ValidationInfo) -> W:
    if wanted and not others.data.get("kafka"):
        raise ValueError("needs LIFELEDGER_KAFKA, which is not set")
    return wanted


def needs_tls(file: Path | None, others: ValidationInfo) -> Path | None:
    if file is not None and not others.data.get("kafka_tls"):
        raise ValueError("needs LIFELEDGER_KAFKA_TLS, which is not on")
    if file is not None and not file.is_file():
        raise ValueError(f"there is no file {file}")
    return file


def needs_a_key(file: Path | None, others: ValidationInfo) -> Path | None:
    if (file is None) != (others.data.get("kafka_key") is None):
        raise ValueError("and LIFELEDGER_KAFKA_KEY go together: the other one is not set")
    return needs_tls(file, others)


def needs_a_user(mechanism: W, others: ValidationInfo) -> W:
    if mechanism and not (others.data.get("kafka_user") and others.data["kafka_password"].get_secret_value()):
        raise ValueError("needs LIFELEDGER_KAFKA_USER and LIFELEDGER_KAFKA_PASSWORD")
    return mechanism


def needs_all_relayed(fed: str, others: ValidationInfo) -> str:
    """What is not in Kafka, no view would ever hear of."""
    if fed == "kafka":
        needs_kafka(fed, others)
        if others.data.get("relay") != "all":
            raise ValueError("needs LIFELEDGER_RELAY=all: what is not relayed, no view would hear of")
    return fed


class Settings(BaseSettings):
    """A field's name in capitals, after LIFELEDGER_, is its variable; an empty variable counts as not set."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    database_url: Annotated[str, AfterValidator(postgres_url)] = Field(
        default="", validation_alias="DATABASE_URL", repr=False
    )
    """The PostgreSQL of the ledger and the views; empty means the embedded one."""
    home: Path = Field(default_factory=default_home)
    """Data of the embedded PostgreSQL, and the master key where no other place is named."""
    master_key_text: SecretStr = Field(default=SecretStr(""), validation_alias="LIFELEDGER_MASTER_KEY")
    master_key_file: Path | None = None
    shared: Path = Path("../shared")
    """Data sets for tests, relative to the repository."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    max_body: ByteSize = Field(default=ByteSize(2**20), gt=0)
    """Bytes of one request; also written as 1MiB."""
    max_table: ByteSize = Field(default=ByteSize(8 * 2**20), gt=0)
    """Bytes of one table of leads."""

    kafka: Annotated[str, AfterValidator(kafka_servers)] = ""
    """Some of Kafka's brokers, host:port, with commas between them; empty means that there is none."""
    kafka_client: Literal["kafka-python", "confluent"] = "kafka-python"
    """By which client the worker sends; confluent sends more in a second, and comes with lifeledger[confluent]."""
    kafka_tls: Annotated[bool, AfterValidator(needs_kafka)] = False
    """Whether the brokers are spoken to by TLS. Their certificates are looked at."""
    kafka_ca: Annotated[Path | None, AfterValidator(needs_tls)] = None
    """A file of certificates that are trusted; without it, those that the system trusts."""
    kafka_key: Annotated[Path | None, AfterValidator(needs_tls)] = None
    kafka_certificate: Annotated[Path | None, AfterValidator(needs_a_key)] = None
    """Our own certificate and its key, files in PEM, for brokers that ask for them."""
    kafka_user: Annotated[str, AfterValidator(needs_kafka)] = ""
    kafka_password: SecretStr = Field(default=SecretStr(""), repr=False)
    kafka_sasl: Annotated[Literal["", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"], AfterValidator(needs_a_user)] = ""
    """How the brokers are told who we are; empty: not at all."""
    publish_checkpoints: Annotated[bool, AfterValidator(needs_kafka)] = False
    """Whether the worker sends each signed checkpoint to the topic lifeledger.checkpoints.v1, for auditors."""
    relay: Annotated[str, AfterValidator(needs_kafka)] = ""
    """Which events the worker relays to Kafka: all, or aggregates and types with commas between them, as
    lead,ticket.opened; empty means none.
    """
    relay_partitions: int = Field(default=6, ge=1, le=1_000)
    """Of each topic that the relay makes; those that are there keep what they have."""

    inbound: Annotated[str, AfterValidator(topics), AfterValidator(needs_kafka)] = ""
    """The topics of other systems that the worker takes in, with commas between them: shop.orders.v1,hr.staff.v1."""
    inbound_group: str = Field(default="lifeledger", pattern=r"^[a-zA-Z0-9._-]{1,100}$")
    """The name under which workers share what comes in. Under another one all that is still there is read again."""
    inbound_patience: float = Field(default=900.0, ge=0, le=604_800)
    """Seconds that a message waits for what it rests on; then it is a dead letter."""
    inbox_days: int = Field(default=30, ge=7, le=3_650)
    """Days that it is kept which message came to which commands."""

    views_from: Annotated[Literal["ledger", "kafka"], AfterValidator(needs_all_relayed)] = "ledger"
    """From where the worker takes what views are folded of: kafka where a view can be fed by it, as several workers
    then share each of them.
    """

    sign_in: Literal["proxy", "roles"] = "proxy"
    """Who somebody is who opens the pages: whom a proxy before them names in X-Actor, or, for a demonstration alone,
    whomever of the staff he chooses to be.
    """
    time_zone: Annotated[str, AfterValidator(zone)] = "Asia/Shanghai"
    """In which the pages tell times: IANA's name of a zone."""
    queue: PositiveInt = 4096
    """Commands that may wait for the writer before callers are told to come back later."""
    patience: float = Field(default=10.0, ge=0, le=300)
    """Seconds that the database may be away before whoever sends a command is told so."""
    cache: PositiveInt = 100_000
    """Streams whose state is kept in memory."""
    key_cache: PositiveInt = 100_000
    """Subjects whose key is kept in memory."""
    ledger_pool: PositiveInt = 4
    """Connections of one process to the ledger, the writer's not counted."""
    view_pool: PositiveInt = 8
    """Connections of one process to the views."""
    followers: PositiveInt = 200
    """Lists that may be followed in one process at a time, each by a connection that stays open."""
    as_of_events: PositiveInt = 500_000
    """Events of the ledger that one request may fold to see a view at another moment."""
    churn_memory: ByteSize = Field(default=ByteSize(512 * 2**20), ge=64 * 2**20)
    """Bytes in which the facts of churn of one moment are kept in memory, of three at a time; what is more is put on
    the disk. Also written as 1GiB.
    """
    looks_days: int = Field(default=1_095, ge=180, le=36_500)
    """Days after which `lifeledger audit forget-looks` lets go of who looked at whom; never less than half a year."""

    @classmethod
    def from_environment(cls, **given: Any) -> Self:
        """What is given, by a command line say, goes before the environment; an error names what is wrong."""
        try:
            settings = cls(**given)
        except ValidationError as error:
            raise SettingsError("\n".join(f"{variable(e['loc'])}: {e['msg']}" for e in error.errors())) from None
        if wrong := unknown(os.environ):
            raise SettingsError("\n".join(wrong))
        return settings

    @property
    def key_file(self) -> Path:
        return self.master_key_file or self.home / "master.key"

    def master_key(self) -> bytes:
        """The 32 bytes that wrap every subject's key; from the variable if it is set, or from the file."""
        if text := self.master_key_text.get_secret_value():
            return decoded(text, "LIFELEDGER_MASTER_KEY")
        where = f"{self.key_file} (LIFELEDGER_MASTER_KEY_FILE)"
        try:
            return decoded(self.key_file.read_text(encoding="ascii"), where)
        except FileNotFoundError:
            told = f"no master key: LIFELEDGER_MASTER_KEY is not set, and there is no file {where}"
        except (OSError, UnicodeDecodeError) as error:
            told = f"{where} cannot be read: {error}"
        raise SettingsError(told)


def decoded(text: str, where: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise SettingsError(f"{where} must hold {KEY_BYTES} bytes in base64, and is not base64") from None
    if len(key) != KEY_BYTES:
        raise SettingsError(f"{where} must hold {KEY_BYTES} bytes in base64, and holds {len(key)}")
    return key


def variables() -> Mapping[str, str]:
    """Each field and the variable that sets it."""
    return {name: str(field.validation_alias or PREFIX + name.upper()) for name, field in Settings.model_fields.items()}


def variable(location: tuple[int | str, ...]) -> str:
    name = str(location[0]) if location else "settings"
    return variables().get(name, name)


def unknown(environment: Mapping[str, str]) -> list[str]:
    """A misspelt setting would otherwise be silently without effect."""
    known = [*variables().values()]
    stray = [name for name in environment if name.startswith(PREFIX) and not name.startswith(FOR_TESTS)]
    return [
        f"{name}: there is no such setting" + "".join(f"; {like} is one" for like in get_close_matches(name, known, 1))
        for name in sorted(stray)
        if name not in known
    ]
