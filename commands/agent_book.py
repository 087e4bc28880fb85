"""What may be asked of a book: its limits. Slots come and go with the leads."""

from commands.decider import Decider
from domain.access import Action
from domain.agent_book import AgentBook, AgentBookEvent, CapacityChanged, evolve
from domain.errors import Invalid
from domain.staff import Employed
from domain.values import StaffId, value

agent_books = Decider[AgentBook, AgentBookEvent](
    name="agent-book",
    plural="agent-books",
    id_field="staff_id",
    key=StaffId,
    initial=lambda _: AgentBook(claims={}),
    evolve=evolve,
)


LARGEST = 1_000_000


@value
class ChangeCapacity:
    """`cap` leads held at once, `daily_claims` claims a business day."""

    staff_id: StaffId
    cap: int
    daily_claims: int


def whose(command: ChangeCapacity) -> StaffId:
    return command.staff_id


@agent_books.decides(Action.ADMINISTER, staff=whose)
def change_capacity(command: ChangeCapacity, _: AgentBook, staff: Employed) -> CapacityChanged:
    """Set how many leads somebody may hold, and claim in a day."""
    del staff
    for field, limit in (("cap", command.cap), ("daily_claims", command.daily_claims)):
        if not 0 <= limit <= LARGEST:
            raise Invalid(field=field, because=f"a limit is 0 to {LARGEST}")
    return CapacityChanged(staff_id=command.staff_id, cap=command.cap, daily_claims=command.daily_claims)
