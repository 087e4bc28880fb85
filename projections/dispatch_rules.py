"""Dispatch rules: which leads each is for, whom it admits, and whose turn it is, in the last version of each."""

from decimal import Decimal
from typing import cast

from domain.dispatch_rule import (
    Conditions,
    DispatchRule,
    DispatchRulePublished,
    DispatchTerms,
    FirstResponse,
    Strategy,
)
from domain.lead.facts.intake import LeadKind
from domain.money import Money
from domain.values import CalendarId, OrgPath, PolicyId, PoolId, StaffId
from projections.projection import projection
from projections.rows import Row, table


@table
class PublishedRule(Row):
    """Conditions begin with `for_`; what is empty is for all. `weighted` and `weights` belong together."""

    rule_id: PolicyId
    number: int
    name: str
    pool_id: PoolId
    retired: bool
    priority: int
    strategy: Strategy
    not_to_who_failed: bool
    skills: tuple[str, ...] = ()
    territories: tuple[OrgPath, ...] = ()
    weighted: tuple[StaffId, ...] | None = None
    weights: tuple[int, ...] = ()
    for_sources: tuple[str, ...] = ()
    for_channels: tuple[str, ...] = ()
    for_campaigns: tuple[str, ...] = ()
    for_product_lines: tuple[str, ...] = ()
    for_kinds: tuple[str, ...] = ()
    for_customer_types: tuple[str, ...] = ()
    for_territories: tuple[OrgPath, ...] = ()
    amount_from: Decimal | None = None
    amount_below: Decimal | None = None
    currency: str | None = None
    first_response_minutes: int | None = None
    first_response_calendar: CalendarId | None = None

    def rule(self) -> DispatchRule:
        """The rule as it was published."""
        return DispatchRule(
            rule_id=self.rule_id,
            number=self.number,
            pool_id=self.pool_id,
            retired=self.retired,
            terms=DispatchTerms(
                conditions=self.conditions(),
                priority=self.priority,
                skills=self.skills,
                territories=self.territories,
                strategy=self.strategy,
                weights=None if self.weighted is None else dict(zip(self.weighted, self.weights, strict=True)),
                not_to_who_failed=self.not_to_who_failed,
                first_response=self.first_response(),
            ),
        )

    def conditions(self) -> Conditions:
        return Conditions(
            sources=self.for_sources,
            channels=self.for_channels,
            campaigns=self.for_campaigns,
            product_lines=self.for_product_lines,
            kinds=cast("tuple[LeadKind, ...]", self.for_kinds),
            customer_types=self.for_customer_types,
            territories=self.for_territories,
            amount_from=self.money(self.amount_from),
            amount_below=self.money(self.amount_below),
        )

    def first_response(self) -> FirstResponse | None:
        minutes, calendar_id = self.first_response_minutes, self.first_response_calendar
        return FirstResponse(calendar_id=calendar_id, minutes=minutes) if minutes and calendar_id else None

    def money(self, amount: Decimal | None) -> Money | None:
        return None if amount is None or self.currency is None else Money(amount=amount, currency=self.currency)


@projection(
    "dispatch_rules",
    key=("rule_id",),
    version=1,
    scoped=False,
    sorts=("priority", "name"),
    filters=("rule_id", "pool_id", "retired", "priority", "strategy"),
)
def dispatch_rules(_: PublishedRule | None, event: DispatchRulePublished) -> PublishedRule:
    terms = event.terms
    conditions = terms.conditions
    ends = [each for each in (conditions.amount_from, conditions.amount_below) if each is not None]
    return PublishedRule(
        rule_id=event.rule_id,
        number=event.number,
        name=event.name,
        pool_id=event.pool_id,
        retired=event.retired,
        priority=terms.priority,
        strategy=terms.strategy,
        not_to_who_failed=terms.not_to_who_failed,
        skills=terms.skills,
        territories=terms.territories,
        weighted=None if terms.weights is None else tuple(terms.weights),
        weights=tuple((terms.weights or {}).values()),
        for_sources=conditions.sources,
        for_channels=conditions.channels,
        for_campaigns=conditions.campaigns,
        for_product_lines=conditions.product_lines,
        for_kinds=conditions.kinds,
        for_customer_types=conditions.customer_types,
        for_territories=conditions.territories,
        amount_from=None if conditions.amount_from is None else conditions.amount_from.amount,
        amount_below=None if conditions.amount_below is None else conditions.amount_below.amount,
        currency=next((each.currency for each in ends), None),
        first_response_minutes=None if terms.first_response is None else terms.first_response.minutes,
        first_response_calendar=None if terms.first_response is None else terms.first_response.calendar_id,
    )
