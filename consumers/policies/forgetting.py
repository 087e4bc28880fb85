"""Forgetting: with a person all is forgotten that is about nobody else; what is kept, and for whose sake, is told."""

from collections.abc import Collection, Iterator

from commands.erasure import MOST_SUBJECTS, ForgetMore
from consumers.process import Process, Seen
from domain.call.facts import CallLinked
from domain.customer.facts.protection import PersonalDataErased
from domain.erasure import Kept, MoreForgotten
from domain.quality.review.facts import CallSampled
from domain.values import CustomerId
from projections.belongings import belongings
from projections.forgotten import forgotten_people

NOBODY = ("identity/",)  # What leads to nobody else: whoever has it after him is found under it anew.

forgetting = Process("forgetting", looks_at=(belongings, forgotten_people))


@forgetting.reacts
def forget_what_is_about_him(event: PersonalDataErased | MoreForgotten, seen: Seen) -> Iterator[ForgetMore]:
    """Again after each time, until there is nothing more."""
    yield from all_about(event.customer_id, seen)


@forgetting.reacts
def forget_what_turns_out_to_be_about_him(event: CallLinked | CallSampled, seen: Seen) -> Iterator[ForgetMore]:
    to = f"call/{event.call_id}" if isinstance(event, CallSampled) else f"{event.subject.kind}/{event.subject.id}"
    for row in seen.rows(forgotten_people, subject_id=to):
        yield from all_about(row.customer_id, seen)


def all_about(customer_id: CustomerId, seen: Seen) -> Iterator[ForgetMore]:
    mine = {row.subject_id for row in seen.rows(forgotten_people, customer_id=customer_id)}
    found, kept = about(mine, seen)
    new = [each for each in found if each not in mine]
    for start in range(0, len(new) + len(kept), MOST_SUBJECTS):
        end = start + MOST_SUBJECTS
        yield ForgetMore(
            customer_id=customer_id,
            subjects=tuple(new[start:end]),
            kept=tuple(kept[max(start - len(new), 0) : max(end - len(new), 0)]),
        )


def about(mine: Collection[str], seen: Seen) -> tuple[list[str], list[Kept]]:
    """What leads to him, directly or through what does; without what leads to somebody else as well."""
    leads_to: dict[str, tuple[str, ...]] = {}
    left = [*mine]
    while left:
        for row in seen.rows(belongings, to=left.pop()):
            if row.subject_id not in leads_to:
                leads_to[row.subject_id] = tuple(each.to for each in seen.rows(belongings, subject_id=row.subject_id))
                left.append(row.subject_id)
    his = {*mine, *leads_to}
    while foreign := [each for each in leads_to if each in his and each not in mine and others(leads_to[each], his)]:
        his.difference_update(foreign)
    near = [each for each in leads_to if each not in his and not his.isdisjoint(leads_to[each])]
    kept = [Kept(subject=each, others=tuple(others(leads_to[each], his))) for each in sorted(near)]
    return sorted(each for each in leads_to if each in his), kept


def others(leads_to: Collection[str], his: Collection[str]) -> list[str]:
    return [each for each in leads_to if each not in his and not each.startswith(NOBODY)]
