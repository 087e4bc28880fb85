"""How calls are listened to: scored, agreed with or appealed against, and talked about with who made them."""

from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from random import Random

from api.demo.life import Life, person
from commands.quality.appeals import AcknowledgeReview, AppealReview, DecideAppeal
from commands.quality.calibrating import OpenCalibration, RevealCalibration, SetConsensus, SubmitBlindScore
from commands.quality.coaching import CompleteCoaching
from commands.quality.inspection import AssignReview, PublishReview, SubmitReview
from commands.quality.scorecards import DraftScorecard, PublishScorecard, ReviseScorecard
from commands.quality.second import ArbitrateReview, AssignSecondReviewer, SubmitSecondReview
from domain.quality.review.facts import CallSampled, CoachingAssigned, ReviewPublished
from domain.quality.review.states import Disputed, Submitted
from domain.quality.scorecard import Item
from domain.quality.scoring import Mark
from domain.values import CalibrationId, ReviewId, ScorecardId, StaffId
from ledger.envelope import Recorded

CARD = ScorecardId("sales-calls")
INSPECTORS, MANAGER = ("yu.hang", "dong.mei"), "pan.yue"
ITEMS = (
    Item(code="greeting", weight=Decimal(15), kind="yes_no", zh="开场白", en="Greets, and says who calls"),
    Item(code="needs", weight=Decimal(35), zh="了解需求", en="Finds out what is wanted"),
    Item(code="offer", weight=Decimal(30), zh="介绍方案", en="Offers what fits"),
    Item(
        code="next-step",
        weight=Decimal(20),
        kind="yes_no",
        na_allowed=True,
        zh="约定下一步",
        en="Agrees on what is next",
    ),
    Item(
        code="honesty", weight=Decimal(0), kind="yes_no", auto_fail=True, zh="不夸大承诺", en="Promises nothing untrue"
    ),
)
WEAK = frozenset({"lin.tao", "cao.yu"})


class Quality:
    def __init__(self, life: Life) -> None:
        self.life = life
        self.chances: dict[ReviewId, Random] = {}
        life.when(CallSampled)(self.sampled)
        life.when(ReviewPublished)(self.published)
        life.when(CoachingAssigned)(self.coached)

    def begin(self) -> None:
        life, admin = self.life, person("ma.li")
        life.does(admin, DraftScorecard(scorecard_id=CARD, name="通话评分表", items=ITEMS))
        life.does(admin, PublishScorecard(scorecard_id=CARD))
        middle = life.begin + (life.end - life.begin) / 2

        def revised() -> None:
            greeting, needs, *rest = ITEMS
            lighter = (
                Item(code="greeting", weight=Decimal(10), kind="yes_no", zh=greeting.zh, en=greeting.en),
                Item(code="needs", weight=Decimal(40), zh=needs.zh, en=needs.en),
                *rest,
            )
            life.does(admin, ReviseScorecard(scorecard_id=CARD, name="通话评分表", items=lighter))
            life.does(admin, PublishScorecard(scorecard_id=CARD))

        life.at(middle, revised)

    def sampled(self, recorded: Recorded) -> None:
        event = recorded.event
        chance = self.chances[event.review_id] = self.life.chance(f"review {event.call_id}")
        first, second = chance.sample(INSPECTORS, 2)

        def given() -> None:
            self.life.does(
                person(MANAGER),
                AssignReview(review_id=event.review_id, inspector=StaffId(first), scorecard_id=CARD),
            )
            self.life.after(
                chance.uniform(1, 30),
                partial(self.scored, event.review_id, str(event.agent), first, second if event.twice else None),
            )

        self.life.after(chance.uniform(2, 12), given)

    def marks(self, agent: str, chance: Random) -> tuple[Mark, ...]:
        good = 0.55 if agent in WEAK else 0.88

        def mark(item: Item) -> Mark:
            if item.auto_fail:
                return Mark(code=item.code, attainment=Decimal(int(chance.random() < 0.97)))
            if item.na_allowed and chance.random() < 0.1:
                return Mark(code=item.code)
            if item.kind == "yes_no":
                return Mark(code=item.code, attainment=Decimal(int(chance.random() < good)))
            found = min(max(chance.gauss(good, 0.12), 0), 1)
            return Mark(
                code=item.code,
                attainment=Decimal(round(found, 1)).quantize(Decimal("0.1")),
                evidence_at=chance.randint(2, 60),
            )

        return tuple(map(mark, ITEMS))

    def scored(self, review_id: ReviewId, agent: str, first: str, second: str | None) -> None:
        chance, marks = self.chances[review_id], self.marks(agent, self.chances[review_id])
        submit = SubmitReview(review_id=review_id, items=marks, notes={"needs": "可以多问一句预算"})
        self.life.does(person(first), submit)
        if second is None:
            self.life.after(1, lambda: self.life.does(person(first), PublishReview(review_id=review_id)))
            return
        assign = AssignSecondReviewer(review_id=review_id, inspector=StaffId(second))
        self.life.does(person(MANAGER), assign)
        other = marks if chance.random() < 0.7 else self.marks(agent, chance)
        again = SubmitSecondReview(review_id=review_id, items=other)
        self.life.after(chance.uniform(2, 10), lambda: self.life.does(person(second), again))
        self.life.after(chance.uniform(11, 16), partial(self.decided, review_id, marks, first))

    def decided(self, review_id: ReviewId, marks: Sequence[Mark], first: str) -> None:
        match self.life.state(f"review/{review_id}").stage:
            case Submitted(second=Disputed()):
                self.life.does(person(MANAGER), ArbitrateReview(review_id=review_id, items=tuple(marks)))
            case _:
                pass
        self.life.does(person(first), PublishReview(review_id=review_id))

    def published(self, recorded: Recorded) -> None:
        review_id = recorded.event.review_id
        agent = str(self.life.state(f"review/{review_id}").agent)
        chance = self.chances[review_id]
        how = chance.random()
        if how < 0.15:
            self.life.after(chance.uniform(2, 20), partial(self.appealed, review_id, agent))
        elif how < 0.8:
            seen = AcknowledgeReview(review_id=review_id)
            self.life.after(chance.uniform(1, 20), lambda: self.life.does(person(agent), seen))

    def appealed(self, review_id: ReviewId, agent: str) -> None:
        chance = self.chances[review_id]
        item = chance.choice(("needs", "offer"))
        appeal = AppealReview(review_id=review_id, items=(item,), grounds="客户自己挂断了电话")
        self.life.does(person(agent), appeal)
        better = (Mark(code=item, attainment=Decimal(1)),) if chance.random() < 0.5 else ()
        decide = DecideAppeal(review_id=review_id, items=better, note="重新听过录音")
        self.life.after(chance.uniform(4, 24), lambda: self.life.does(person(MANAGER), decide))
        if chance.random() < 0.4:
            seen = AcknowledgeReview(review_id=review_id)
            self.life.after(chance.uniform(30, 40), lambda: self.life.does(person(agent), seen))
        if chance.random() < 0.3:
            self.calibrated(review_id, chance)

    def calibrated(self, review_id: ReviewId, chance: Random) -> None:
        """Everybody scores the call that was argued about, without seeing the others' marks."""
        call_id = self.life.state(f"review/{review_id}").call_id
        calibration_id = CalibrationId(self.life.id(f"calibration {review_id}"))
        people = tuple(map(StaffId, INSPECTORS))
        self.life.does(
            person(MANAGER),
            OpenCalibration(calibration_id=calibration_id, call_id=call_id, scorecard_id=CARD, participants=people),
        )
        for nth, each in enumerate(INSPECTORS):
            blind = SubmitBlindScore(calibration_id=calibration_id, items=self.marks("", chance))
            self.life.after(4 + nth, partial(self.life.does, person(each), blind))
        reveal = RevealCalibration(calibration_id=calibration_id)
        self.life.after(20, lambda: self.life.does(person(MANAGER), reveal))
        agreed = SetConsensus(calibration_id=calibration_id, items=self.marks("", chance))
        self.life.after(22, lambda: self.life.does(person(MANAGER), agreed))

    def coached(self, recorded: Recorded) -> None:
        event = recorded.event
        chance = self.life.chance(f"coaching {event.review_id}")
        done = CompleteCoaching(review_id=event.review_id, note="一起听了两通录音")
        self.life.after(chance.uniform(10, 60), lambda: self.life.does(person(str(event.coach)), done))
