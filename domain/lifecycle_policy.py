"""When a customer counts as new, dormant and lost: the terms of the lifecycle clock, in published versions."""

from collections.abc import Iterable, Mapping

from domain.contact.facts import Channel, Purpose
from domain.customer.dossier import Segment
from domain.values import PolicyId, fact, value

STANDARD = PolicyId("standard")  # The policy under which customers are; its product lines may have terms of their own.


@value
class LifecycleTerms:
    """Days since an order was paid. Numbers are defaults, published for all and overridden per product line."""

    new_days: int = 30
    dormant_days: int = 180
    churned_days: int = 365


@value
class Offer:
    """How a customer is approached again: by which channel, for what, and under which campaign."""

    campaign: str
    channel: Channel = "call"
    purpose: Purpose = "sales"
    product_line: str | None = None


@value
class Upsell:
    """What is offered to whom comes into a segment."""

    segment: Segment
    offer: Offer


UPSELL = Offer(campaign="upsell")


@value
class Approaches:
    """By what a lead is opened on a customer we have; None, or a segment that is not there, is by nothing."""

    winback: Offer | None = Offer(campaign="win-back")
    upsell: tuple[Upsell, ...] = (
        Upsell(segment="B", offer=UPSELL),
        Upsell(segment="C", offer=UPSELL),
        Upsell(segment="D", offer=UPSELL),
    )


# Facts


@fact("lifecycle-policy.published")
class LifecyclePolicyPublished:
    policy_id: PolicyId
    number: int
    time_zone: str
    terms: LifecycleTerms
    product_lines: Mapping[str, LifecycleTerms]
    approaches: Approaches = Approaches()


LifecyclePolicyEvent = LifecyclePolicyPublished


def within(product: str, line: str) -> bool:
    return product == line or product.startswith(f"{line}.")


# States


@value
class NoLifecyclePolicy: ...


@value
class LifecyclePolicy:
    number: int
    time_zone: str
    terms: LifecycleTerms
    product_lines: Mapping[str, LifecycleTerms]
    approaches: Approaches = Approaches()

    def slowest(self, products: Iterable[str]) -> str | None:
        """Of all that was bought together, the product line with terms of its own that last longest. A product is of
        the line that its code begins with: `piano.grand` of `piano`.
        """
        lines = [line for line in self.product_lines if any(within(each, line) for each in products)]
        return max(lines, key=lambda line: self.product_lines[line].dormant_days, default=None)

    def terms_of(self, product_line: str | None) -> LifecycleTerms:
        """Those of a product line, where it has its own."""
        return self.terms if product_line is None else self.product_lines.get(product_line, self.terms)


AnyLifecyclePolicy = NoLifecyclePolicy | LifecyclePolicy


def evolve(_: AnyLifecyclePolicy, event: LifecyclePolicyEvent) -> AnyLifecyclePolicy:
    match event:
        case LifecyclePolicyPublished():
            return LifecyclePolicy(
                number=event.number,
                time_zone=event.time_zone,
                terms=event.terms,
                product_lines=event.product_lines,
                approaches=event.approaches,
            )
