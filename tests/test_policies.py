"""What is written of the policies is what they are."""

from typing import get_args

from consumers.policies import POLICIES
from domain.policy import PolicyName
from tests.policies import DOCUMENT, document


def test_the_document_says_what_they_do() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "python -m tests.policies"


def test_each_has_a_memory_of_its_own_and_something_to_do() -> None:
    names = [process.memory.name for process in POLICIES]
    assert len({*names}) == len(names)
    assert all(process.reactions or process.timers for process in POLICIES)


def test_no_deadline_is_answered_by_two() -> None:
    kinds = [kind for process in POLICIES for kind in process.timers]
    assert len({*kinds}) == len(kinds)


def test_every_name_that_can_be_paused_is_that_of_a_policy() -> None:
    assert set(get_args(PolicyName)) == {process.name for process in POLICIES}
