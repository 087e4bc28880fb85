"""The credit of customers once more, as plainly as can be: what the service must agree with.

Written from the sentences of the business and not from the rules. A command is a method; its answer is yes, no, or that
a no was recorded.
"""

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

Answer = Literal["yes", "no", "recorded"]
LIMITS = {"gold": (1000, "CNY"), "basic": (100, "CNY"), "euro": (1000, "EUR")}
Owed = tuple[int, str]


@dataclass
class Merge:
    absorbed: int
    before: "Account"
    kept: "Account"
    was: "Account"


@dataclass
class Account:
    level: str | None = None
    owed: dict[int, Owed] = field(default_factory=dict)
    granted: list[tuple[int, str, datetime]] = field(default_factory=list)
    held: bool = False
    flags: set[str] = field(default_factory=set)

    def exposure(self, currency: str) -> int:
        return sum(amount for amount, each in self.owed.values() if each == currency)

    def allowed(self, now: datetime) -> int:
        assert self.level is not None
        limit, currency = LIMITS[self.level]
        return limit + sum(amount for amount, each, until in self.granted if each == currency and now < until)

    def mixed(self) -> bool:
        """Whether something is owed in another currency than that of the limit."""
        return self.level is not None and any(each != LIMITS[self.level][1] for _, each in self.owed.values())


class Credits:
    def __init__(self, now: datetime, customers: int) -> None:
        self.now = now
        self.open = {number: Account() for number in range(customers)}
        self.into: dict[int, int] = {}
        self.merges: dict[int, list[Merge]] = {number: [] for number in range(customers)}

    def set_level(self, customer: int, level: str) -> Answer:
        account = self.open.get(customer)
        if account is None or any(each != LIMITS[level][1] for _, each in account.owed.values()):
            return "no"
        account.level = level
        return "yes"

    def reserve(self, customer: int, order: int, amount: int, currency: str) -> Answer:
        account = self.open.get(customer)
        if account is None or account.owed.get(order, (0, currency))[1] != currency:
            return "no"
        if account.level is None:
            return "recorded"
        if account.held or account.flags:
            return "recorded"
        if LIMITS[account.level][1] != currency:
            return "no"
        before = account.owed.get(order, (0, currency))[0]
        too_much = account.exposure(currency) - before + amount > account.allowed(self.now)
        if too_much and amount > before:
            return "recorded"
        account.owed[order] = amount, currency
        return "yes"

    def release(self, customer: int, order: int, part: int | None) -> Answer:
        account = self.open.get(customer)
        if account is None:
            return "no"
        if order not in account.owed:
            return "yes"
        amount, currency = account.owed[order]
        if part is not None and (currency != "CNY" or part > amount):
            return "no"
        if part is None or part == amount:
            del account.owed[order]
        else:
            account.owed[order] = amount - part, currency
        return "yes"

    def override(self, customer: int, amount: int, days: int, *, own: bool) -> Answer:
        account = self.open.get(customer)
        if account is None or own or account.level is None or LIMITS[account.level][1] != "CNY" or days <= 0:
            return "no"
        account.granted.append((amount, "CNY", self.now + timedelta(days=days)))
        return "yes"

    def hold(self, customer: int) -> Answer:
        account = self.open.get(customer)
        if account is None or account.held or account.level is None:
            return "no"
        account.held = True
        return "yes"

    def lift(self, customer: int) -> Answer:
        account = self.open.get(customer)
        if account is None or not account.held:
            return "no"
        account.held = False
        self.cleared(customer)
        return "yes"

    def cleared(self, customer: int) -> None:
        """What was cleared after two became one is up with neither when they are two again."""
        account = self.open[customer]
        for merge in self.merges[customer]:
            merge.kept.held = merge.kept.held and account.held
            merge.kept.flags &= account.flags
            merge.before.flags &= account.flags

    def flag(self, customer: int) -> Answer:
        account = self.open.get(customer)
        if account is None:
            return "no"
        account.flags.add("fraud")
        return "yes"

    def clear(self, customer: int) -> Answer:
        account = self.open.get(customer)
        if account is None or not account.flags:
            return "no"
        account.flags.clear()
        self.cleared(customer)
        return "yes"

    def merge(self, survivor: int, absorbed: int, side: str) -> Answer:
        one, other = self.open.get(survivor), self.open.get(absorbed)
        if survivor == absorbed or one is None or other is None:
            return "no"
        level = (other.level if side == "absorbed" else one.level) if one.level and other.level else None
        owed = dict(one.owed)
        for order, (amount, currency) in other.owed.items():
            mine, my_currency = owed.get(order, (amount, currency))
            if my_currency != currency:
                return "no"
            owed[order] = max(amount, mine), currency
        together = Account(
            level=level or one.level or other.level,
            owed=owed,
            granted=[*one.granted, *other.granted],
            held=one.held or other.held,
            flags=one.flags | other.flags,
        )
        if owed and (together.level is None or together.mixed()):
            return "no"
        if other.owed and together.exposure(LIMITS[str(together.level)][1]) > together.allowed(self.now):
            return "no"
        self.merges[survivor].append(Merge(absorbed, deepcopy(one), deepcopy(together), deepcopy(other)))
        self.open[survivor] = together
        del self.open[absorbed]
        self.into[absorbed] = survivor
        return "yes"

    def unmerge(self, survivor: int, absorbed: int, named: int | None) -> Answer:
        now, merges = self.open.get(survivor), self.merges[survivor]
        if now is None or not merges or merges[-1].absorbed != absorbed or self.into.get(absorbed) != survivor:
            return "no"
        if named is not None and named not in now.owed:
            return "no"
        last = merges[-1]
        mine, others = deepcopy(now), deepcopy(last.was)
        for order, owed in now.owed.items():
            if order == named:
                others.owed[order] = owed
                del mine.owed[order]
            elif order in last.was.owed and owed == last.kept.owed[order]:
                if order in last.before.owed:
                    mine.owed[order] = last.before.owed[order]
                else:
                    del mine.owed[order]
            elif order in last.was.owed:
                del others.owed[order]
            elif owed == last.kept.owed.get(order):
                mine.owed[order] = last.before.owed[order]
        for order in last.was.owed.keys() - now.owed.keys():
            del others.owed[order]
        if named is not None:
            if others.level is None or others.mixed():
                return "no"
            if others.exposure(LIMITS[others.level][1]) > others.allowed(self.now):
                return "no"
        if now.level == last.kept.level:
            mine.level = last.before.level
        if last.kept.held:
            mine.held = last.before.held
        else:
            others.held = now.held
        since = now.flags - last.kept.flags
        mine.flags = now.flags & last.before.flags | since
        others.flags = now.flags & last.was.flags | since
        for each in last.was.granted:
            mine.granted.remove(each)
        merges.pop()
        del self.into[absorbed]
        self.open[survivor], self.open[absorbed] = mine, others
        self.cleared(survivor)
        self.cleared(absorbed)
        return "yes"
