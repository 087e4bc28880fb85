"""Who looks like whom: what is one slip, what is a name, and what tells nothing."""

from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.called import named
from domain.identity import IdentityKind
from domain.lead.facts.intake import Likeness
from domain.likeness import SUSPECTED_FROM, Alike, Look, keys, likeness, suspects
from domain.values import CustomerId, LeadId, OrgPath

PHONE, SWAPPED, MISTYPED = "+8613812345678", "+8613812354678", "+8613812345578"
HARBIN = OrgPath("north/harbin")
WECHAT: IdentityKind = "wechat"


def look(name: str | None = None, *told: str, **known: Any) -> Look:
    kinds: dict[str, IdentityKind] = {"@": "email", "+": "phone"}
    identities = [(next((kinds[each] for each in kinds if each in one), WECHAT), one) for one in told]
    return Look(name=name, identities=tuple(identities), **known)


def alike(percent: int, because: Likeness) -> Alike:
    return Alike(likeness=percent, because=because)


def must_be(found: Alike | None, *looks: Look) -> None:
    one, other = looks
    assert likeness(one, other) == likeness(other, one) == found
    if found is not None and found.likeness >= SUSPECTED_FROM:
        assert {*keys(one)} & {*keys(other)}, "nobody would have compared them"


# Phones


@pytest.mark.parametrize("other", [SWAPPED, MISTYPED, "+861381234567", "+86138123456780", "+8613912345678"])
def test_one_slip_in_a_phone_is_found_with_the_name_or_without(other: str) -> None:
    must_be(alike(95, "same-name-near-phone"), look("张伟", PHONE), look("张伟", other))
    must_be(alike(75, "near-phone"), look(None, PHONE), look("张伟", other))


def test_colleagues_have_neighbouring_numbers() -> None:
    must_be(alike(30, "near-phone"), look("张伟", PHONE), look("李娜", MISTYPED))


@pytest.mark.parametrize("other", ["+8613812354687", "+8613912345679", "+8513812345678", "+442071234567"])
def test_more_than_a_slip_or_another_country_is_another_phone(other: str) -> None:
    must_be(None, look("张伟", PHONE), look("张伟", other))


def test_a_row_of_numbers_tells_nothing_but_of_the_same_name() -> None:
    row = {LeadId(UUID(int=digit)): look(None, f"+861381234567{digit}") for digit in range(5)}
    (few,) = [{lead_id: row[lead_id] for lead_id in list(row)[:3]}]
    named_so = LeadId(UUID(int=9))
    mine = look("张伟", PHONE)
    assert len(suspects(mine, few)) == 3
    assert suspects(mine, row) == []
    assert [each for each, _ in suspects(mine, row | {named_so: look("张伟", SWAPPED)})] == [named_so]


# What somebody calls himself


def test_the_same_box_at_another_provider() -> None:
    must_be(alike(70, "same-handle"), look(None, "lilei88@qq.com"), look("李雷", "lilei88@163.com"))
    must_be(alike(90, "same-name-same-handle"), look("李雷", "lilei88@qq.com"), look("李雷", "lilei88@163.com"))
    must_be(alike(28, "same-handle"), look("李雷", "lilei88@qq.com"), look("韩梅", "lilei88@163.com"))
    must_be(alike(70, "same-handle"), look(None, "li.lei.88@gmail.com"), look(None, "lilei88+fair@outlook.com"))
    must_be(alike(70, "same-handle"), look("李雷", "lilei88@qq.com"), look("Lei Li", "lilei88@163.com"))


def test_a_wechat_id_or_a_mobile_number_is_what_he_calls_himself() -> None:
    must_be(alike(70, "same-handle"), look(None, "lilei_1988@qq.com"), look(None, "lilei_1988"))
    must_be(alike(70, "same-handle"), look(None, PHONE), look(None, "13812345678@139.com"))


def test_letters_alone_are_often_no_more_than_a_name() -> None:
    must_be(None, look("张伟", "zhangwei@qq.com"), look("张伟", "zhangwei@163.com"))
    must_be(None, look(None, "zhangwei@qq.com"), look(None, "zhangwei@163.com"))
    must_be(alike(70, "same-name-same-handle"), look("欧阳建华", "ouyangjh@a.cn"), look("欧阳建华", "ouyangjh@b.cn"))


def test_what_every_company_has_is_nobody_s() -> None:
    for box in ("info", "sales", "service"):
        must_be(None, look("欧阳建华", f"{box}@a.cn"), look("欧阳建华", f"{box}@b.cn"))


# Names


def test_a_common_name_alone_tells_nothing() -> None:
    must_be(None, look("张伟", PHONE), look("张伟", "+8613587654321"))
    must_be(None, look("张伟", territory=HARBIN), look("张伟", territory=HARBIN))
    must_be(None, look("Zhang Wei", territory=HARBIN), look("Zhang Wei", territory=HARBIN))
    must_be(None, look("欧阳建华"), look("欧阳建华", territory=HARBIN))
    must_be(None, look("欧阳建华", territory=OrgPath("south")), look("欧阳建华", territory=HARBIN))


@pytest.mark.parametrize(("one", "other"), [("欧阳建华", "欧阳　建华"), ("Wilhelmina Jones", "JONES, Wilhelmina")])
def test_a_name_that_few_have_tells_something_in_one_territory(one: str, other: str) -> None:
    must_be(alike(65, "same-name-same-territory"), look(one, territory=HARBIN), look(other, territory=HARBIN))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("锐格（上海）科技有限公司", "锐格(上海)科技股份有限公司 "),
        ("华为技术有限公司", "华为技术公司"),
        ("Acme Trading", "ＡＣＭＥ  Trading Co., Ltd."),
        ("Müller & Söhne GmbH", "Müller, Söhne"),
    ],
)
def test_a_company_is_the_same_in_whatever_legal_form(one: str, other: str) -> None:
    must_be(alike(80, "same-company"), look(one), look(other))


def test_a_person_with_a_long_name_is_no_company() -> None:
    must_be(None, look("阿卜杜拉·买买提"), look("阿卜杜拉·买买提"))


@pytest.mark.parametrize(
    ("one", "other"), [("张伟", "张炜"), ("王建国", "王建"), ("Zhang Wei", "Zhang Lei"), ("张伟", "王先生")]
)
def test_one_other_character_is_another_person(one: str, other: str) -> None:
    must_be(alike(30, "near-phone"), look(one, PHONE), look(other, SWAPPED))


def test_one_slip_in_a_long_word_is_forgiven() -> None:
    one, other = look("Catherine Smith", PHONE), look("Katherine Smith", SWAPPED)
    must_be(alike(84, "same-name-near-phone"), one, other)
    must_be(alike(81, "same-name-near-phone"), look("锐格上海科技厂", PHONE), look("锐歌上海科技厂", SWAPPED))


@pytest.mark.parametrize("nobody", [None, "", "  ", "未知", "微信用户", "N/A", "test", "138", "张先生", "Zhang Wei"])
def test_where_a_name_is_missing_or_cannot_be_compared_the_phone_speaks(nobody: str | None) -> None:
    must_be(alike(75, "near-phone"), look("张伟", PHONE), look(nobody, SWAPPED))


def test_a_title_is_no_part_of_a_name() -> None:
    assert named("张伟先生") == named("张 伟")
    assert named("Mr. Li Lei") == named("Lei LI")


# Customers


def test_two_customers_are_two() -> None:
    one, other = CustomerId(UUID(int=1)), CustomerId(UUID(int=2))
    mine = look("张伟", PHONE, customer_id=one)
    must_be(None, mine, look("张伟", SWAPPED, customer_id=other))
    must_be(alike(95, "same-name-near-phone"), mine, look("张伟", SWAPPED, customer_id=one))
    must_be(alike(95, "same-name-near-phone"), mine, look("张伟", SWAPPED))


# In general

DIGITS = st.text("0123456789", min_size=11, max_size=11)
PHONES = st.one_of(st.sampled_from([PHONE, SWAPPED, MISTYPED]), DIGITS.map(lambda digits: f"+86{digits}"))
EMAILS = st.builds(
    "{}@{}".format,
    st.sampled_from(["lilei88", "li.lei88", "zhangwei", "info"]),
    st.sampled_from(["qq.com", "gmail.com"]),
)
NAMES = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.sampled_from(["张伟", "张 伟", "欧阳建华", "锐格科技有限公司", "锐格科技公司", "Wilhelmina Jones", "张先生"]),
)
LOOKS = st.builds(
    look,
    NAMES,
    st.one_of(PHONES, EMAILS),
    territory=st.sampled_from([None, HARBIN]),
    customer_id=st.sampled_from([None, None, CustomerId(UUID(int=1)), CustomerId(UUID(int=2))]),
)


@given(LOOKS, LOOKS)
def test_it_is_the_same_from_both_sides_within_its_range_and_what_is_alike_is_found(one: Look, other: Look) -> None:
    found = likeness(one, other)
    assert found is None or 0 < found.likeness <= 100
    must_be(found, one, other)


@given(LOOKS)
def test_who_is_equal_is_as_like_as_can_be(one: Look) -> None:
    must_be(alike(100, "same-identity"), one, one)


@given(DIGITS, st.integers(0, 9))
def test_every_transposition_is_one_slip(digits: str, place: int) -> None:
    swapped = digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
    assume(swapped != digits)
    must_be(alike(75, "near-phone"), look(None, f"+86{digits}"), look(None, f"+86{swapped}"))


@given(DIGITS, st.integers(1, 10), st.sampled_from("0123456789"))
def test_every_digit_mistyped_left_out_or_added_is_one_slip(digits: str, place: int, wrong: str) -> None:
    told = {
        digits[:place] + rest for rest in (wrong + digits[place + 1 :], digits[place + 1 :], wrong + digits[place:])
    }
    for each in told - {digits}:
        must_be(alike(75, "near-phone"), look(None, f"+86{digits}"), look(None, f"+86{each}"))


def test_each_weight_is_worth_a_look_and_in_the_order_of_what_is_told() -> None:
    from domain.likeness import WEIGHTS

    assert all(more > less for more, less in pairwise(WEIGHTS.values()))
    assert min(WEIGHTS.values()) >= SUSPECTED_FROM > 0.4 * 75
