"""The eventsourcing library's own tests of what a recorder must do, passed by ours."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from eventsourcing.persistence import ApplicationRecorder
from eventsourcing.tests.persistence import ApplicationRecorderTestCase, NonInterleavingNotificationIDsBaseCase

from ledger.recorder import Recorder, datastore

pytestmark = pytest.mark.slow


class OnOurs:
    """A fresh database for each test, and ids of streams that are text."""

    url: str
    opened: list[Recorder]

    @pytest.fixture(autouse=True)
    def on(self, database_url: str) -> Iterator[None]:
        self.url, self.opened = database_url, []
        yield
        for recorder in self.opened:
            recorder.close()

    def create_recorder(self) -> Recorder:
        recorder = Recorder(datastore(self.url, pool_size=4))
        recorder.create_table()  # As the library's infrastructure does; here the migrations have done it.
        self.opened.append(recorder)
        return recorder

    def new_originator_id(self) -> str:
        return f"lead/{uuid4()}"


class TestApplicationRecorder(OnOurs, ApplicationRecorderTestCase[ApplicationRecorder]):
    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestPositionsOfTransactionsDoNotInterleave(OnOurs, NonInterleavingNotificationIDsBaseCase):
    pass


del ApplicationRecorderTestCase, NonInterleavingNotificationIDsBaseCase  # Else pytest would run these too.
