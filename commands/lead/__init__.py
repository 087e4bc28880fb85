"""What may be asked of a lead, and when the answer is yes."""

from commands.lead import (
    capture,
    circulation,
    custody,
    dispatching,
    doubting,
    exemption,
    handing_off,
    holding,
    intake,
    work,
)
from commands.lead.leads import leads

__all__ = [
    "capture",
    "circulation",
    "custody",
    "dispatching",
    "doubting",
    "exemption",
    "handing_off",
    "holding",
    "intake",
    "leads",
    "work",
]
