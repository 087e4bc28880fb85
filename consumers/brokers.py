"""Where Kafka is, how one gets in, and by which client we send."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from settings import Settings

Client = Literal["kafka-python", "confluent"]
Mechanism = Literal["", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


@dataclass(frozen=True, slots=True)
class Brokers:
    """`servers` are some of them, host:port, with commas between them.

    With `tls` their certificates are looked at: by those that the system trusts, or by `ca`, a file. `certificate` and
    `key` are ours, for who asks for them. A `mechanism` goes with `user` and `password`.
    """

    servers: str
    tls: bool = False
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    mechanism: Mechanism = ""
    user: str = ""
    password: str = ""
    client: Client = "kafka-python"

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(
            servers=settings.kafka,
            tls=settings.kafka_tls,
            ca=settings.kafka_ca,
            certificate=settings.kafka_certificate,
            key=settings.kafka_key,
            mechanism=settings.kafka_sasl,
            user=settings.kafka_user,
            password=settings.kafka_password.get_secret_value(),
            client=settings.kafka_client,
        )

    def __repr__(self) -> str:
        """Without the password: it is in no log."""
        return f"Brokers({self.servers!r})"

    def __str__(self) -> str:
        """As it is said to people; who is not let in sees as whom and how he had asked."""
        if self.protocol == "PLAINTEXT":
            return self.servers
        return f"{self.servers} ({self.protocol}{f' as {self.user}' if self.user else ''})"

    @property
    def protocol(self) -> str:
        return ("SASL_" if self.mechanism else "") + ("SSL" if self.tls else "PLAINTEXT")
