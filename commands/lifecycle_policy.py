"""What may be asked of a lifecycle policy: a new version of its terms."""

from collections.abc import Mapping
from dataclasses import fields

from commands.decider import Decider
from commands.pool import LARGEST, is_known
from domain.access import Action
from domain.catalog import coded
from domain.errors import Invalid
from domain.lifecycle_policy import (
    AnyLifecyclePolicy,
    Approaches,
    LifecyclePolicy,
    LifecyclePolicyEvent,
    LifecyclePolicyPublished,
    LifecycleTerms,
    NoLifecyclePolicy,
    evolve,
)
from domain.values import PolicyId, value

lifecycle_policies = Decider[AnyLifecyclePolicy, LifecyclePolicyEvent](
    name="lifecycle-policy",
    plural="lifecycle-policies",
    id_field="policy_id",
    key=PolicyId,
    initial=lambda _: NoLifecyclePolicy(),
    evolve=evolve,
    governs=True,
)


@value
class PublishLifecyclePolicy:
    """`product_lines` have terms of their own: what is bought once in years makes nobody dormant in months."""

    policy_id: PolicyId
    time_zone: str = "Asia/Shanghai"
    terms: LifecycleTerms = LifecycleTerms()
    product_lines: Mapping[str, LifecycleTerms] | None = None
    approaches: Approaches = Approaches()


@lifecycle_policies.decides(Action.ADMINISTER)
def publish(command: PublishLifecyclePolicy, policy: NoLifecyclePolicy | LifecyclePolicy) -> LifecyclePolicyPublished:
    """Publish when customers count as new, dormant and lost; nobody's status changes by that alone."""
    if not is_known(command.time_zone):
        raise Invalid(field="time_zone", because=f"{command.time_zone!r} is no IANA time zone")
    lines = dict(command.product_lines or {})
    must_make_sense(command.terms, "terms")
    for line, terms in lines.items():
        must_make_sense(terms, f"product_lines/{coded('product_lines', line)}")
    return LifecyclePolicyPublished(
        policy_id=command.policy_id,
        number=policy.number + 1 if isinstance(policy, LifecyclePolicy) else 1,
        time_zone=command.time_zone,
        terms=command.terms,
        product_lines=lines,
        approaches=proper(command.approaches),
    )


def proper(approaches: Approaches) -> Approaches:
    """Each segment has one offer, and what is a code is one."""
    segments = [each.segment for each in approaches.upsell]
    if len(set(segments)) < len(segments):
        raise Invalid(field="approaches/upsell", because="a segment is offered one thing")
    offers = {f"upsell/{nth}/offer": each.offer for nth, each in enumerate(approaches.upsell)}
    if approaches.winback is not None:
        offers["winback"] = approaches.winback
    for where, offer in offers.items():
        coded(f"approaches/{where}/campaign", offer.campaign)
        if offer.product_line is not None:
            coded(f"approaches/{where}/product_line", offer.product_line)
    return approaches


def must_make_sense(terms: LifecycleTerms, where: str) -> None:
    for number in fields(terms):
        if not 0 < getattr(terms, number.name) <= LARGEST:
            raise Invalid(field=f"{where}/{number.name}", because=f"this is 1 to {LARGEST} days")
    if terms.churned_days <= terms.dormant_days:
        raise Invalid(field=f"{where}/churned_days", because="nobody is lost before he is dormant")
