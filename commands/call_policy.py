"""What may be asked of the policy of calls: a new version."""

from commands.decider import Decider
from domain.access import Action
from domain.call_policy import CALLS, CallPolicy, CallPolicyEvent, CallPolicyPublished, CallTerms, evolve
from domain.catalog import coded
from domain.errors import Invalid
from domain.values import PolicyId, value

call_policies = Decider[CallPolicy, CallPolicyEvent](
    name="call-policy",
    plural="call-policies",
    id_field="policy_id",
    key=PolicyId,
    initial=lambda _: CallPolicy(),
    evolve=evolve,
    governs=True,
)

A_DAY = 86_400  # Seconds.


@value
class PublishCallPolicy:
    policy_id: PolicyId
    terms: CallTerms = CallTerms()


@call_policies.decides(Action.ADMINISTER)
def publish(command: PublishCallPolicy, policy: CallPolicy) -> CallPolicyPublished:
    """Publish from how many seconds on a call is an effective one, and which dispositions tell of interest; those
    summed up before keep their terms.
    """
    if command.policy_id != CALLS:
        raise Invalid(field="policy_id", because=f"all calls are under one policy, {CALLS}")
    if not 0 <= command.terms.effective_from_seconds <= A_DAY:
        raise Invalid(field="terms/effective_from_seconds", because=f"this is 0 to {A_DAY}")
    for nth, code in enumerate(command.terms.interested):
        coded(f"terms/interested/{nth}", code)
    return CallPolicyPublished(policy_id=command.policy_id, number=policy.number + 1, terms=command.terms)
