"""What has been written, or renamed in a folder, stays so whatever happens to the machine."""

import os
from pathlib import Path


def on_disk(path: Path) -> None:
    """Wait until a file, or what is in a folder, is."""
    found = os.open(path, os.O_RDONLY)
    try:
        os.fsync(found)
    finally:
        os.close(found)
