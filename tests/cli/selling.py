"""A shop whose customers buy, leave and spend as the models have it, brought in as history."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np

from tests.cli.running import lifeledger, on
from tests.real.cdnow import write_ndjson

CUSTOMERS = 160
BEGIN, UNTIL = date(1997, 1, 1), date(1998, 6, 30)
R, ALPHA, A, B = 0.8, 6.0, 0.8, 2.5
P, Q, V = 6.25, 3.74, 15.44


def sell(url: str, folder: Path, seed: int) -> None:
    """Import all of it into a database that has been prepared."""
    (folder / "purchases.txt").write_text("\n".join(simulated(seed)), encoding="ascii")
    write_ndjson(folder / "purchases.txt", folder / "all.ndjson")
    said = lifeledger("import", folder / "all.ndjson", "--json", env=on(url), at=folder)
    assert said.code == 0, said


def simulated(seed: int) -> list[str]:
    """Lines of purchases of customers who buy and leave as BG/NBD has it, and spend as Gamma-Gamma."""
    chance = np.random.default_rng(seed)
    found = []
    for number in range(CUSTOMERS):
        rate, leaves, thrift = chance.gamma(R, 1 / ALPHA), chance.beta(A, B), chance.gamma(Q, 1 / V)
        day = BEGIN + timedelta(days=int(chance.integers(30)))
        while day <= UNTIL:
            found.append((day, f"{number:05} {number:04} {day:%Y%m%d} 1 {0.1 + chance.gamma(P) / thrift:.2f}"))
            if chance.random() < leaves:
                break
            day += timedelta(days=1 + int(7 * chance.exponential(1 / rate)))
    return [line for _, line in sorted(found)]
