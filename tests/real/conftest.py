from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest

from tests.real import bpic2012, cdnow, helpdesk
from tests.real.ledgers import Brought, data_of, database
from tests.servers import Server

SETS: dict[str, tuple[str, Callable[[Path, Path], object]]] = {
    "cdnow": ("CDNOW_sample.txt", cdnow.write_ndjson),
    "helpdesk": ("helpdesk.xes.gz", helpdesk.write_ndjson),
    "bpic2012": ("bpic2012.xes.gz", bpic2012.write_ndjson),
}


@pytest.fixture(scope="session")
def brought(
    shared: Path, postgres: Server, prepared: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Brought]]:
    """All of a data set in a ledger, which is only read: it is imported once for all who do, in a share of theirs."""
    with ExitStack() as kept:

        @cache
        def bring(name: str) -> Brought:
            data, written = SETS[name]
            path, file = data_of(shared, data), tmp_path_factory.mktemp(name) / "all.ndjson"
            written(path, file)
            imported = kept.enter_context(database(postgres, prepared, f"{name}_read"))
            imported.bring(file, lambda _: {})
            return Brought(path, file, imported.url)

        yield bring
