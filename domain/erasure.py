"""Erasure: what else is about a person who is forgotten, and is forgotten with him."""

from collections.abc import Iterator

from domain.values import CustomerId, fact, replace, value


@value
class Kept:
    """What was found to be about him and is kept, since it is about `others` too."""

    subject: str
    others: tuple[str, ...]


# Facts


def with_him(event: "MoreForgotten") -> Iterator[str]:
    yield from event.subjects


@fact("erasure.more-forgotten", forgets=with_him)
class MoreForgotten:
    """`subjects` are about nobody but the customer, as lead/…"""

    customer_id: CustomerId
    subjects: tuple[str, ...] = ()
    kept: tuple[Kept, ...] = ()


# States


@value
class Erasure:
    """All that was forgotten with him so far, and what was kept."""

    subjects: frozenset[str] = frozenset()
    kept: frozenset[Kept] = frozenset()


def evolve(erasure: Erasure, event: MoreForgotten) -> Erasure:
    return replace(erasure, subjects=erasure.subjects.union(event.subjects), kept=erasure.kept.union(event.kept))
