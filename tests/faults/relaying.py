"""A relay in a process of its own, which others kill and freeze.

Only tests run this: python -m tests.faults.relaying KAFKA LEASE CLIENT
"""

import logging
import os
import sys
from threading import Event
from typing import cast

import structlog

import consumers.relay
from consumers.brokers import Brokers, Client
from consumers.bus import Bus
from consumers.outgoing import Outgoing
from consumers.relay import Relay

PATIENCE = 2.0  # Seconds with Kafka.
WHAT_HAPPENS = Outgoing(frozenset({"agent-book", "identity", "lead", "pool", "staff"}))  # To what the clients tell of.


def relay(url: str, kafka: str, lease: float, client: Client = "kafka-python") -> Relay:
    consumers.relay.LOOK_SECONDS, consumers.relay.AGAIN_SECONDS = 0.05, 0.2
    return Relay(url, Bus(Brokers(kafka, client=client), PATIENCE), WHAT_HAPPENS, partitions=2, batch=20, lease=lease)


def main(kafka: str, lease: str, client: Client) -> None:
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    relay(os.environ["DATABASE_URL"], kafka, float(lease), client).run(Event())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], cast("Client", sys.argv[3]))
