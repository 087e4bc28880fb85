"""What published promises say of who gets a ticket: how many one may have, and what each category needs."""

from domain.sla_policy import SlaPolicyPublished
from domain.values import PolicyId
from projections.projection import projection
from projections.rows import Row, table


@table
class SlaTermsRow(Row):
    """A category stands once for each skill that it needs."""

    policy_id: PolicyId
    number: int
    name: str
    capacity: int
    dispatches: bool
    categories: tuple[str, ...]
    skills: tuple[str, ...]


def skills_for(row: SlaTermsRow, category: str) -> frozenset[str]:
    return frozenset(skill for each, skill in zip(row.categories, row.skills, strict=True) if each == category)


@projection("sla_terms", key=("policy_id",), version=1, scoped=False, sorts=("name",), filters=("policy_id",))
def sla_terms(row: SlaTermsRow | None, event: SlaPolicyPublished) -> SlaTermsRow:
    del row
    needed = [(each.category, skill) for each in event.terms.skills for skill in each.skills]
    return SlaTermsRow(
        policy_id=event.policy_id,
        number=event.number,
        name=event.name,
        capacity=event.terms.capacity,
        dispatches=event.terms.dispatches,
        categories=tuple(category for category, _ in needed),
        skills=tuple(skill for _, skill in needed),
    )
