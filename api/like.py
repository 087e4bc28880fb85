"""What may have been meant by a name that there is not."""

from collections.abc import Iterable
from difflib import get_close_matches


def like(given: str, known: Iterable[str]) -> str:
    """What may have been meant: the name that is most like the given one, else all that there are."""
    names = list(known)
    close = get_close_matches(given, names, 1)
    return f"; {close[0]} is one" if close else f": {', '.join(names)}" if names else ""
