"""What may be asked of an outreach policy: a new version of its terms."""

from commands.decider import Decider
from commands.pool import is_known
from domain.access import Action
from domain.errors import Invalid
from domain.outreach_policy import (
    CLOCK,
    STANDARD,
    AnyOutreachPolicy,
    NoOutreachPolicy,
    OutreachPolicy,
    OutreachPolicyEvent,
    OutreachPolicyPublished,
    OutreachTerms,
    evolve,
)
from domain.values import PolicyId, value

outreach_policies = Decider[AnyOutreachPolicy, OutreachPolicyEvent](
    name="outreach-policy",
    plural="outreach-policies",
    id_field="policy_id",
    key=PolicyId,
    initial=lambda _: NoOutreachPolicy(),
    evolve=evolve,
    governs=True,
)

MOST = 1_000  # In any window; a person who is contacted more often is not counted any more, but pestered.


@value
class PublishOutreachPolicy:
    """Under `standard` are the terms that hold where no others are named."""

    policy_id: PolicyId = STANDARD
    terms: OutreachTerms = OutreachTerms()


@outreach_policies.decides(Action.ADMINISTER)
def publish(command: PublishOutreachPolicy, policy: NoOutreachPolicy | OutreachPolicy) -> OutreachPolicyPublished:
    """Publish how often people may be contacted, and when not; what was reserved before stays reserved."""
    terms = command.terms
    if not is_known(terms.time_zone):
        raise Invalid(field="terms/time_zone", because=f"{terms.time_zone!r} is no IANA time zone")
    for field in ("a_day", "a_week", "a_month"):
        if not 0 <= getattr(terms, field) <= MOST:
            raise Invalid(field=f"terms/{field}", because=f"this is 0 to {MOST}")
    for field in ("quiet_from", "quiet_until"):
        if not CLOCK.fullmatch(getattr(terms, field)):
            raise Invalid(field=f"terms/{field}", because="a time of day is written as 21:00")
    return OutreachPolicyPublished(
        policy_id=command.policy_id,
        number=policy.number + 1 if isinstance(policy, OutreachPolicy) else 1,
        terms=terms,
    )
