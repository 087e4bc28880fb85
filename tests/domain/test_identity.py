from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ImpossibleHistory, Invalid
from domain.identity import (
    HeldBy,
    Identifier,
    Identity,
    IdentityAttributed,
    IdentityDetached,
    IdentityReassigned,
    IdentityReattributed,
    IdentityReleased,
    IdentityReserved,
    Unheld,
    evolve,
    normalised,
)
from domain.values import CustomerId
from tests.commands.lead.situations import LEAD, OTHER
from tests.spec import ANN, START, identity

# One spelling


@pytest.mark.parametrize(
    ("kind", "given", "kept"),
    [
        ("phone", "+86 138 0013 8000", "+8613800138000"),
        ("phone", "+86-138-0013-8000", "+8613800138000"),
        ("phone", "tel:+86-138-0013-8000", "+8613800138000"),
        ("phone", "＋８６ １３８ ００１３ ８０００", "+8613800138000"),
        ("phone", "+39 06 698 12345", "+390669812345"),
        ("email", " Li.Na@Example.CN ", "li.na@example.cn"),
        ("email", "ｌｉ＠example.cn", "li@example.cn"),
        ("wechat", "LiNa_2026", "lina_2026"),
        ("wechat", "wxid-abcdef", "wxid-abcdef"),
    ],
)
def test_there_is_one_spelling(kind: str, given: str, kept: str) -> None:
    found = normalised(Identifier(kind=kind, value=given))  # type: ignore[arg-type]
    assert found == Identifier(kind=kind, value=kept)  # type: ignore[arg-type]
    assert normalised(found) == found


def test_a_national_number_needs_its_region_in_whatever_case() -> None:
    for region in ("CN", "cn"):
        found = normalised(Identifier(kind="phone", value="13800138000", region=region))
        assert found == Identifier(kind="phone", value="+8613800138000")
    for nowhere in (None, "", "XX"):
        with pytest.raises(Invalid, match="this is no phone number"):
            normalised(Identifier(kind="phone", value="13800138000", region=nowhere))


def test_an_external_id_keeps_its_case_and_its_system() -> None:
    found = normalised(Identifier(kind="external", value=" aB-1 ", system=" crm "))
    assert found == Identifier(kind="external", value="aB-1", system="crm")
    for system in (None, "", " ", "c\0rm"):
        with pytest.raises(Invalid, match="an external id names its system"):
            normalised(Identifier(kind="external", value="1", system=system))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("phone", ""),
        ("phone", "1"),
        ("phone", "+86 1"),
        ("phone", "+999 123456789"),
        ("phone", "hello"),
        ("phone", "9" * 4000),
        ("phone", "+86138****0163"),
        ("phone", "+86138••••0163"),
        ("phone", "+86138xxxx0163"),
        ("email", ""),
        ("email", "li"),
        ("email", "li@example"),
        ("email", "li@@example.cn"),
        ("email", "li na@example.cn"),
        ("email", "li\0@example.cn"),
        ("email", "li\u200b@example.cn"),
        ("wechat", ""),
        ("wechat", "1abcdef"),
        ("wechat", "short"),
        ("wechat", "a" * 21),
        ("wechat", "李娜李娜李娜"),
        ("external", " "),
        ("external", "a\0b"),
    ],
)
def test_what_cannot_be_one_is_refused_without_repeating_it(kind: str, value: str) -> None:
    with pytest.raises(Invalid) as no:
        normalised(Identifier(kind=kind, value=value, system="crm"))  # type: ignore[arg-type]
    assert no.value.field == "identities"
    assert not value.strip() or value not in str(no.value)


@given(st.sampled_from(["phone", "email", "wechat", "external"]), st.text(max_size=40))
def test_whatever_comes_it_is_one_or_it_is_refused(kind: str, value: str) -> None:
    try:
        found = normalised(Identifier(kind=kind, value=value, system="crm"))  # type: ignore[arg-type]
    except Invalid:
        return
    assert normalised(found) == found


# One holder

free, held = Unheld(identity_id=identity(1)), HeldBy(identity_id=identity(1), lead_id=LEAD)
reserved = IdentityReserved(identity_id=identity(1), kind="phone", lead_id=LEAD)
reassigned = IdentityReassigned(identity_id=identity(1), from_=LEAD, to=OTHER)
released = IdentityReleased(identity_id=identity(1), lead_id=LEAD)


def test_an_identity_is_reserved_handed_on_and_released() -> None:
    assert evolve(free, reserved) == held
    assert evolve(held, reassigned) == HeldBy(identity_id=identity(1), lead_id=OTHER)
    assert evolve(held, released) == free


def test_a_history_in_which_two_hold_it_is_corrupt() -> None:
    for state, event in ((held, reserved), (free, released), (free, reassigned)):
        with pytest.raises(ImpossibleHistory):
            evolve(state, event)


# Whose it is: an axis of its own

CUSTOMER, ANOTHER = CustomerId(UUID(int=0xC1)), CustomerId(UUID(int=0xC2))
attributed = IdentityAttributed(identity_id=identity(1), kind="phone", customer_id=CUSTOMER)
handed_on = IdentityReattributed(identity_id=identity(1), from_=CUSTOMER, to=ANOTHER)
detached = IdentityDetached(identity_id=identity(1), customer_id=CUSTOMER)


@pytest.mark.parametrize("state", [free, held, Unheld(identity_id=identity(1), cooling={ANN: START})])
def test_whose_it_is_does_not_depend_on_who_holds_it(state: Identity) -> None:
    his = evolve(state, attributed)
    assert his == replace(state, customer_id=CUSTOMER)
    assert evolve(his, handed_on) == replace(state, customer_id=ANOTHER)
    assert evolve(his, detached) == state


def test_who_holds_it_does_not_change_whose_it_is() -> None:
    his = evolve(free, attributed)
    taken = evolve(his, reserved)
    assert taken == HeldBy(identity_id=identity(1), lead_id=LEAD, customer_id=CUSTOMER)
    assert evolve(taken, reassigned) == HeldBy(identity_id=identity(1), lead_id=OTHER, customer_id=CUSTOMER)
    cooled = evolve(taken, replace(released, cooling={ANN: START}))
    assert cooled == Unheld(identity_id=identity(1), cooling={ANN: START}, customer_id=CUSTOMER)


def test_a_history_in_which_it_is_two_customers_is_corrupt() -> None:
    his = evolve(free, attributed)
    other = replace(attributed, customer_id=ANOTHER)
    for state, event in (
        (his, attributed),
        (his, other),
        (free, detached),
        (free, handed_on),
        (his, replace(detached, customer_id=ANOTHER)),
        (his, replace(handed_on, from_=ANOTHER, to=CUSTOMER)),
    ):
        with pytest.raises(ImpossibleHistory):
            evolve(state, event)
