"""What can happen to a lead."""

from domain.lead.facts.custody import CustodyEvent
from domain.lead.facts.intake import IntakeEvent
from domain.lead.facts.work import WorkEvent

LeadEvent = IntakeEvent | CustodyEvent | WorkEvent
