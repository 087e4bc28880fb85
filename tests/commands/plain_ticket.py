"""A ticket and its clocks told slowly: minute by minute, as somebody with a watch and a sheet of paper would."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

Kinds = tuple[str, ...]
MINUTE = timedelta(minutes=1)
AHEAD = timedelta(hours=8)  # Shanghai has no summer time.

WEEKS: tuple[dict[int, tuple[tuple[int, int], ...]], ...] = (
    dict.fromkeys(range(5), ((9, 12), (13, 18))),
    dict.fromkeys(range(5), ((9, 12),)),
    {0: ((0, 24),), 2: ((22, 24),), 3: ((0, 2),), 5: ((10, 11),)},
    dict.fromkeys(range(7), ((0, 24),)),
)
"""The weeks that are published in turns: office hours, mornings only, an odd one, and always open."""

BOTH: Kinds = ("customer", "third_party")
POLICIES: tuple[dict[str, tuple[int, Kinds] | None], ...] = (
    {"first_response": (60, ()), "next_response": (120, BOTH), "resolution": (600, BOTH)},
    {"first_response": (20, ()), "next_response": (40, BOTH), "resolution": (200, BOTH)},
    {"first_response": (60, ("customer",)), "next_response": None, "resolution": (900, ("customer",))},
    {"first_response": None, "next_response": (120, ()), "resolution": None},
)
"""Minutes for the priority normal, and what pauses them; each priority above halves them, the one below doubles."""

FACTOR = {"low": 2.0, "normal": 1.0, "high": 0.5, "urgent": 0.25}
WARN, ESCALATE = 0.75, 1.5


@dataclass
class Watch:
    """One clock: what is promised, by which week it counts, and how many minutes it has counted."""

    target: float
    pauses: Kinds
    week: int
    runs: bool = True
    waits: bool = False
    why: str = ""
    elapsed: int = 0
    paused: int = 0
    warned: bool = False
    broken: bool = False
    lasts: bool = False
    level: int = 0

    @property
    def over(self) -> bool:
        return self.runs and self.elapsed >= self.target

    @property
    def moving(self) -> bool:
        return self.runs or self.waits


@dataclass
class Plain:
    """The whole story; each method says whether it would be granted, and if so does it."""

    now: datetime
    status: str = "new"
    priority: str = "normal"
    answered: bool = False
    reopens: int = 0
    breaches: int = 0
    week: int = 0
    policy: int = 0
    watches: dict[str, Watch] = field(default_factory=dict)

    def pass_(self, minutes: int) -> None:
        for _ in range(minutes):
            shown = self.now + AHEAD
            for watch in self.watches.values():
                windows = WEEKS[watch.week].get(shown.weekday(), ())
                if any(opens <= shown.hour < closes for opens, closes in windows):
                    watch.elapsed += watch.runs
                    watch.paused += watch.waits
            self.now += MINUTE

    # Clocks

    def promise(self, metric: str) -> tuple[float, Kinds] | None:
        found = POLICIES[self.policy][metric]
        return None if found is None else (found[0] * FACTOR[self.priority], found[1])

    def start(self, metric: str) -> None:
        if (promised := self.promise(metric)) is not None:
            self.watches[metric] = Watch(*promised, self.week)

    def touch(self, watch: Watch) -> None:
        """Before a hand is moved: was it too late?"""
        if watch.over and not watch.broken:
            watch.broken = True
            self.breaches += 1

    def stop(self, metric: str, why: str) -> None:
        watch = self.watches.get(metric)
        if watch is not None and watch.moving:
            self.touch(watch)
            watch.runs = watch.waits = False
            watch.why = "late" if why == "met" and watch.broken else why

    def follow(self) -> None:
        waiting = self.status.removeprefix("pending_")
        for watch in self.watches.values():
            if watch.runs and waiting in watch.pauses:
                self.touch(watch)
                watch.runs, watch.waits = False, True
            elif watch.waits and waiting not in watch.pauses:
                watch.runs, watch.waits = True, False
                watch.week = self.week

    def anew(self) -> None:
        for metric in ("first_response", "next_response", "resolution"):
            watch, promised = self.watches.get(metric), self.promise(metric)
            wanted = metric == "resolution" or (metric == "first_response" and not self.answered)
            if watch is None:
                if wanted:
                    self.start(metric)
            elif not watch.moving:
                if watch.why == "no-target" and promised is not None and wanted:
                    watch.target, watch.pauses = promised
                    watch.week, watch.runs, watch.why = self.week, True, ""
                    watch.warned = watch.warned and watch.broken
            elif promised is None:
                self.stop(metric, "no-target")
            else:
                self.rebase(watch, promised)
        self.follow()

    def rebase(self, watch: Watch, promised: tuple[float, Kinds]) -> None:
        self.touch(watch)
        watch.target, watch.pauses = promised
        watch.week = self.week
        watch.warned = watch.warned and watch.broken

    # The ticket

    @property
    def active(self) -> bool:
        return self.status in {"new", "open", "pending_customer", "pending_third_party"}

    def open(self) -> None:
        self.start("first_response")
        self.start("resolution")

    def pend(self, kind: str) -> bool:
        if not self.active or self.status == f"pending_{kind}":
            return False
        self.status = f"pending_{kind}"
        self.follow()
        return True

    def resume(self) -> bool:
        if not self.status.startswith("pending"):
            return False
        self.status = "open"
        self.follow()
        return True

    def reply(self, *, public: bool) -> bool:
        if not public:
            return True
        if not (self.active or self.status == "resolved"):
            return False
        self.stop("first_response", "met")
        self.stop("next_response", "met")
        self.answered = True
        return True

    def customer_replies(self) -> bool:
        if not self.active:
            self.reopen()
        if self.status == "pending_customer":
            self.status = "open"
        self.follow()
        asked = self.watches.get("next_response")
        if self.answered and (asked is None or not asked.moving):
            self.start("next_response")
        self.follow()
        return True

    def resolve(self) -> bool:
        if not self.active:
            return False
        self.status = "resolved"
        self.stop("resolution", "met")
        self.stop("first_response", "resolved")
        self.stop("next_response", "resolved")
        return True

    def close(self) -> bool:
        if self.status != "resolved":
            return False
        self.status = "closed"
        return True

    def reopen(self) -> bool:
        if self.active:
            return False
        self.status = "open"
        self.reopens += 1
        watch = self.watches.get("resolution")
        if watch is None:
            self.start("resolution")
        elif watch.why != "no-target":
            watch.runs, watch.why, watch.week = True, "", self.week
        return True

    def weigh(self, priority: str) -> bool:
        if not self.active:
            return False
        if priority != self.priority:
            self.priority = priority
            self.anew()
        return True

    def measure_anew(self) -> bool:
        if self.active:
            self.anew()
        return self.active

    # What the clock sends

    def warn(self, metric: str) -> bool:
        watch = self.watches.get(metric)
        if not self.active or watch is None or watch.warned or not watch.runs:
            return False
        watch.warned = watch.elapsed >= watch.target * WARN
        return watch.warned

    def breach(self, metric: str) -> bool:
        watch = self.watches.get(metric)
        if not self.active or watch is None or watch.broken or not watch.over:
            return False
        self.touch(watch)
        return True

    def escalate(self, metric: str, level: int) -> bool:
        watch = self.watches.get(metric)
        if not self.active or watch is None or watch.level >= level or not watch.moving:
            return False
        if level == 1 and not (watch.broken or watch.over):
            return False
        if level == 2 and not (watch.lasts or self.lasting(watch)):
            return False
        self.touch(watch)
        watch.level = level
        return True

    def lasting(self, watch: Watch) -> bool:
        return watch.runs and watch.elapsed >= watch.target * ESCALATE

    def overrun(self, metric: str) -> bool:
        watch = self.watches.get(metric)
        if not self.active or watch is None or watch.lasts or not self.lasting(watch):
            return False
        self.touch(watch)
        watch.lasts = True
        return True
