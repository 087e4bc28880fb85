"""The hashes of a Merkle tree in tiles of 256, for proofs without the log (c2sp.org/tlog-tiles).

A tile of level 0 holds the hashes of 256 leaves one after the other; one of level 1 those over 256 leaves each, and so
on. What is not yet 256 at the right edge of each level is a tile too, which grows.
"""

from collections.abc import Callable, Iterator, Sequence

from ledger.merkle import HASH_BYTES, Growing, Node, of_both

BITS = 8
WIDTH = 1 << BITS
WHOLE = WIDTH * HASH_BYTES

Tile = tuple[int, int, bytes]
"""Its level, its place there, and its hashes."""


def hashes_in(tile: bytes) -> list[bytes]:
    return [tile[start : start + HASH_BYTES] for start in range(0, len(tile), HASH_BYTES)]


def joined(hashes: Sequence[bytes]) -> bytes:
    """The one hash over a power of two of them."""
    found = list(hashes)
    while len(found) > 1:
        found = [of_both(*pair) for pair in zip(found[::2], found[1::2], strict=True)]
    return found[0]


def node_in(tile: Callable[[int, int], bytes]) -> Node:
    """How proofs find a hash, out of the tile at a level and a place."""

    def node(level: int, index: int) -> bytes:
        above, within = divmod(level, BITS)
        first, count = index << within, 1 << within
        start = first % WIDTH * HASH_BYTES
        return joined(hashes_in(tile(above, first // WIDTH)[start : start + count * HASH_BYTES]))

    return node


class Tiled:
    """A tree that grows, as tiles: those at the right edge, of each level from 0 up, are all that is kept of it."""

    def __init__(self, size: int = 0, edge: Sequence[bytes] = ()) -> None:
        self.size = size
        self.edge = [bytearray(tile) for tile in edge] or [bytearray()]
        assert [len(tile) // HASH_BYTES for tile in edge] == list(edge_of(size)), "the edge is that of the size"

    def add(self, leaf_hash: bytes) -> Sequence[Tile]:
        """Add a leaf; the tiles that are whole with it."""
        self.size += 1
        tile = self.edge[0]
        tile += leaf_hash
        return () if len(tile) < WHOLE else self.whole()

    def whole(self) -> list[Tile]:
        """Begin new tiles at the edge where they are whole."""
        tiles: list[Tile] = []
        while len(self.edge[len(tiles)]) == WHOLE:
            level = len(tiles)
            hashes = bytes(self.edge[level])
            tiles.append((level, (self.size - 1) >> BITS * (level + 1), hashes))
            self.edge[level].clear()
            if level + 1 == len(self.edge):
                self.edge.append(bytearray())
            self.edge[level + 1] += joined(hashes_in(hashes))
        return tiles

    def growing(self) -> list[Tile]:
        """The tiles at the edge that are not whole."""
        return [(level, self.size >> BITS * (level + 1), bytes(tile)) for level, tile in enumerate(self.edge) if tile]

    def root(self) -> bytes:
        peaks: list[bytes] = []
        for tile in reversed(self.edge):
            hashes, start = hashes_in(bytes(tile)), 0
            for bit in reversed(range(BITS)):
                if len(hashes) & 1 << bit:
                    peaks.append(joined(hashes[start : start + (1 << bit)]))
                    start += 1 << bit
        return Growing(self.size, peaks).root()


def edge_of(size: int) -> Iterator[int]:
    """How many hashes there are at the right edge of each level, when there are so many leaves."""
    while size:
        yield size % WIDTH
        size >>= BITS
