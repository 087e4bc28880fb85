"""Key account: the best customers have somebody of their own, and it is told why him."""

from collections import Counter
from collections.abc import Iterator, Sequence

from commands.customer.owners import AssignCustomer
from consumers.process import FirstOf, Process, Seen
from domain.customer.facts import CustomerReleased, OwnerChoice, Passed, ValueSegmentChanged
from domain.staff import AvailabilityChanged, StaffOnboarded
from projections.capacity import Capacity, capacity
from projections.key_accounts import KeyAccount, key_accounts

SKILL = "key-account"  # Of staff who look after key accounts.
RULE = "key-account/fewest"
ALTERNATIVES = 3  # So many are tried, where the first has just left.

key_account = Process("key-account", looks_at=(key_accounts, capacity))


@key_account.reacts
def give_the_best_somebody_of_their_own(event: ValueSegmentChanged, seen: Seen) -> Iterator[FirstOf]:
    yield from given([row for row in seen.rows(key_accounts, customer_id=event.customer_id) if row.waits], seen)


@key_account.reacts
def try_again_when_somebody_can(
    event: StaffOnboarded | AvailabilityChanged | CustomerReleased, seen: Seen
) -> Iterator[FirstOf]:
    """Those who have waited longest come first."""
    del event
    waiting = [row for row in seen.rows(key_accounts) if row.waits]
    yield from given(sorted(waiting, key=lambda row: (row.since, row.customer_id)), seen)


def given(waiting: Sequence[KeyAccount], seen: Seen) -> Iterator[FirstOf]:
    """Each to whoever looks after the fewest, counted as if those before it had been given away already."""
    if not waiting:
        return
    people = [each for each in seen.rows(capacity) if SKILL in each.skills]
    load = Counter(row.owner_id for row in seen.rows(key_accounts) if row.owner_id is not None)
    seen_at = min(seen.position(view) for view in key_account.looks_at)
    for row in waiting:
        able = [each for each in people if each.available_at(seen.now)]
        able.sort(key=lambda each: (load[each.staff_id], each.staff_id))
        if not able:
            return  # It waits, and is listed.
        yield FirstOf(
            tuple(
                AssignCustomer(
                    customer_id=row.customer_id,
                    owner=each.staff_id,
                    role="key_account",
                    choice=OwnerChoice(
                        rule_id=RULE, seen_at=seen_at, passed=tuple(passed_over(people, able[: nth + 1], seen))
                    ),
                )
                for nth, each in enumerate(able[:ALTERNATIVES])
            )
        )
        load[able[0].staff_id] += 1


def passed_over(people: Sequence[Capacity], tried: Sequence[Capacity], seen: Seen) -> Iterator[Passed]:
    """Why not each of the others. The last of those who are tried is the one."""
    *refused, chosen = tried
    for each in people:
        if each in refused:
            yield Passed(staff_id=each.staff_id, because="refused")
        elif not each.active:
            yield Passed(staff_id=each.staff_id, because="departed")
        elif not each.available_at(seen.now):
            yield Passed(staff_id=each.staff_id, because="away")
        elif each is not chosen:
            yield Passed(staff_id=each.staff_id, because="has-more")
