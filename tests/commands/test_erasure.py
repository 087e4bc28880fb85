"""What is forgotten with a person: only what a policy has found, only of who is forgotten, and once."""

from dataclasses import replace
from uuid import UUID

import pytest

from commands.erasure import MOST_SUBJECTS, ForgetMore
from domain.erasure import Kept, MoreForgotten
from domain.errors import Invalid, NotAllowed, NotNow
from tests.commands.customer.situations import LI, created, erased
from tests.spec import administrator, crm, given, policy

CALL, LEAD = (f"{kind}/{UUID(int=7)}" for kind in ("call", "lead"))
SHARED = Kept(subject=f"contact/{UUID(int=8)}", others=(f"customer/{UUID(int=9)}",))
forget = ForgetMore(customer_id=LI, subjects=(LEAD,), kept=(SHARED,))
forgotten = MoreForgotten(customer_id=LI, subjects=(LEAD,), kept=(SHARED,))
gone = given(*created, *erased)


def test_what_is_about_him_is_forgotten_once() -> None:
    story = gone.when(forget, by=policy).then(forgotten)
    again = story.when(forget, by=policy).then()
    more = replace(forget, subjects=(LEAD, CALL, CALL))
    again.when(more, by=policy).then(MoreForgotten(customer_id=LI, subjects=(CALL,)))


def test_only_who_is_forgotten_takes_anything_with_him() -> None:
    given(*created).when(forget, by=policy).refused(NotNow, because="this needs erased")
    given().when(forget, by=policy).refused(NotNow)


@pytest.mark.parametrize("by", [administrator, crm])
def test_nobody_says_what_is_about_him(by: object) -> None:
    gone.when(forget, by=by).refused(NotAllowed)  # type: ignore[arg-type]


@pytest.mark.parametrize("subject", ["customer/" + str(LI), "staff/ann", "lead/", "lead", f"lead/{UUID(int=7)}/x"])
def test_nothing_else_goes_with_anybody(subject: str) -> None:
    gone.when(replace(forget, subjects=(subject,)), by=policy).refused(Invalid, because="is forgotten with nobody")


def test_so_many_at_a_time() -> None:
    many = tuple(f"call/{UUID(int=number)}" for number in range(MOST_SUBJECTS))
    gone.when(replace(forget, subjects=many, kept=()), by=policy).done()
    gone.when(replace(forget, subjects=many), by=policy).refused(Invalid, because=f"at most {MOST_SUBJECTS}")
