"""A month in the life of the company, told lead by lead."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from random import Random

from api.demo.tales import NORTH, SOUTH, ZONE, Step, Tale, yuan
from commands.staff import DepartStaff
from domain.actor import Actor, Reason
from domain.identity import Identifier
from domain.pool import Terms
from domain.values import PoolId, StaffId

SEED = 2012
DAYS = 30
FAMILIES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗"
GIVEN = ("伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明", "超", "秀兰")
SOURCES = (("website", "spring-rates"), ("wechat", "mini-program"), ("referral", None), ("fair", "home-fair"))
AGENTS: Mapping[PoolId, tuple[str, ...]] = {
    NORTH: ("wang.fang", "chen.wei", "zhao.min", "sun.jie", "zhou.qiang"),
    SOUTH: ("xu.hui", "he.jun"),
}
MANAGERS = {NORTH: "li.na", SOUTH: "zhang.lei"}
LEAVER, PART_TIME = "lin.tao", "wu.ying"
ADMINISTRATOR = Actor(kind="user", id="ma.li")


@dataclass
class Month:
    """The thirty days before `now`, and what all tales of them share. Each tale has a chance of its own."""

    now: datetime
    terms: Mapping[PoolId, Terms]
    told: int = 0

    @property
    def begin(self) -> datetime:
        """Opening time of the first day; the setup is an hour earlier."""
        return (self.now.astimezone(ZONE) - timedelta(days=DAYS)).replace(hour=9, minute=0, second=0, microsecond=0)

    def tale(self, first: float, last: float, pool: PoolId | None = None) -> Tale:
        """A new lead, captured between two days of the month, and offered to a pool."""
        self.told += 1
        name = f"lead-{self.told:03}"
        chance = Random(f"{SEED}/{name}")  # noqa: S311 - the same history at every start.
        at = self.begin + timedelta(days=chance.uniform(first, last))
        tale = Tale(name, at, self.now, chance, self.terms)
        tale.later(0, 0)
        source, campaign = chance.choice(SOURCES)
        tale.captured(
            source,
            (phone(self.told),),
            campaign=campaign,
            name=chance.choice(FAMILIES) + chance.choice(GIVEN),
            product_line=chance.choice(("mortgage", "car", "consumer")),
            requested_amount=yuan(chance.randrange(5, 200) * 10_000),
            custom={"purpose": chance.choice(("home", "car", "study", "business"))},
        )
        tale.scored()
        tale.pooled(pool or chance.choice((NORTH, NORTH, SOUTH)))
        return tale

    def agent(self, tale: Tale, *, other: bool = False) -> str:
        """Somebody who may claim it; another than the one who has it, or had it."""
        agents = [each for each in AGENTS[tale.pool] if not (other and each == tale.last_owner)]
        return tale.chance.choice(agents)


def phone(number: int) -> Identifier:
    return Identifier(kind="phone", value=f"+86 138 0000 {number:04}")


def email(number: int) -> Identifier:
    return Identifier(kind="email", value=f"guest{number}@example.com")


# Tales. Each begins with a lead in a pool, and goes as far as the month lasts.


def waits(month: Month) -> Tale:
    """Nobody has claimed it yet."""
    return month.tale(DAYS - 3, DAYS - 0.5)


def worked(month: Month, first: float = 0, last: float = DAYS - 1, pool: PoolId | None = None) -> Tale:
    """Claimed and talked to, within the day that the first contact may take."""
    tale = month.tale(first, last, pool)
    tale.later(1, 20)
    tale.claimed(month.agent(tale))
    talk(tale)
    return tale


def talk(tale: Tale) -> None:
    tale.later(0.3, 5)
    tale.contacted(note="想了解利率和额度")
    tale.planned("send the terms", 2)


def quoted(month: Month, first: float = 0, last: float = DAYS - 4) -> Tale:
    tale = worked(month, first, last)
    amount = tale.chance.randrange(5, 180) * 10_000
    tale.later(20, 60)
    tale.followed_up("wechat", note="材料已收齐")
    tale.qualified(amount)
    tale.later(20, 50)
    tale.negotiated(amount)
    if tale.chance.random() < 0.3:
        tale.later(20, 40)
        tale.followed_up("call")
        tale.negotiated(amount - 10_000)
    return tale


def in_talks(month: Month) -> Tale:
    return quoted(month, DAYS - 9, DAYS - 2)


def sold(month: Month) -> Tale:
    tale = quoted(month, 0, DAYS - 8)
    tale.later(20, 70)
    tale.converted()
    return tale


def lost_late(month: Month) -> Tale:
    tale = quoted(month)
    tale.later(20, 60)
    tale.lost(tale.chance.choice(("price", "competitor", "declined")), competitor="Harbour Bank")
    return tale


def lost_early(month: Month) -> Tale:
    tale = worked(month)
    tale.later(20, 90)
    tale.lost(tale.chance.choice(("no-need", "no-answer", "price")))
    return tale


def worthless(month: Month) -> Tale:
    tale = month.tale(0, DAYS - 1)
    tale.later(1, 20)
    tale.claimed(month.agent(tale))
    tale.later(0.3, 5)
    tale.followed_up("call", effective=False)
    tale.invalid(tale.chance.choice(("wrong-number", "test", "not-a-person")))
    return tale


def nurtured(month: Month) -> Tale:
    """Not now: it goes back to the pool, to be looked at again in a month."""
    tale = worked(month)
    tale.later(20, 60)
    tale.nurtured(30)
    tale.later(1, 20)
    tale.released()
    return tale


def forgotten(month: Month) -> Tale:
    """No first contact within a day: circulation takes it back, and somebody else makes more of it."""
    tale = month.tale(0, DAYS - 6, NORTH)
    tale.later(1, 20)
    tale.claimed(month.agent(tale))
    tale.at += timedelta(hours=24, minutes=5)
    tale.recycled("no-first-contact")
    tale.later(1, 5)
    tale.claimed_in_vain(tale.last_owner)  # He is cooling down.
    tale.later(1, 5)
    tale.claimed(month.agent(tale, other=True))
    talk(tale)
    return tale


def dropped(month: Month) -> Tale:
    """Talked to once, and then no more: the protection runs out, and the pool has it back."""
    return worked(month, 0, DAYS - 12)


def kept_too_long(month: Month) -> Tale:
    """Followed up again and again, up to the limit that no follow-up moves."""
    tale = worked(month, 0, 3, SOUTH)
    while tale.owner is not None and tale.at < tale.end:
        tale.later(30, 40)
        tale.followed_up(tale.chance.choice(("call", "wechat", "visit")))
    return tale


def handed_over(month: Month) -> Tale:
    tale = worked(month, DAYS - 8, DAYS - 3, NORTH)
    tale.later(5, 30)
    to = month.agent(tale, other=True)
    tale.transferred(MANAGERS[tale.pool], to, Reason(code="holiday", text="休假两周，请同事跟进"))
    tale.later(5, 20)
    tale.followed_up("call")
    return tale


def lengthened(month: Month) -> Tale:
    """A manager gives more time, past the hard limit too."""
    tale = worked(month, 2, 4, NORTH)
    tale.later(24, 48)
    tale.qualified(800_000)
    tale.extended(MANAGERS[tale.pool], 25)
    return tale


def given(month: Month) -> Tale:
    """A manager decides who has it; or a dispatch rule does."""
    tale = month.tale(DAYS - 9, DAYS - 2)
    tale.later(0.2, 3)
    if month.told % 2:
        tale.assigned(MANAGERS[tale.pool], month.agent(tale))
    else:
        tale.dispatched(month.agent(tale), AGENTS[tale.pool])
    talk(tale)
    return tale


def raced_for(month: Month) -> Tale:
    """Two want it; one has it, and the other is told who."""
    tale = month.tale(DAYS - 5, DAYS - 2, NORTH)
    tale.later(0.5, 2)
    tale.claimed("zhao.min")
    tale.at += timedelta(seconds=1)
    tale.claimed_in_vain("sun.jie")
    talk(tale)
    return tale


def came_back(month: Month) -> Tale:
    """Lost, and three weeks later interested again: a new cycle."""
    tale = worked(month, 0, 4)
    tale.later(20, 40)
    if tale.lost("no-need"):
        tale.later(300, 400)
        tale.touched("web", note="又来咨询了")
        tale.reopened(MANAGERS[tale.pool])
        tale.pooled(tale.pool)
        tale.later(1, 10)
        tale.claimed(month.agent(tale))
        talk(tale)
    return tale


def same_person(month: Month) -> Iterator[Tale]:
    """One person twice, first by phone and then by e-mail: the second is merged into the first, a third is refused."""
    first = worked(month, DAYS - 9, DAYS - 5, NORTH)
    second = Tale(f"{first.name}-again", first.at, first.end, first.chance, first.terms)
    second.later(20, 40)
    second.captured("fair", (email(month.told),), campaign="home-fair")
    second.later(1, 5)
    second.merged(first, phone(month.told))
    third = Tale(f"{first.name}-once-more", second.at, first.end, first.chance, first.terms)
    third.later(1, 5)
    third.captured("wechat", (email(month.told),), refused=True)
    yield from (first, second, third)


def left_behind(month: Month) -> Iterator[Tale]:
    """Who leaves, leaves two leads: circulation brings them back, and he can claim no other."""
    leads = [month.tale(DAYS - 9, DAYS - 8, SOUTH) for _ in range(2)]
    for tale in leads:
        tale.later(1, 5)
        tale.claimed(LEAVER)
        talk(tale)
    leaving = Tale("leaver", max(each.at for each in leads), month.now, leads[0].chance, month.terms)
    leaving.later(24, 30)
    leaving.does(ADMINISTRATOR, DepartStaff(staff_id=StaffId(LEAVER)), reason=Reason(code="resigned"))
    for tale in leads:
        tale.at = leaving.at + timedelta(minutes=2)
        tale.recycled("owner-departed")
    leads[0].later(2, 3)
    leads[0].claimed_in_vain(LEAVER)
    yield from (*leads, leaving)


def full_day(month: Month) -> Iterator[Tale]:
    """Two claims a day are hers; giving one back does not win back a claim."""
    day = month.begin + timedelta(days=DAYS - 4, hours=1)
    leads = [month.tale(DAYS - 6, DAYS - 5, NORTH) for _ in range(3)]
    for nth, tale in enumerate(leads):
        tale.at = day + timedelta(minutes=10 * nth)
    leads[0].claimed(PART_TIME)
    leads[1].claimed(PART_TIME)
    leads[1].at += timedelta(minutes=2)
    leads[1].released()
    leads[2].claimed_in_vain(PART_TIME)
    talk(leads[0])
    yield from leads


TELLERS: Sequence[tuple[int, Callable[[Month], Tale]]] = (
    (12, waits),
    (11, sold),
    (6, lost_late),
    (8, lost_early),
    (5, worthless),
    (4, nurtured),
    (4, forgotten),
    (5, dropped),
    (2, kept_too_long),
    (3, handed_over),
    (1, lengthened),
    (4, given),
    (2, raced_for),
    (3, came_back),
    (8, in_talks),
    (6, worked),
)


def tales(month: Month) -> Iterator[Tale]:
    alone = (tell(month) for times, tell in TELLERS for _ in range(times))
    for tale in chain(alone, same_person(month), left_behind(month), full_day(month)):
        tale.circulated(month.now)
        yield tale


def steps(month: Month) -> list[Step]:
    """All tales in the order of time; what happens at the same instant stays in the order of its tale."""
    return sorted(chain.from_iterable(tale.steps for tale in tales(month)), key=lambda step: step.at)
