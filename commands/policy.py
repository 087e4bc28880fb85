"""What may be asked of a policy: to rest for a while, and to go on."""

from datetime import timedelta

from commands.decider import Decider
from commands.lead.leads import reason_given
from commands.people import in_person
from domain.access import Action
from domain.actor import Asked
from domain.errors import Invalid, require
from domain.policy import Paused, Policy, PolicyEvent, PolicyName, PolicyPaused, PolicyResumed, Running, evolve
from domain.values import Instant, value

policies = Decider[Policy, PolicyEvent](
    name="policy",
    plural="policies",
    id_field="policy_name",
    key=str,
    initial=lambda _: Running(),
    evolve=evolve,
)

LONGEST_PAUSE = timedelta(days=31)  # Whoever wants more says so again: nothing rests for ever because it was forgotten.


@value
class PausePolicy:
    """What it would have done meanwhile is done afterwards, as far as it is still right then."""

    policy_name: PolicyName
    until: Instant


@policies.decides(Action.ASSIGN)
def pause(command: PausePolicy, _: Running | Paused, asked: Asked) -> PolicyPaused:
    """A manager lets a policy rest until an instant, and says why; said again, the new end holds."""
    in_person(asked, Action.ASSIGN)
    reason_given(asked)
    if not asked.at < command.until <= asked.at + LONGEST_PAUSE:
        raise Invalid(field="until", because=f"a pause ends within {LONGEST_PAUSE.days} days from now")
    return PolicyPaused(policy_name=command.policy_name, until=command.until)


@value
class ResumePolicy:
    policy_name: PolicyName


@policies.decides(Action.ASSIGN)
def resume(command: ResumePolicy, policy: Running | Paused, asked: Asked) -> PolicyResumed:
    """A manager lets a policy go on before the end of its pause."""
    require(policy, Paused)
    in_person(asked, Action.ASSIGN)
    return PolicyResumed(policy_name=command.policy_name)
