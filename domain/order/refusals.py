"""How an order says no."""

from domain.errors import Refused, refusal
from domain.money import Money
from domain.values import OrderId


def figure(money: Money) -> str:
    return f"{money.amount:f} {money.currency}"


@refusal
class BeyondAuthorised(Refused):
    """No more is placed than is authorised."""

    amount: Money
    authorised: Money

    def __str__(self) -> str:
        return f"the order comes to {figure(self.amount)}, and {figure(self.authorised)} is authorised"


@refusal
class NotReserved(Refused):
    """An order goes no further on credit than as much as its customer has reserved for it."""

    needed: Money
    reserved: Money

    def __str__(self) -> str:
        return f"{figure(self.needed)} would be owed, and {figure(self.reserved)} is reserved for it"


@refusal
class MoreThanAuthorised(Refused):
    """Credit is given for so many pieces, and no more are placed."""

    pieces: int
    authorised: int

    def __str__(self) -> str:
        return f"these are {self.pieces} pieces, and {self.authorised} are authorised"


@refusal
class ReservationSpent(Refused):
    """A reservation of credit carries one authorisation."""

    order_id: OrderId

    def __str__(self) -> str:
        return f"the order {self.order_id} has been authorised on this reservation before; reserve anew"


@refusal
class AnotherEdition(Refused):
    """An order that was begun anew, or has another price, needs credit of its own."""

    edition: int

    def __str__(self) -> str:
        return f"it is in its edition {self.edition} now; what was found out about credit before is not for that"


@refusal
class RefundBeyondPaid(Refused):
    """No more is refunded than has been paid."""

    amount: Money
    paid: Money
    refunded: Money

    def __str__(self) -> str:
        left = figure(self.paid - self.refunded)
        return f"{figure(self.paid)} is paid and {figure(self.refunded)} refunded; {left} is left"


@refusal
class FullyRefunded(Refused):
    """An order whose money has all gone back goes no further."""

    refunded: Money

    def __str__(self) -> str:
        return f"all that was paid, {figure(self.refunded)}, has been refunded"


@refusal
class StillOwed(Refused):
    """This needs an order that is paid in full."""

    amount: Money
    paid: Money

    def __str__(self) -> str:
        return f"{figure(self.paid)} of {figure(self.amount)} is paid"


@refusal
class ToldDifferently(Refused):
    """A payment, refund or invoice has one amount."""

    number: str
    amount: Money

    def __str__(self) -> str:
        return f"{self.number} is known already, of {figure(self.amount)}; another one has another number"
