"""A Merkle tree over a log (RFC 9162, section 2): one hash stands for all of its leaves, in their order.

Whoever has kept that hash can be shown by a few others that a leaf stands at a place of the log, and that a longer log
begins with everything that was in a shorter one.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256

HASH_BYTES = 32

Node = Callable[[int, int], bytes]
"""The hash over the 2^level leaves from the index'th such group on, all of which are there; of a leaf at level 0."""


class Unproven(Exception):
    """A proof does not lead to the hash that it is for."""


def of_leaf(leaf: bytes) -> bytes:
    return sha256(b"\0" + leaf).digest()


def of_both(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()


class Growing:
    """A tree to which leaves are added, of which only so much is kept as its hash needs: one hash for each bit that is
    set in its size, of the largest group first.
    """

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        assert len(peaks) == size.bit_count(), "one for each whole group"
        self.size = size
        self.peaks = list(peaks)

    def add(self, leaf_hash: bytes) -> None:
        found, size, peaks = leaf_hash, self.size, self.peaks
        while size & 1:
            found = of_both(peaks.pop(), found)
            size >>= 1
        peaks.append(found)
        self.size += 1

    def root(self) -> bytes:
        if not self.peaks:
            return sha256().digest()
        *others, found = self.peaks
        for peak in reversed(others):
            found = of_both(peak, found)
        return found


# To prove. Ranges begin where a whole group of at least their length begins.


def root(node: Node, size: int) -> bytes:
    """The hash of the tree over the first leaves; MTH in the RFC."""
    return over(node, 0, size) if size else sha256().digest()


def over(node: Node, start: int, end: int) -> bytes:
    size = end - start
    if size.bit_count() == 1:
        level = size.bit_length() - 1
        return node(level, start >> level)
    middle = start + half(size)
    return of_both(over(node, start, middle), over(node, middle, end))


def half(size: int) -> int:
    """The largest power of two that is less."""
    return int(1 << ((size - 1).bit_length() - 1))


def inclusion(node: Node, index: int, size: int) -> list[bytes]:
    """The proof that a leaf stands at an index, counted from 0, of the tree of that size; PATH in the RFC."""
    assert 0 <= index < size, "there is such a leaf"
    start, end, path = 0, size, []
    while end - start > 1:
        middle = start + half(end - start)
        if index < middle:
            path.append(over(node, middle, end))
            end = middle
        else:
            path.append(over(node, start, middle))
            start = middle
    return path[::-1]


def consistency(node: Node, first: int, second: int) -> list[bytes]:
    """The proof that the tree of the second size begins with all of the tree of the first; PROOF in the RFC."""
    assert 0 < first <= second, "an empty tree is the beginning of every other"
    start, end, path = 0, second, []
    while end != first:
        middle = start + half(end - start)
        if first <= middle:
            path.append(over(node, middle, end))
            end = middle
        else:
            path.append(over(node, start, middle))
            start = middle
    if start:
        path.append(over(node, start, end))
    return path[::-1]


# To check a proof, without the log.


def check_inclusion(leaf_hash: bytes, index: int, size: int, path: Sequence[bytes], expected: bytes) -> None:
    """Raises Unproven unless the leaf stands there in the tree with that hash (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        raise Unproven(f"there is no leaf {index} among {size}")
    here, last, found = index, size - 1, leaf_hash
    for other in path:
        if not last:
            raise Unproven("the path is too long")
        if here & 1 or here == last:
            found = of_both(other, found)
            here, last = up_to_the_right(here, last)
        else:
            found = of_both(found, other)
        here, last = here >> 1, last >> 1
    if last:
        raise Unproven("the path is too short")
    if found != expected:
        raise Unproven(f"leaf {index} is not in the tree of {size} with this hash")


def check_consistency(first: int, second: int, path: Sequence[bytes], begins: bytes, expected: bytes) -> None:
    """Raises Unproven unless the second tree begins with all of the first (RFC 9162, 2.1.4.2)."""
    if not 0 < first <= second:
        raise Unproven(f"a tree of {second} does not begin with one of {first}")
    if first == second:
        if path or begins != expected:
            raise Unproven(f"there are two trees of {first}")
        return
    left = [begins, *path] if first.bit_count() == 1 else list(path)
    if not left:
        raise Unproven("the path is too short")
    here, last = first - 1, second - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    before = after = left.pop(0)
    for other in left:
        if not last:
            raise Unproven("the path is too long")
        if here & 1 or here == last:
            before, after = of_both(other, before), of_both(other, after)
            here, last = up_to_the_right(here, last)
        else:
            after = of_both(after, other)
        here, last = here >> 1, last >> 1
    if last:
        raise Unproven("the path is too short")
    if (before, after) != (begins, expected):
        raise Unproven(f"the tree of {second} does not begin with that of {first}")


def up_to_the_right(here: int, last: int) -> tuple[int, int]:
    """From a last one that has no neighbour to the right, up to where it is a right one itself."""
    while here and not here & 1:
        here, last = here >> 1, last >> 1
    return here, last
