"""A shop of which it is known who leaves, and how one could tell: told as history, the most of it before a day, and
what nobody may know on that day apart from it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import exp
from pathlib import Path
from random import Random
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5
from zoneinfo import ZoneInfo

from tests.cli.running import lifeledger, on

CUSTOMERS, MERGED, DAYS = 820, 10, 90
DAY = date(2026, 3, 31)  # As of which a score is learned and told; what it is learned from is known as of EARLIER.
EARLIER = DAY - timedelta(days=DAYS)
NAMESPACE = uuid5(NAMESPACE_URL, "lifeledger:leaving")
ZONE = ZoneInfo("Asia/Shanghai")
AT = 600  # Minutes of the day at which customers buy.

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shop:
    """What has happened, as lines of an import. `betrayal` lies between the two days and is of nobody but who leaves;
    `later` is told after all that: late orders of before, orders of after, and customers who were one all the time.
    """

    history: list[Line]
    betrayal: list[Line]
    later: list[Line]
    left: Mapping[str, bool]


def shop(seed: int) -> Shop:
    """Who was silent for longer before EARLIER is likelier to leave, and half of all do; who stays buys in the days
    after it. Some turn out to be others on DAY.
    """
    draw = Random(seed)
    told: list[tuple[date, list[Line]]] = []
    betrayal: list[Line] = []
    left = {}
    for number in range(CUSTOMERS):
        name, silent, price = str(customer_id(number)), draw.randrange(200), draw.randrange(100, 900)
        left[name] = draw.random() < 1 / (1 + exp(-(silent - 100) / 25))
        days = [EARLIER - timedelta(days=silent + back) for back in gaps(draw)]
        told.append((min(days), [created(number, min(days))]))
        told += [(day, ordered(number, day, price)) for day in days]
        soon = EARLIER + timedelta(days=draw.randrange(1, DAYS + 1))
        if left[name]:
            betrayal.append(refunded(number, order_id(number, max(days), price), soon))
        else:
            told.append((soon, ordered(number, soon, price)))
    told.sort(key=lambda each: each[0])
    told += [(DAY, [merged(number, number + 1, DAY)]) for number in range(100, 100 + 2 * MERGED, 2)]
    return Shop([line for _, lines in told for line in lines], betrayal, [*later(draw, left)], left)


def gaps(draw: Random) -> list[int]:
    """How long before the last order each was, the last among them."""
    found = [0]
    for _ in range(draw.randrange(2)):
        found.append(found[-1] + draw.randrange(10, 60))
    return found


def later(draw: Random, left: Mapping[str, bool]) -> Iterator[Line]:
    gone = [number for number in range(CUSTOMERS) if left[str(customer_id(number))]]
    for number in draw.sample(gone, 60):
        yield from ordered(number, EARLIER + timedelta(days=draw.randrange(1, DAYS + 1)), 50)
        yield from ordered(number, EARLIER - timedelta(days=draw.randrange(5, 90)), 60)
    for number in range(0, CUSTOMERS, 7):
        yield from ordered(number, DAY + timedelta(days=draw.randrange(1, 60)), 70)
    for number in range(1, 60, 2):
        yield merged(number, number + 1, DAY + timedelta(days=61))


# Lines


def customer_id(number: int) -> UUID:
    return uuid5(NAMESPACE, f"customer/{number}")


def order_id(number: int, day: date, price: int) -> str:
    return str(uuid5(NAMESPACE, f"order/{number}/{day}/{price}"))


def created(number: int, day: date) -> Line:
    identity = {"kind": "external", "system": "till", "value": f"c-{number}"}
    data = {"customer_id": str(customer_id(number)), "identities": [identity]}
    return line("CreateCustomer", f"{number}/customer", day, data)


def ordered(number: int, day: date, price: int) -> list[Line]:
    order, amount = {"order_id": order_id(number, day, price)}, money(price)
    lines = [{"product": "book", "quantity": 1, "unit_price": amount}]
    placed = order | {"customer_id": str(customer_id(number)), "lines": lines}
    paid = order | {"payment": f"p-{number}-{day}", "amount": amount}
    key = f"{number}/{day}/{price}"
    return [line("PlaceOrder", f"{key}/order", day, placed), line("RecordPayment", f"{key}/payment", day, paid)]


def refunded(number: int, order: str, day: date) -> Line:
    return line(
        "RefundOrder", f"{number}/refund", day, {"order_id": order, "refund": f"r-{number}", "amount": money(10)}
    )


def merged(number: int, absorbed: int, day: date) -> Line:
    data = {"customer_id": str(customer_id(number)), "absorbed": str(customer_id(absorbed))}
    return line("MergeCustomers", f"{number}/merged", day, data)


def money(amount: int) -> dict[str, str]:
    return {"amount": f"{amount}.00", "currency": "CNY"}


def line(command: str, key: str, day: date, data: Mapping[str, Any]) -> Line:
    at = datetime.combine(day, time(AT // 60, AT % 60), ZONE)
    return {
        "command": command,
        "data": data,
        "actor": {"kind": "integration", "id": "till"},
        "occurred_at": at.isoformat(),
        "source": {"system": "till", "message_id": key},
    }


def bring(url: str, folder: Path, lines: Iterable[Line]) -> None:
    """Import lines into a database that has been prepared."""
    file = folder / "lines.ndjson"
    file.write_text("".join(json.dumps(each) + "\n" for each in lines), encoding="utf-8")
    said = lifeledger("import", file, "--json", env=on(url), at=folder)
    assert said.code == 0, said
