"""A process that takes in one topic, until it is killed.

It makes a file once it has taken in something.

Only tests run this: python -m tests.faults.taking URL SERVERS TOPIC FILE
"""

import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event

from commands.service import WriteSide
from consumers.inbound import intake
from consumers.inbound.intake import Intake
from consumers.message import Arrived, Partition
from tests.consumers.inbound.house import NOTES
from tests.memory import MASTER

GROUP = "house"


def taking(url: str, servers: str, topic: str, side: WriteSide) -> Intake:
    intake.AGAIN_SECONDS = 0.3
    return Intake.of(
        replace(NOTES, topic=topic),
        brokers=servers,
        url=url,
        side=side,
        group=GROUP,
        patience=timedelta(minutes=15),
        keeps=timedelta(days=30),
        kafka_patience=3.0,
        session=1.5,
    )


def main(url: str, servers: str, topic: str, mark: str) -> None:
    with closing(WriteSide.open(url, MASTER, patience=30)) as side:
        intake = taking(url, servers, topic, side)
        take = intake.reader.take

        def and_tell(partition: Partition, records: Sequence[Arrived]) -> None:
            take(partition, records)
            Path(mark).touch()

        intake.reader.take = and_tell  # type: ignore[method-assign]
        intake.run(Event())


if __name__ == "__main__":
    main(*sys.argv[1:])
