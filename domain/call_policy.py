"""What counts as having talked to somebody: published, and never changed for a call that was summed up."""

from domain.values import PolicyId, fact, value

CALLS = PolicyId("calls")  # The one that there is.


@value
class CallTerms:
    """Numbers are defaults, until others are published. `interested` are the dispositions of those who want to be sold
    something.
    """

    effective_from_seconds: int = 30
    interested: tuple[str, ...] = ()


# Facts


@fact("call-policy.published")
class CallPolicyPublished:
    policy_id: PolicyId
    number: int
    terms: CallTerms


CallPolicyEvent = CallPolicyPublished


# State. As long as nothing is published, the usual terms hold.


@value
class CallPolicy:
    number: int = 0
    terms: CallTerms = CallTerms()


def evolve(_: CallPolicy, event: CallPolicyEvent) -> CallPolicy:
    match event:
        case CallPolicyPublished(number=number, terms=terms):
            return CallPolicy(number=number, terms=terms)
