"""The tree that stands for a log: of what RFC 9162 says, and of what Certificate Transparency's logs have published."""

from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.merkle import (
    HASH_BYTES,
    Growing,
    Node,
    Unproven,
    check_consistency,
    check_inclusion,
    consistency,
    inclusion,
    of_both,
    of_leaf,
    root,
)

# The leaves of the reference implementation of Certificate Transparency, and the hashes of the trees over the first
# 0, 1, … 8 of them: github.com/google/certificate-transparency, python/ct/crypto/merkle_test.py.
LEAVES = [
    bytes.fromhex(each)
    for each in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]

sizes = st.integers(1, 200)


def by_definition(leaves: Sequence[bytes]) -> bytes:
    """MTH of section 2.1.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + by_definition(leaves[:k]) + by_definition(leaves[k:])).digest()


def log(size: int) -> list[bytes]:
    return [f"leaf {number}".encode() for number in range(size)]


def node_of(leaves: Sequence[bytes]) -> Node:
    def node(level: int, index: int) -> bytes:
        assert (index + 1) << level <= len(leaves), "only whole groups are asked for"
        return by_definition(leaves[index << level : (index + 1) << level])

    return node


def grown(leaves: Sequence[bytes]) -> Growing:
    tree = Growing()
    for leaf in leaves:
        tree.add(of_leaf(leaf))
    return tree


@pytest.mark.parametrize("size", range(9))
def test_a_tree_has_the_hash_that_others_have_published(size: int) -> None:
    leaves = LEAVES[:size]
    assert root(node_of(leaves), size).hex() == grown(leaves).root().hex() == ROOTS[size]


@given(sizes)
def test_a_tree_has_the_hash_of_its_definition_however_it_came_about(size: int) -> None:
    leaves = log(size)
    tree = grown(leaves)
    assert root(node_of(leaves), size) == tree.root() == by_definition(leaves)
    assert len(tree.peaks) == size.bit_count()


@given(sizes, sizes)
def test_a_tree_can_be_put_down_and_taken_up_again(first: int, more: int) -> None:
    leaves = log(first + more)
    kept = grown(leaves[:first])
    again = Growing(kept.size, kept.peaks)
    for leaf in leaves[first:]:
        again.add(of_leaf(leaf))
    assert again.root() == by_definition(leaves)


# Section 2.1.5: the tree over seven leaves, its nodes a to l, and the proofs that are drawn there.


def test_proofs_are_those_of_the_example_in_the_rfc() -> None:
    leaves = log(7)
    a, b, c, d, e, f, j = map(of_leaf, leaves)
    g, h, i = of_both(a, b), of_both(c, d), of_both(e, f)
    k, l = of_both(g, h), of_both(i, j)  # noqa: E741 - named as there.
    node = node_of(leaves)
    assert root(node, 7) == of_both(k, l)
    assert inclusion(node, 0, 7) == [b, h, l]
    assert inclusion(node, 3, 7) == [c, g, l]
    assert inclusion(node, 4, 7) == [f, j, k]
    assert inclusion(node, 6, 7) == [i, k]
    assert consistency(node, 3, 7) == [c, d, g, l]
    assert consistency(node, 4, 7) == [l]
    assert consistency(node, 6, 7) == [i, j, k]


# Proofs


@given(st.data())
def test_every_leaf_can_be_shown_to_be_where_it_is_and_nowhere_else(data: st.DataObject) -> None:
    size = data.draw(sizes)
    index, other = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    leaves = log(size)
    path, whole = inclusion(node_of(leaves), index, size), by_definition(leaves)
    assert len(path) <= (size - 1).bit_length()
    check_inclusion(of_leaf(leaves[index]), index, size, path, whole)
    with pytest.raises(Unproven):
        check_inclusion(of_leaf(b"forged"), index, size, path, whole)
    if other != index:
        with pytest.raises(Unproven):
            check_inclusion(of_leaf(leaves[index]), other, size, path, whole)


@given(st.data())
def test_every_longer_log_can_be_shown_to_begin_with_a_shorter_one(data: st.DataObject) -> None:
    second = data.draw(sizes)
    first = data.draw(st.integers(1, second))
    leaves = log(second)
    path = consistency(node_of(leaves), first, second)
    begins, whole = by_definition(leaves[:first]), by_definition(leaves)
    check_consistency(first, second, path, begins, whole)
    changed = [*leaves[: first - 1], b"forged", *leaves[first:]]
    with pytest.raises(Unproven):
        check_consistency(first, second, consistency(node_of(changed), first, second), begins, by_definition(changed))


@given(st.data())
def test_a_proof_in_which_anything_is_changed_proves_nothing(data: st.DataObject) -> None:
    second = data.draw(st.integers(2, 100))
    first = data.draw(st.integers(1, second - 1))
    leaves = log(second)
    begins, whole = by_definition(leaves[:first]), by_definition(leaves)
    ways = (
        (
            inclusion(node_of(leaves), first, second),
            lambda path: check_inclusion(of_leaf(leaves[first]), first, second, path, whole),
        ),
        (
            consistency(node_of(leaves), first, second),
            lambda path: check_consistency(first, second, path, begins, whole),
        ),
    )
    path, check = data.draw(st.sampled_from(ways))
    check(path)
    for worse in mutants(path, data):
        with pytest.raises(Unproven):
            check(worse)


def mutants(path: list[bytes], data: st.DataObject) -> list[list[bytes]]:
    nth = data.draw(st.integers(0, len(path) - 1))
    bit = data.draw(st.integers(0, 8 * HASH_BYTES - 1))
    flipped = (int.from_bytes(path[nth], "big") ^ 1 << bit).to_bytes(HASH_BYTES, "big")
    without = path[:nth] + path[nth + 1 :]
    return [[*path[:nth], flipped, *path[nth + 1 :]], without, [*path, path[nth]], [path[nth], *path]]


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_what_is_not_there_is_not_shown_to_be_there(index: int, size: int) -> None:
    with pytest.raises(Unproven, match="no leaf"):
        check_inclusion(bytes(HASH_BYTES), index, size, [], bytes(HASH_BYTES))


@pytest.mark.parametrize(("first", "second"), [(0, 3), (4, 3), (-1, 1)])
def test_no_log_begins_with_a_longer_one_and_all_with_nothing(first: int, second: int) -> None:
    with pytest.raises(Unproven, match="does not begin"):
        check_consistency(first, second, [], bytes(HASH_BYTES), bytes(HASH_BYTES))


def test_of_one_size_there_is_one_tree() -> None:
    check_consistency(3, 3, [], bytes(HASH_BYTES), bytes(HASH_BYTES))
    with pytest.raises(Unproven, match="two trees"):
        check_consistency(3, 3, [], bytes(HASH_BYTES), b"\1" * HASH_BYTES)
