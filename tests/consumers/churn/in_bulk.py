"""A ledger of many purchases, for what is measured: a few events, copied by PostgreSQL; and how much memory it takes to
read the facts of it, in a process of its own.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from commands.service import open_ledger
from consumers.at import moment
from consumers.churn import folder, gathered, stored
from consumers.churn.asking import facts_now
from consumers.churn.reading import extract
from domain.customer.dossier import Profile
from domain.customer.facts.lifecycle import TouchpointRecorded
from domain.customer.facts.person import CustomerCreated
from domain.money import Money
from domain.order.facts import Line, OrderPaid, OrderPlaced
from domain.values import CustomerId, OrderId
from ledger.ledger import Ledger
from ledger.row import Row
from ledger.scan import Wire
from projections.projection import Projection
from projections.sql import shown
from tests.consumers.telling import START, tell
from tests.memory import MASTER

ROOT = Path(__file__).parents[3]
NOW = datetime(2027, 1, 1, tzinfo=UTC)
FIRST = UUID(int=1)
AMOUNT = Money(amount=Decimal(12), currency="CNY")
LINES = (Line(product="p.x", quantity=1, unit_price=AMOUNT),)
OF_A_CUSTOMER = (
    CustomerCreated(customer_id=CustomerId(FIRST), customer_type="individual", profile=Profile()),
    TouchpointRecorded(customer_id=CustomerId(FIRST), channel="app", direction="inbound", active_at=START),
)
OF_AN_ORDER = (
    OrderPlaced(order_id=OrderId(FIRST), customer_id=CustomerId(FIRST), lines=LINES, amount=AMOUNT),
    OrderPaid(order_id=OrderId(FIRST), from_="unpaid", to="paid", paid=AMOUNT, amount=AMOUNT),
)
PER_CUSTOMER = 5
OTHERS = ", ".join(name for name in Row._fields if name not in {"originator_id", "state", "notification_id"})
COPY = f"""
INSERT INTO ledger.stored_events (originator_id, state, notification_id, {OTHERS})
SELECT replace(originator_id, '{FIRST}', mine), convert_to(replace(replace(
        convert_from(state, 'UTF8'), '"order_id":"{FIRST}"', '"order_id":"' || mine || '"'
    ), '"customer_id":"{FIRST}"', '"customer_id":"' || whose || '"'), 'UTF8'),
    %(last)s + row_number() OVER (ORDER BY number, notification_id), {OTHERS}
FROM ledger.stored_events, generate_series(2, %(many)s) AS made (number),
    LATERAL (SELECT md5(%(kind)s || number)::uuid::text AS mine,
        md5('customer/' || CASE %(kind)s WHEN 'order/' THEN number %% %(customers)s + 2 ELSE number END)::uuid::text
        AS whose) AS named
WHERE originator_id = %(kind)s || '{FIRST}'
"""


def many_purchases(ledger: Ledger, url: str, many: int) -> None:
    """So many, by a fifth as many customers, each of whom has been here once."""
    tell(ledger, *OF_A_CUSTOMER, *OF_AN_ORDER)
    customers = many // PER_CUSTOMER
    with psycopg.connect(url, autocommit=True) as connection:
        for kind, number in (("customer/", customers + 1), ("order/", many)):
            given = {"kind": kind, "many": number, "customers": customers, "last": ledger.last_position()}
            connection.execute(COPY, given)
        connection.execute("VACUUM ANALYZE ledger.stored_events")


def grown(url: str, view: Projection, times: int) -> int:
    """So many times as many rows in a view, of keys of their own; how many these are."""
    names = [column.quoted for column in view.columns]
    new = ["gen_random_uuid()" if name == names[0] else name for name in names]
    copies = f"SELECT {', '.join(new)} FROM {shown(view)}, generate_series(2, {times:d})"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"INSERT INTO {shown(view)} ({', '.join(names)}) {copies}".encode())
        found = connection.execute(f"SELECT count(*) FROM {shown(view)}".encode()).fetchone()
    assert found is not None
    return int(found[0])


def measured(url: str, way: str, path: Path, *, most: int, memory: str, group: int) -> Mapping[str, Any]:
    """What a process of its own has to say that reads facts from the `views` or the `ledger` and writes them into a
    folder, or reads them from that: its peak of memory in MB, the seconds of its processor, and what it found.
    """
    command = [
        sys.executable,
        "-m",
        "tests.consumers.churn.in_bulk",
        url,
        way,
        str(path),
        str(most),
        memory,
        str(group),
    ]
    steady = {"ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "1"}  # What is given back is given back.
    said = subprocess.run(command, check=True, capture_output=True, cwd=ROOT, env=os.environ | steady).stdout
    found: Mapping[str, Any] = json.loads(said)
    return found


def main(url: str, way: str, path: str, most: str, memory: str, group: str) -> None:
    gathered.MEMORY, gathered.THREADS = memory, 1
    stored.GROUP = stored.FEW = int(group)
    if way == "folder":
        found = folder.read(Path(path))
    elif way == "views":
        found = facts_now(url, NOW)
    else:
        with closing(open_ledger(url, MASTER)) as ledger, closing(Wire(url)) as wire:
            found = extract(ledger, wire, moment(ledger, None, None, NOW), most=int(most))
    if way != "folder":
        folder.write(found, Path(path))
    told = {"rows": {name: each.num_rows for name, each in found.tables.items()}, "fingerprints": found.fingerprints}
    print(json.dumps(told | {"peak": peak(), "seconds": time.process_time()}))


def peak() -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    main(*sys.argv[1:])
