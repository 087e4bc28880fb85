"""Every kind of subject × every role × every place: what is sealed is opened for whoever may know it, and nobody else.

What is asked for is not there, which only those are told who might have had it.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest

from commands import DECIDERS
from commands.decider import Decider
from domain.access import TABLE
from tests.access.office import ROLES, Office
from tests.access.people import SEES
from tests.access.subjects import OWNED, key_of, may_see, places_of, whose
from tests.api.house import problem

pytestmark = pytest.mark.slow  # On a real database.

HIS, BELOW, ALL = {"his own"}, {"his own", "his colleague's", "below him"}, {*OWNED}
KNOWS: Mapping[str, set[str]] = {
    "sales": HIS,
    "partner": HIS,
    "service_agent": HIS,
    "sales_manager": BELOW,
    "service_manager": BELOW,
    "credit_controller": ALL,
    "service_account": ALL,
    "inspector": set(),
    "quality_manager": set(),
    "analyst": set(),
    "auditor": set(),
    "operations": set(),
    "administrator": set(),
    "personnel": set(),
}
"""Of whom a role knows what is personal, where it is somebody's."""


def may_know(decider: Decider[Any, Any], place: str, role: str) -> bool:
    match whose(decider):
        case "whose it is linked to":
            return KNOWS[role] != set()  # Whom he is shown.
        case "every manager's":
            return KNOWS[role] in (BELOW, ALL)
        case "everybody's" | "who reads everything's":
            return KNOWS[role] == ALL
        case _:
            return place in KNOWS[role]


def test_of_every_role_it_is_said_of_whom_it_knows() -> None:
    assert KNOWS.keys() == {*ROLES} == TABLE.keys() - {"policy"}


@pytest.mark.parametrize("decider", DECIDERS, ids=lambda decider: decider.name)
def test_what_is_sealed_is_opened_for_who_may_know_it(office: Office, decider: Decider[Any, Any]) -> None:
    value = {"event_id": str(UUID(int=99)), "field": "name", "sealed": "x"}
    for role in ROLES:
        for place in (*places_of(decider), "nowhere"):
            path = f"/subjects/{decider.name}/{key_of(decider, place)}/resolve"
            answer = office.house.post(path, {"values": [value]}, office.rob(role))
            if place == "nowhere" or not may_see(decider, place, SEES[role]):
                problem(answer, 404, "hidden")
            elif may_know(decider, place, role):
                problem(answer, 422, "not-sealed-there")
            else:
                problem(answer, 403, "not-allowed")


@pytest.mark.parametrize("decider", DECIDERS, ids=lambda decider: decider.name)
def test_what_is_masked_is_opened_for_who_may_know_it(office: Office, decider: Decider[Any, Any]) -> None:
    value = {"event_id": str(UUID(int=99)), "field": "name"}
    for role in ROLES:
        for place in (*places_of(decider), "nowhere"):
            answer = office.house.post(
                f"/subjects/{decider.name}/{key_of(decider, place)}/open", value, office.rob(role)
            )
            if place == "nowhere" or not may_see(decider, place, SEES[role]):
                problem(answer, 404, "hidden")
            elif may_know(decider, place, role):
                problem(answer, 422, "not-sealed-there")
            else:
                problem(answer, 403, "not-allowed")
