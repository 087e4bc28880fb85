"""Pools and their terms, which are published, and never change what was decided."""

from dataclasses import replace
from typing import Any

import pytest

from commands.lead.custody import ClaimLead
from commands.pool import PublishPool
from domain.errors import Invalid, NotAllowed
from domain.pool import PoolPublished, Terms
from domain.values import OrgPath, PoolId
from tests.commands.lead.situations import LEAD, claimed, held, in_pool, under
from tests.spec import administrator, ann, day, given, mia

publish = PublishPool(pool_id=PoolId("west"), name="West", members=(OrgPath("west"), OrgPath("north/team-1")))
west = PoolPublished(
    pool_id=PoolId("west"),
    number=1,
    name="West",
    members=(OrgPath("west"), OrgPath("north/team-1")),
    terms=Terms(
        time_zone="Asia/Shanghai",
        protection_days=10,
        extension_days=3,
        hard_limit_days=20,
        first_contact_hours=24,
        cool_down_days=7,
        new_data_wait_minutes=0,
        holding_cap=200,
        daily_claims=20,
    ),
)


def test_a_pool_is_published_with_the_usual_terms() -> None:
    given().when(publish, by=administrator).then(west)


def test_a_new_version_has_the_next_number() -> None:
    strict = Terms(protection_days=1, time_zone="Europe/Berlin")
    given(west).when(replace(publish, terms=strict), by=administrator).then(replace(west, number=2, terms=strict))


def test_a_pool_is_an_administrator_s() -> None:
    given().when(publish, by=mia).refused(NotAllowed, because="the role sales_manager has no such right")
    given().when(publish, by=ann).refused(NotAllowed)


@pytest.mark.parametrize(
    "zone", ["", "Nowhere", "Europe", "../../etc/passwd", "localtime", "posixrules", "Asia/\0", "x" * 900]
)
def test_a_time_zone_is_one_of_the_known(zone: str) -> None:
    wrong = replace(publish, terms=Terms(time_zone=zone))
    given().when(wrong, by=administrator).refused(Invalid, because="terms/time_zone: .* is no IANA time zone")


@pytest.mark.parametrize("amount", [-1, 10**6 + 1, 10**20])
@pytest.mark.parametrize("field", [name for name in Terms.__dataclass_fields__ if name != "time_zone"])
def test_a_number_is_neither_negative_nor_beyond_all_bounds(field: str, amount: int) -> None:
    terms: dict[str, Any] = {field: amount}
    wrong = replace(publish, terms=Terms(**terms))
    given().when(wrong, by=administrator).refused(Invalid, because=f"terms/{field}: this is 0 to 1000000")


def test_the_longest_terms_can_be_lived_with() -> None:
    longest = Terms(
        protection_days=10**6,
        extension_days=10**6,
        hard_limit_days=10**6,
        first_contact_hours=10**6,
        cool_down_days=10**6,
        new_data_wait_minutes=10**6,
    )
    (entry, _) = given(*in_pool, under(longest)).when(ClaimLead(lead_id=LEAD), by=ann).recorded
    assert entry.event.hard_limit.year == 4764


def test_a_pool_has_a_name_and_an_id() -> None:
    given().when(replace(publish, name=""), by=administrator).refused(Invalid, because="name: this must not be blank")
    odd = replace(publish, pool_id=PoolId("we/st"))
    given().when(odd, by=administrator).refused(Invalid, because="pool_id: an id has no blanks, slashes or control")
    given(west).when(replace(publish, members=()), by=administrator).then(replace(west, number=2, members=()))


def test_a_member_is_an_organisation_s_path() -> None:
    wrong = replace(publish, members=(OrgPath("west"), OrgPath("north/")))
    given().when(wrong, by=administrator).refused(Invalid, because="^members/1: an organisation is a path of names")


def test_what_is_decided_says_under_which_version() -> None:
    (entry, slot) = given(*in_pool).when(ClaimLead(lead_id=LEAD), by=ann).recorded
    assert entry.policy_version == slot.policy_version == "pool/north@1"
    two_days = under(Terms(protection_days=2))
    later = given(*in_pool, two_days).when(ClaimLead(lead_id=LEAD), by=ann)
    assert later.recorded[0].policy_version == "pool/north@2"
    assert later.recorded[0].event.protect_until == day(3, 27)


def test_a_new_version_changes_nothing_that_was_decided() -> None:
    nobody = replace(under(Terms(protection_days=0, hard_limit_days=0)), members=())
    again = given(*held, nobody).when(PublishPool(pool_id=PoolId("north"), name="N", members=()), by=administrator)
    assert again.recorded[0].version == 3
    for story in (given(*held), given(*held, nobody)):
        lead = story.when(ClaimLead(lead_id=LEAD), by=ann).desk.executor.state(f"lead/{LEAD}")
        assert lead.state.custody.protect_until == claimed()[0].protect_until
