"""A tree in tiles is the tree, and a proof out of tiles is the proof."""

from hypothesis import example, given
from hypothesis import strategies as st

from ledger.merkle import HASH_BYTES, Growing, check_consistency, check_inclusion, consistency, inclusion, of_leaf, root
from ledger.tiles import WHOLE, WIDTH, Tiled, node_in

LONGEST = 70_000  # There is a third level from 65,536 leaves on.
HASHES = [of_leaf(str(number).encode()) for number in range(LONGEST)]

sizes = st.integers(1, 1_200)


class Kept:
    """Tiles as a database keeps them."""

    def __init__(self) -> None:
        self.tiles: dict[tuple[int, int], bytes] = {}
        self.tree = Tiled()

    def grow(self, size: int) -> "Kept":
        for leaf_hash in HASHES[self.tree.size : size]:
            for level, index, hashes in self.tree.add(leaf_hash):
                self.tiles[level, index] = hashes
        for level, index, hashes in self.tree.growing():
            self.tiles[level, index] = hashes
        return self

    def tile(self, level: int, index: int) -> bytes:
        return self.tiles[level, index]

    def edge(self) -> list[bytes]:
        size = self.tree.size
        levels: list[bytes] = []
        while size:
            levels.append(self.tiles.get((len(levels), size >> 8), b"") if size % WIDTH else b"")
            size >>= 8
        return levels


def grown(size: int) -> bytes:
    tree = Growing()
    for leaf_hash in HASHES[:size]:
        tree.add(leaf_hash)
    return tree.root()


@given(sizes)
@example(256)
@example(65_536)
@example(65_537)
def test_it_has_the_hash_of_the_tree(size: int) -> None:
    kept = Kept().grow(size)
    assert kept.tree.root() == root(node_in(kept.tile), size) == grown(size)


def test_each_hash_is_kept_once_and_a_whole_tile_never_changes() -> None:
    kept = Kept().grow(65_700)
    assert sum(len(hashes) == WHOLE for (level, _), hashes in kept.tiles.items() if level == 0) == 256
    assert [len(kept.tiles[level, 0]) for level in (0, 1)] == [WHOLE, WHOLE]
    assert kept.tiles[2, 0] == root(node_in(kept.tile), 65_536)
    before = {place: hashes for place, hashes in kept.tiles.items() if len(hashes) == WHOLE}
    kept.grow(LONGEST)
    assert before.items() <= kept.tiles.items()


@given(sizes, st.integers(1, 700))
@example(255, 1)
@example(256, 1)
@example(65_535, 2)
def test_from_its_edge_it_can_grow_on(size: int, more: int) -> None:
    kept = Kept().grow(size)
    kept.tree = Tiled(size, kept.edge())
    kept.grow(size + more)
    assert kept.tree.root() == grown(size + more)


@given(sizes, st.integers(1))
@example(65_538, 65_536)
def test_proofs_are_found_in_tiles(second: int, first: int) -> None:
    first = 1 + first % second
    node = node_in(Kept().grow(second).tile)
    whole = root(node, second)
    check_inclusion(HASHES[first - 1], first - 1, second, inclusion(node, first - 1, second), whole)
    check_consistency(first, second, consistency(node, first, second), grown(first), whole)


LONG = st.integers(1, 10**9)


@given(LONG, LONG)
@example(1_000_000, 1)
@example(16_777_217, 16_777_216)
def test_a_proof_needs_a_few_tiles_however_long_the_log_is(second: int, first: int) -> None:
    """Of each level the one in which the leaf is, and that at the edge."""
    fetched: set[tuple[int, int]] = set()

    def tile(level: int, place: int) -> bytes:
        fetched.add((level, place))
        return bytes(min(WIDTH, (second >> 8 * level) - place * WIDTH) * HASH_BYTES)

    levels = -(-second.bit_length() // 8)
    inclusion(node_in(tile), first % second, second)
    assert len(fetched) <= 2 * levels
    fetched.clear()
    consistency(node_in(tile), 1 + first % second, second)
    assert len(fetched) <= 2 * levels
