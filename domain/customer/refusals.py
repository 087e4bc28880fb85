"""How a customer says no."""

from domain.errors import Refused, refusal
from domain.lead.refusals import moment
from domain.money import Money
from domain.values import ContactId, CustomerId, Instant, StaffId


def told(amount: Money | None) -> str:
    return "nothing" if amount is None else f"{amount.amount} {amount.currency}"


@refusal
class KnownCustomer(Refused):
    """A customer has this identity already."""

    kind: str
    customer_id: CustomerId

    def __str__(self) -> str:
        return f"the {self.kind} belongs to the customer {self.customer_id}: go on with that one, or merge the two"


@refusal
class UnknownCustomer(Refused):
    """A sale names the customer that it was made to."""

    customer_id: CustomerId

    def __str__(self) -> str:
        return f"there is no customer {self.customer_id}: create him first, or name the one who has bought"


@refusal
class CustomerIsClosed(Refused):
    """Nothing new begins with a customer who has been shut, or forgotten."""

    customer_id: CustomerId
    because: str

    def __str__(self) -> str:
        return f"the customer {self.customer_id} has been {self.because}: who comes again is created anew"


@refusal
class AlreadyRegistered(Refused):
    """A customer registers once."""

    def __str__(self) -> str:
        return "this customer has an account already"


@refusal
class HasBeenMerged(Refused):
    """Two customers turned out to be one: go on with the survivor."""

    into: CustomerId

    def __str__(self) -> str:
        return f"it was merged into the customer {self.into}: go on there"


@refusal
class NotYetDue(Refused):
    """A clock changes a status when the time has come."""

    to: str
    due_at: Instant

    def __str__(self) -> str:
        return f"it will be {self.to} on {moment(self.due_at)} at the earliest"


@refusal
class NothingShowsIt(Refused):
    """What a program says of a customer is to be seen in the customer's orders."""

    to: str
    because: str

    def __str__(self) -> str:
        return f"{self.to}: {self.because}"


@refusal
class RoleTaken(Refused):
    """A customer has one owner in each role."""

    role: str
    owner: StaffId

    def __str__(self) -> str:
        return f"{self.owner} is {self.role} there: transfer it"


@refusal
class AnotherIsPrimary(Refused):
    """A customer has at most one primary contact."""

    contact_id: ContactId

    def __str__(self) -> str:
        return f"the primary contact is {self.contact_id}"


@refusal
class NotYetOverdue(Refused):
    """An invoice has to be overdue for some days before it stops a customer's credit."""

    due_at: Instant
    from_: Instant

    def __str__(self) -> str:
        return f"due on {moment(self.due_at)}, it is a reason from {moment(self.from_)}"


@refusal
class EnoughCreditLeft(Refused):
    """An alert is for who has used most of the credit."""

    exposure: Money
    limit: Money
    percent: int

    def __str__(self) -> str:
        return f"{told(self.exposure)} of {told(self.limit)} are less than {self.percent} %"


@refusal
class OwnRequest(Refused):
    """Who asks for an exception does not grant it."""

    staff_id: StaffId

    def __str__(self) -> str:
        return f"{self.staff_id} asked for it: somebody else decides"


@refusal
class OnLegalHold(Refused):
    """What a court may ask for is not erased."""

    matters: tuple[str, ...]

    def __str__(self) -> str:
        return f"it is kept for {', '.join(self.matters)}"


@refusal
class HeldForRisk(Refused):
    """What a customer with a risk flag has open does not go on until a person has looked at it."""

    customer_id: CustomerId
    flags: tuple[str, ...]

    def __str__(self) -> str:
        return f"the customer {self.customer_id} is held for {', '.join(self.flags)}: clear that first"


@refusal
class NotToBeShut(Refused):
    """A customer whom a risk flag or a credit hold stops is shut by those who decide about credit."""

    because: tuple[str, ...]

    def __str__(self) -> str:
        return f"he is stopped for {', '.join(self.because)}: clear that first, or let a credit controller shut him"


@refusal
class ChoiceNeeded(Refused):
    """Two customers are merged by saying what is right where they differ."""

    fields: tuple[str, ...]

    def __str__(self) -> str:
        return f"they differ in {', '.join(self.fields)}: choose"


@refusal
class MoreThanCredit(Refused):
    """What two customers owe together needs the credit for it."""

    exposure: Money
    allowed: Money | None

    def __str__(self) -> str:
        return f"{told(self.exposure)} would be reserved, and {told(self.allowed)} is allowed"


@refusal
class NotTheLastMerge(Refused):
    """Merges are undone in turn, the last one first."""

    last: CustomerId

    def __str__(self) -> str:
        return f"{self.last} was merged later: undo that first"
