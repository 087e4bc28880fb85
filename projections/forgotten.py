"""Forgotten people: under which streams each was known, and what was forgotten with him."""

from domain.customer.facts.protection import PersonalDataErased
from domain.erasure import MoreForgotten
from domain.values import CustomerId, forgotten_by
from projections.projection import projection
from projections.rows import Row, table


@table
class Forgotten(Row):
    """`customer_id` is as whom he was forgotten; `subject_id` a stream, as lead/…"""

    customer_id: CustomerId
    subject_id: str


ForgottenOnes = tuple[Forgotten, ...]


@projection(
    "forgotten_people",
    key=("customer_id",),
    rows_by=("subject_id",),
    version=1,
    scoped=False,
    inward=True,
    sought_by=("subject_id",),
)
def forgotten_people(rows: ForgottenOnes, event: PersonalDataErased | MoreForgotten) -> ForgottenOnes:
    known = {row.subject_id for row in rows}
    new = [each for each in dict.fromkeys(forgotten_by(event)) if each not in known]
    return (*rows, *(Forgotten(customer_id=event.customer_id, subject_id=each) for each in new)) if new else rows
