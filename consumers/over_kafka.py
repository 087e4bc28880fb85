"""The part of a worker that folds what comes from Kafka: a member of the group, and whoever brings keys together."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from consumers.brokers import Brokers
from consumers.fed import fed
from consumers.member import Member
from consumers.repartition import Repartitioning
from consumers.subscription import SESSION
from ledger.ledger import Ledger
from ledger.scan import Wire
from ledger.seal import signer_name
from projections.projection import Projection


def over_kafka(views: Sequence[Projection]) -> list[Projection]:
    """Those that can be fed so."""
    return [view for view in views if fed(view).way != "ledger"]


def run(
    views: Sequence[Projection],
    ledger: Ledger,
    ledger_url: str,
    database_url: str,
    brokers: Brokers | str,
    stop: Event,
    patience: float = SESSION,
) -> None:
    """Until it is told to stop; where one of them ends, all do. Raises Unavailable where the ledger is away by then."""
    ours = over_kafka(views)
    wire = Wire(ledger_url)
    with wire.connected() as connection:
        source = signer_name(connection)
    wire.close()
    given = ledger, ledger_url, database_url, brokers, source
    several: list[Member | Repartitioning] = [Member(ours, *given, patience=patience)]
    if own := [view for view in ours if fed(view).way == "repartition topic"]:
        several.append(Repartitioning(own, *given))

    def work(one: Member | Repartitioning) -> None:
        try:
            one.run(stop)
        finally:
            stop.set()

    with ThreadPoolExecutor(len(several), "kafka") as threads:
        running = [threads.submit(work, each) for each in several]
    for each in running:
        each.result()
