"""What may be asked of a ticket, and when the answer is yes."""

from commands.ticket import afterwards, dispatching, opening, promises, status, work
from commands.ticket.tickets import tickets

__all__ = ["afterwards", "dispatching", "opening", "promises", "status", "tickets", "work"]
