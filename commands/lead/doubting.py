"""Two leads that may be one: it is suspected, by a rule or by a person, and a person decides."""

from commands.lead.leads import leads, reason_given
from commands.people import must_be_a_rule_s
from domain.access import Action
from domain.actor import Asked
from domain.errors import Invalid
from domain.lead.facts.intake import Comparison, DuplicateDismissed, DuplicateSuspected, Likeness
from domain.lead.refusals import DismissedAlready, NotSuspected, SuspectedAlready
from domain.lead.states import Doubt, Open
from domain.values import LeadId, value

WHOLLY = 100  # Of a likeness; and what a person has noticed is not measured.


def doubt_between(lead_id: LeadId, lead: Open, other_id: LeadId, other: Open) -> Doubt | None:
    """What has been said of the two, on whichever of them. A person's word is the last."""
    said = {(lead.doubts or {}).get(other_id), (other.doubts or {}).get(lead_id)}
    last: tuple[Doubt, ...] = ("dismissed", "suspected", "noticed")
    return next((doubt for doubt in last if doubt in said), None)


@value
class SuspectDuplicate:
    """`comparison` is how a rule has found it; a person has `noticed` it, and neither compares nor measures."""

    lead_id: LeadId
    of: LeadId
    likeness: int = WHOLLY
    because: Likeness = "noticed"
    comparison: Comparison | None = None


@value
class DismissDuplicate:
    lead_id: LeadId
    of: LeadId


def other_lead(command: SuspectDuplicate | DismissDuplicate) -> LeadId:
    if command.of == command.lead_id:
        raise Invalid(field="of", because="a lead is the same as itself")
    return command.of


@leads.decides(Action.WORK, other=other_lead)
def suspect_duplicate(command: SuspectDuplicate, lead: Open, other: Open, asked: Asked) -> DuplicateSuspected:
    """Say that two open leads may be one (疑似重复). Nothing follows but what a person decides: merge, or dismiss.
    What a person has noticed keeps no rule from telling how it looks.
    """
    explained(command)
    must_be_a_rule_s("because", command.because != "noticed", asked)
    must_be_a_rule_s("likeness", command.likeness != WHOLLY, asked)
    match doubt_between(command.lead_id, lead, command.of, other):
        case "suspected":
            raise SuspectedAlready(of=command.of)
        case "noticed" if command.because == "noticed":
            raise SuspectedAlready(of=command.of)
        case "dismissed":
            raise DismissedAlready(of=command.of)
        case _:
            return DuplicateSuspected(
                lead_id=command.lead_id,
                of=command.of,
                likeness=command.likeness,
                because=command.because,
                comparison=command.comparison,
            )


def explained(command: SuspectDuplicate) -> None:
    """What is said of the two is a likeness, and what a rule has compared is told."""
    if not 0 <= command.likeness <= WHOLLY:
        raise Invalid(field="likeness", because="a likeness is 0 to 100")
    if command.because == "named-together":
        raise Invalid(field="because", because="that only an enquiry shows which names both")
    seen = command.comparison
    if (seen is None) != (command.because == "noticed"):
        raise Invalid(field="comparison", because="a rule tells what it has compared; a person has noticed it")
    if seen is not None and not (seen.seen_at >= 0 and 1 <= seen.alike <= seen.compared):
        raise Invalid(field="comparison", because="positions begin with 0, and this one is among those compared")


@leads.decides(Action.MERGE, other=other_lead)
def dismiss_duplicate(command: DismissDuplicate, lead: Open, other: Open, asked: Asked) -> DuplicateDismissed:
    """Decide that two leads are two, for a reason: it is for whoever might merge them. They are not suspected again."""
    reason_given(asked)
    if doubt_between(command.lead_id, lead, command.of, other) not in {"suspected", "noticed"}:
        raise NotSuspected(of=command.of)
    holder, whom = (command.lead_id, command.of) if command.of in (lead.doubts or {}) else (command.of, command.lead_id)
    return DuplicateDismissed(lead_id=holder, of=whom)
