"""Every kind of subject × every role × every place, read over HTTP: what one may not see is not there."""

from typing import Any

import pytest

from commands import DECIDERS
from commands.decider import Decider
from tests.access.office import Office, same
from tests.access.people import SEES
from tests.access.subjects import HELD, WHOSE, key_of, may_see, places_beside, places_of

pytestmark = pytest.mark.slow  # On a real database.


def named(decider: Decider[Any, Any]) -> str:
    return decider.name


def test_of_every_kind_of_subject_it_is_said_whose_it_is() -> None:
    kinds = [kind for kinds in WHOSE.values() for kind in kinds]
    assert sorted(kinds) == sorted(decider.name for decider in DECIDERS)
    assert HELD.keys() == WHOSE["whose it is"] == {each.name for each in DECIDERS if each.holding is not None}


@pytest.mark.parametrize("decider", DECIDERS, ids=named)
def test_a_subject_is_there_for_who_may_see_it(office: Office, role: str, decider: Decider[Any, Any]) -> None:
    office.rob(role)  # Who he is now is in the ledger before it is asked how far that goes.
    for what in ("", "/events", "/compared", f"?as_of={office.house.position}"):
        nobodys = key_of(decider, "nowhere")
        missing = office.get(f"/{decider.plural}/{nobodys}{what}", role)
        assert missing.status_code == 404, (what, "missing")
        for place in (*places_of(decider), *places_beside(decider)):
            key = key_of(decider, place)
            answer = office.get(f"/{decider.plural}/{key}{what}", role)
            if may_see(decider, place, SEES[role]):
                assert answer.status_code == 200, (what, place, answer.text)
            else:
                assert same(answer, missing, key, nobodys), (what, place)
