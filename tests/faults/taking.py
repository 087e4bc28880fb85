"""A process that takes in one topic, until it is killed.

Only tests run this: python -m tests.faults.taking URL SERVERS TOPIC
"""

import sys
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from threading import Event

from commands.service import WriteSide
from consumers.inbound import intake
from consumers.inbound.intake import Intake
from tests.consumers.inbound.house import NOTES
from tests.memory import MASTER

GROUP = "house"


def taking(url: str, servers: str, topic: str, side: WriteSide) -> Intake:
    intake.AGAIN_SECONDS = 0.3
    return Intake.of(
        replace(NOTES, topic=topic),
        servers=servers,
        url=url,
        side=side,
        group=GROUP,
        patience=timedelta(minutes=15),
        keeps=timedelta(days=30),
        kafka_patience=3.0,
        session=1.5,
    )


def main(url: str, servers: str, topic: str) -> None:
    with closing(WriteSide.open(url, MASTER, patience=30)) as side:
        taking(url, servers, topic, side).run(Event())


if __name__ == "__main__":
    main(*sys.argv[1:])
