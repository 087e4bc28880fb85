"""The purchases of CDNOW's customers, told as the commands that import them: orders that were placed in the shop, paid.

Two readings of one file, and neither uses the other: `command_lines` maps each line to commands, `counted` counts days.
The file knows the day of a purchase and no time: it is midnight UTC here, and days are counted in UTC.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_UP, Decimal
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

SYSTEM = "cdnow"
NAMESPACE = uuid5(NAMESPACE_URL, "lifeledger:cdnow")
CALIBRATED = date(1997, 9, 30)  # The last day of the calibration; 39 weeks follow it.
CENT = Decimal("0.01")


# The file


@dataclass(frozen=True, slots=True)
class Purchase:
    number: int  # Of its line, from 1: equal lines are several purchases.
    customer: str
    day: date
    discs: int
    dollars: Decimal


def purchases(path: Path) -> list[Purchase]:
    found = []
    for number, line in enumerate(path.read_text(encoding="ascii").splitlines(), start=1):
        _, customer, day, discs, dollars = line.split()
        bought = datetime.strptime(day, "%Y%m%d").date()  # noqa: DTZ007 - a day, and no time.
        found.append(Purchase(number, customer, bought, int(discs), Decimal(dollars)))
    return found


# As commands


def customer_id(customer: str) -> UUID:
    return uuid5(NAMESPACE, f"customer/{customer}")


def order_id(number: int) -> UUID:
    return uuid5(NAMESPACE, f"order/{number}")


def command_lines(path: Path, *, leave_out: Collection[str] = ()) -> Iterator[dict[str, Any]]:
    """A customer when he first buys, and for each purchase an order and its payment, in the order of the file."""
    seen: set[str] = set()
    for bought in purchases(path):
        if bought.customer in leave_out:
            continue
        if bought.customer not in seen:
            seen.add(bought.customer)
            identity = {"kind": "external", "system": SYSTEM, "value": bought.customer}
            created = {"customer_id": str(customer_id(bought.customer)), "identities": [identity]}
            yield line(bought, "customer", "CreateCustomer", created)
        order = {"order_id": str(order_id(bought.number))}
        placed = {"customer_id": str(customer_id(bought.customer)), "lines": [ordered(bought)]}
        yield line(bought, "order", "PlaceOrder", order | placed)
        paid = {"payment": f"{SYSTEM}-{bought.number}", "amount": money(bought.dollars)}
        yield line(bought, "payment", "RecordPayment", order | paid)


def line(bought: Purchase, what: str, command: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "command": command,
        "data": data,
        "actor": {"kind": "integration", "id": SYSTEM},
        "occurred_at": f"{bought.day}T00:00:00Z",
        "source": {"system": SYSTEM, "message_id": f"{bought.number}/{what}"},
    }


def ordered(bought: Purchase) -> dict[str, Any]:
    """So many discs at a price each; what does not go into whole cents is a discount on all of them."""
    each = (bought.dollars / bought.discs).quantize(CENT, ROUND_UP)
    over = each * bought.discs - bought.dollars
    known = {"product": "cd", "quantity": bought.discs, "unit_price": money(each)}
    return known | ({"discount": money(over)} if over else {})


def money(amount: Decimal) -> dict[str, str]:
    return {"amount": str(amount), "currency": "USD"}


def write_ndjson(path: Path, out: Path, leave_out: Collection[str] = ()) -> int:
    """Write the lines that `lifeledger import` reads, and say how many they are."""
    written = 0
    with out.open("w", encoding="utf-8") as file:
        for each in command_lines(path, leave_out=leave_out):
            file.write(json.dumps(each) + "\n")
            written += 1
    return written


# As figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Purchases are the lines of the file; where it says days, those of one customer on one day count once."""

    customers: int
    purchases: int
    discs: int
    dollars: Decimal
    repeat_days: int  # Of the calibration, after each customer's first.
    without_repeat: int  # Customers who bought on one day of the calibration only.
    repeaters: int
    later_days: int  # In the 39 weeks after it.
    later_purchases: int


def counted(bought: Iterable[Purchase]) -> Figures:
    every = list(bought)
    days = {(each.customer, each.day) for each in every}
    calibration = Counter(customer for customer, day in days if day <= CALIBRATED)
    return Figures(
        customers=len({each.customer for each in every}),
        purchases=len(every),
        discs=sum(each.discs for each in every),
        dollars=sum((each.dollars for each in every), Decimal(0)),
        repeat_days=sum(each - 1 for each in calibration.values()),
        without_repeat=sum(each == 1 for each in calibration.values()),
        repeaters=sum(each > 1 for each in calibration.values()),
        later_days=sum(day > CALIBRATED for _, day in days),
        later_purchases=sum(each.day > CALIBRATED for each in every),
    )
