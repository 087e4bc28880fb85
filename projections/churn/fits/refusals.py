"""Why nothing can be told of some customers: how bad data says so."""

from domain.errors import Refused, refusal


@refusal
class TooFewCustomers(Refused):
    """Of so few customers nothing is told of customers in general."""

    customers: int
    needed: int

    def __str__(self) -> str:
        return f"there are {self.customers} customers, and this takes {self.needed}"


@refusal
class NobodyCameBack(Refused):
    """Where nobody has bought a second time, it cannot be told how often, or how long, anybody buys."""

    customers: int

    def __str__(self) -> str:
        return f"none of {self.customers} customers has bought on a second day"


@refusal
class AllOnOneDay(Refused):
    """Where all was bought on one day, no time has passed in which anybody could have come back."""

    customers: int

    def __str__(self) -> str:
        return f"all purchases of {self.customers} customers are of one day"


@refusal
class NegativeAmounts(Refused):
    """Nobody spends less than nothing: what was given back makes a purchase smaller."""

    customers: int

    def __str__(self) -> str:
        return f"{self.customers} customers have spent less than nothing"


@refusal
class SeveralCurrencies(Refused):
    """Amounts in several currencies are neither added nor compared: they are fitted one currency at a time."""

    currencies: tuple[str, ...]

    def __str__(self) -> str:
        return f"there are amounts in {', '.join(self.currencies)}" if self.currencies else "there is no amount in one"


@refusal
class DatesInTheFuture(Refused):
    """What is later than the end of what is looked at cannot be known yet."""

    customers: int

    def __str__(self) -> str:
        return f"{self.customers} customers have bought after the last day of what is looked at"


@refusal
class NoSuchHistory(Refused):
    """No customer can have bought like that."""

    customers: int
    because: str

    def __str__(self) -> str:
        return f"of {self.customers} customers {self.because}"
