"""A worker that keeps the views up that can come from Kafka.

Only tests run this: python -m tests.kafka.projecting KAFKA [VIEW ...]
"""

import logging
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import structlog

import consumers.member
import consumers.own_topic
import consumers.projector
import consumers.repartition
from commands.service import open_ledger
from consumers import over_kafka
from consumers.projector import Projector
from ledger.ledger import Ledger
from projections import VIEWS
from projections.projection import Projection
from settings import Settings

PATIENCE = 3.0  # Seconds for which who was killed is waited for.


def hasten() -> None:
    consumers.member.NEWS_SECONDS = consumers.member.AGAIN_SECONDS = 0.2
    consumers.repartition.AGAIN_SECONDS = consumers.projector.LEASE_SECONDS = 0.2
    consumers.member.LOG_SECONDS = consumers.own_topic.LOG_SECONDS = 2.0  # It takes its time where topics are many.
    consumers.projector.FAR = 10**9  # However far the views are behind, they are followed, and not rebuilt.


def work(views: Sequence[Projection], ledger: Ledger, url: str, kafka: str, stop: Event) -> None:
    apart = {view.name for view in over_kafka.over_kafka(views)}

    def project() -> None:
        try:
            Projector(views, ledger, url, url, apart=apart).run(stop)
        finally:
            stop.set()

    with ThreadPoolExecutor(1) as aside:
        projecting = aside.submit(project)
        try:
            over_kafka.run(views, ledger, url, url, kafka, stop, PATIENCE)
        finally:
            stop.set()
    projecting.result()


@contextmanager
def working(views: Sequence[Projection], ledger: Ledger, url: str, kafka: str) -> Iterator[Event]:
    """One in this process, for as long as it is looked at."""
    stop = Event()
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(work, views, ledger, url, kafka, stop)
        try:
            yield stop
        finally:
            stop.set()
            running.result()


def main(kafka: str, *names: str) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    hasten()
    settings = Settings.from_environment()
    url = settings.database_url
    views = [view for view in over_kafka.over_kafka(VIEWS) if not names or view.name in names]
    work(views, open_ledger(url, settings.master_key()), url, kafka, Event())


if __name__ == "__main__":
    main(*sys.argv[1:])
