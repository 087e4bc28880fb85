"""A worker that follows a ledger, however far the views are behind it: python -m tests.real.worker."""

from threading import Event

from commands.service import open_ledger
from consumers import projector
from projections import VIEWS
from settings import Settings

NEVER = 10**9  # Events that a view would have to be behind to be rebuilt instead of followed.


def work(url: str, master: bytes, stop: Event) -> None:
    projector.Projector(VIEWS, open_ledger(url, master), url, url).run(stop)


if __name__ == "__main__":
    projector.FAR = NEVER
    settings = Settings.from_environment()
    work(settings.database_url, settings.master_key(), Event())
