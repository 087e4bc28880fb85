"""What may be asked of a scorecard: to draft it, to publish an edition, to retire it."""

from decimal import Decimal

from commands.decider import Decider
from domain.access import Action
from domain.actor import Asked
from domain.catalog import coded
from domain.errors import Invalid, NotNow, said
from domain.quality.refusals import WeightsDoNotAddUp
from domain.quality.scorecard import (
    WHOLE,
    Drafted,
    Item,
    NoScorecard,
    Published,
    Retired,
    Scorecard,
    ScorecardDrafted,
    ScorecardEvent,
    ScorecardPublished,
    ScorecardRetired,
    ScorecardRevised,
    ScorecardStatus,
    evolve,
)
from domain.quality.scoring import places
from domain.values import ScorecardId, value

scorecards = Decider[Scorecard, ScorecardEvent](
    name="scorecard",
    plural="scorecards",
    id_field="scorecard_id",
    key=ScorecardId,
    initial=lambda _: NoScorecard(),
    evolve=evolve,
    governs=True,
)

STATUS: dict[type, ScorecardStatus] = {Drafted: "drafted", Published: "published", Retired: "retired"}
MOST_ITEMS = 100
FINEST_WEIGHT = 2  # Decimal places.


@value
class DraftScorecard:
    scorecard_id: ScorecardId
    name: str
    items: tuple[Item, ...]


@scorecards.decides(Action.ADMINISTER)
def draft(command: DraftScorecard, _: NoScorecard) -> ScorecardDrafted:
    """Begin a scorecard; nothing is scored by it before it is published."""
    return ScorecardDrafted(
        scorecard_id=command.scorecard_id,
        number=1,
        name=said("name", command.name),
        items=proper(command.items),
    )


@value
class ReviseScorecard:
    scorecard_id: ScorecardId
    name: str
    items: tuple[Item, ...]


@scorecards.decides(Action.ADMINISTER)
def revise(command: ReviseScorecard, scorecard: Drafted | Published) -> ScorecardRevised:
    """Change what is drafted, or draft the next edition; the published one stays as it is, and in use."""
    match scorecard:
        case Drafted(draft=edition):
            number = edition.number
        case Published(edition=edition):
            number = edition.number + 1
    return ScorecardRevised(
        scorecard_id=command.scorecard_id,
        number=number,
        name=said("name", command.name),
        items=proper(command.items),
    )


def proper(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """The items themselves, when each of them can be one. Refused with Invalid. They need not add up yet."""
    if not 1 <= len(items) <= MOST_ITEMS:
        raise Invalid(field="items", because=f"a scorecard has 1 to {MOST_ITEMS} items")
    seen: set[str] = set()
    for nth, item in enumerate(items):
        if coded(f"items/{nth}/code", item.code) in seen:
            raise Invalid(field=f"items/{nth}/code", because=f"{item.code} stands there twice")
        seen.add(item.code)
        if not 0 <= item.weight <= WHOLE or places(item.weight) > FINEST_WEIGHT:
            raise Invalid(field=f"items/{nth}/weight", because="a weight is 0 to 100, with up to 2 decimal places")
        if not item.weight and not item.auto_fail:
            raise Invalid(field=f"items/{nth}/weight", because="what weighs nothing is there to fail the call")
    return items


@value
class PublishScorecard:
    scorecard_id: ScorecardId


@scorecards.decides(Action.ADMINISTER)
def publish(command: PublishScorecard, scorecard: Drafted | Published) -> ScorecardPublished:
    """Put what is drafted into use, for reviews that are given out from now on. It never changes again."""
    edition = scorecard.draft
    if edition is None:
        raise NotNow(found="Published", wanted=("Drafted",))
    weights = sum((item.weight for item in edition.items), Decimal())
    if weights != WHOLE:
        raise WeightsDoNotAddUp(weights=f"{weights.normalize():f}")
    return ScorecardPublished(
        scorecard_id=command.scorecard_id,
        from_=STATUS[type(scorecard)],
        number=edition.number,
        name=edition.name,
        items=edition.items,
    )


@value
class RetireScorecard:
    scorecard_id: ScorecardId


@scorecards.decides(Action.ADMINISTER)
def retire(command: RetireScorecard, scorecard: Drafted | Published | Retired, asked: Asked) -> ScorecardRetired:
    """Take a scorecard out of use. Reviews that were given out with it are scored by it still."""
    if isinstance(scorecard, Retired) and not asked.imported:
        raise NotNow(found="Retired", wanted=("Drafted", "Published"))
    return ScorecardRetired(scorecard_id=command.scorecard_id, from_=STATUS[type(scorecard)])
