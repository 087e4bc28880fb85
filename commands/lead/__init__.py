"""What may be asked of a lead, and when the answer is yes."""

from commands.lead import capture, custody, work
from commands.lead.leads import leads

__all__ = ["capture", "custody", "leads", "work"]
