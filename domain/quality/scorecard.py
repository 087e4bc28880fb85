"""A scorecard: what a call is looked at for, and how much each of it counts.

It is published in editions. An edition never changes; the next one is drafted while this one is in use.
"""

from decimal import Decimal
from typing import Literal

from domain.errors import ImpossibleHistory
from domain.values import ScorecardId, fact, replace, value

ItemKind = Literal["scale", "yes_no"]
ScorecardStatus = Literal["drafted", "published", "retired"]
WHOLE = Decimal(100)  # What the weights of a published edition add up to.


@value
class Item:
    """One thing that is looked at. Where nothing of it was done, `auto_fail` makes the whole call nought."""

    code: str
    weight: Decimal
    kind: ItemKind = "scale"
    auto_fail: bool = False
    na_allowed: bool = False
    zh: str = ""
    en: str = ""


# Facts


@fact("scorecard.drafted")
class ScorecardDrafted:
    scorecard_id: ScorecardId
    number: int
    name: str
    items: tuple[Item, ...]


@fact("scorecard.revised")
class ScorecardRevised:
    """What is drafted is another now; of a published scorecard, this is its next edition."""

    scorecard_id: ScorecardId
    number: int
    name: str
    items: tuple[Item, ...]


@fact("scorecard.published")
class ScorecardPublished:
    scorecard_id: ScorecardId
    from_: ScorecardStatus
    number: int
    name: str
    items: tuple[Item, ...]
    to: Literal["published"] = "published"


@fact("scorecard.retired")
class ScorecardRetired:
    scorecard_id: ScorecardId
    from_: ScorecardStatus
    to: Literal["retired"] = "retired"


ScorecardEvent = ScorecardDrafted | ScorecardRevised | ScorecardPublished | ScorecardRetired


# States


@value
class NoScorecard: ...


@value
class Edition:
    number: int
    name: str
    items: tuple[Item, ...]


@value
class Drafted:
    draft: Edition


@value
class Published:
    edition: Edition
    draft: Edition | None = None  # Of the next one.


@value
class Retired:
    """Reviews that pinned an edition of it go on with that."""


Scorecard = NoScorecard | Drafted | Published | Retired


def evolve(scorecard: Scorecard, event: ScorecardEvent) -> Scorecard:
    match scorecard, event:
        case NoScorecard(), ScorecardDrafted():
            return Drafted(draft=edition(event))
        case Drafted(), ScorecardRevised():
            return Drafted(draft=edition(event))
        case Published(), ScorecardRevised():
            return replace(scorecard, draft=edition(event))
        case Drafted() | Published(), ScorecardPublished():
            return Published(edition=edition(event))
        case Drafted() | Published(), ScorecardRetired():
            return Retired()
        case Retired(), ScorecardRetired():
            return scorecard
        case _:
            raise ImpossibleHistory(scorecard, event)


def edition(event: ScorecardDrafted | ScorecardRevised | ScorecardPublished) -> Edition:
    return Edition(number=event.number, name=event.name, items=event.items)


@value
class Sheet:
    """The edition of a scorecard that a review, or a calibration, has pinned."""

    scorecard_id: ScorecardId
    number: int
    items: tuple[Item, ...]
