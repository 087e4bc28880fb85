"""What may be asked of a book of tickets: its limit. Slots come and go with the tickets."""

from commands.decider import Decider
from domain.access import Action
from domain.errors import Invalid
from domain.staff import Employed
from domain.ticket_book import TicketBook, TicketBookEvent, TicketCapacityChanged, evolve
from domain.values import StaffId, value

ticket_books = Decider[TicketBook, TicketBookEvent](
    name="ticket-book",
    plural="ticket-books",
    id_field="staff_id",
    key=StaffId,
    initial=lambda _: TicketBook(),
    evolve=evolve,
)

LARGEST = 1_000_000


@value
class ChangeTicketCapacity:
    """`cap` open tickets at once, whatever the policy says."""

    staff_id: StaffId
    cap: int


def whose(command: ChangeTicketCapacity) -> StaffId:
    return command.staff_id


@ticket_books.decides(Action.ADMINISTER, staff=whose)
def change_ticket_capacity(command: ChangeTicketCapacity, _: TicketBook, staff: Employed) -> TicketCapacityChanged:
    """Set how many open tickets somebody may have."""
    if not 0 <= command.cap <= LARGEST:
        raise Invalid(field="cap", because=f"a limit is 0 to {LARGEST}")
    return TicketCapacityChanged(staff_id=command.staff_id, cap=command.cap)
