"""Whose a customer is: everybody who looks after him, and whoever may see him may see his row."""

from datetime import datetime
from typing import Any

import pytest

from commands.customer.customers import holding
from domain.customer.facts.owners import CustomerCollaboratorAdded, CustomerTransferred
from domain.customer.states import Customer
from domain.values import StaffId
from projections.customers import CustomerCard
from tests.commands.customer.situations import LI, OTHER, assigned
from tests.projections.customer_cards import (
    CAT,
    absorbed,
    created,
    merged,
    other,
    released,
    state_after,
    told,
    unmerged,
)
from tests.spec import ANN, BOB, day


def helps(staff_id: StaffId, access: Any = "work", until: datetime | None = None) -> CustomerCollaboratorAdded:
    return CustomerCollaboratorAdded(customer_id=LI, staff_id=staff_id, access=access, until=until)


HELD: tuple[tuple[Any, ...], ...] = (
    (),
    (assigned(),),
    (assigned(BOB, "key_account"),),
    (assigned(BOB, "service"), assigned(BOB, "key_account"), assigned()),
    (assigned(), assigned(BOB, "key_account"), CustomerTransferred(customer_id=LI, from_=ANN, to=CAT, role="primary")),
    (assigned(), released()),
    (assigned(), assigned(BOB, "service"), released()),
    (assigned(), assigned(BOB, "service"), released(), released(BOB, "service")),
    (helps(BOB),),
    (assigned(), helps(BOB), helps(CAT, "read", day(4, 1))),
    (assigned(), helps(BOB), helps(CAT, "read", day(4, 1)), released()),
    (assigned(), helps(BOB, "work", day(4, 1)), helps(BOB, "read")),
    (assigned(), assigned(BOB, "service"), helps(BOB, "work", day(4, 1)), helps(CAT)),
)


def must_agree(row: CustomerCard, state: Customer) -> None:
    """Who may see the row are those who may see the customer."""
    holds = holding(state)
    assert holds is not None
    last = f"staff/{holds.formerly}" if holds.formerly else None
    assert (row.owner_id, row.formerly) == (holds.owner, last)
    readers = holds.readers if holds.owner else {}  # Where nobody has him, readers are not asked for.
    helpers = dict(zip(row.collaborators, row.collaborating_until, strict=True))
    assert helpers == {**(readers or {}), **(holds.workers or {})}


@pytest.mark.parametrize("custody", HELD)
def test_his_row_is_seen_by_whoever_may_see_him(custody: tuple[Any, ...]) -> None:
    must_agree(told(created, *custody), state_after(created, *custody))


def test_everybody_who_looks_after_him_is_told_with_the_role() -> None:
    row = told(created, assigned(BOB, "service"), assigned(), helps(CAT, "read", day(4, 1)))
    assert (row.roles, row.owners) == (("primary", "service"), (ANN, BOB))
    assert (row.let_in, row.let_in_access, row.let_in_until) == ((CAT,), ("read",), (day(4, 1),))
    assert told(created, assigned(), released()).last_owner == ANN


def test_whose_they_are_is_right_after_each_step_of_a_merge() -> None:
    steps = (created, assigned(), released(), other, merged, absorbed, *unmerged())
    for end in range(4, len(steps) + 1):
        for customer_id in (LI, OTHER):
            own = [each for each in steps[:end] if each.customer_id == customer_id]
            must_agree(told(*steps[:end], of=customer_id), state_after(*own))
