"""A file that is there when it is whole, and not before: until then what was there stays as it was. For its owner's
eyes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from ledger.disk import on_disk


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A folder beside it, for what is needed on the way; the file in it that is named as the path becomes it."""
    with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        made = Path(folder) / path.name
        yield made
        made.chmod(0o600)
        on_disk(made)
        made.replace(path)
        on_disk(path.parent)
