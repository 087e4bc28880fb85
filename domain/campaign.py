"""What a campaign (投放) costs: by source and day, as whoever sells the places says it, and says it again."""

from collections.abc import Mapping
from datetime import date

from domain.money import Money
from domain.values import CampaignId, fact, replace, value


@value
class Placement:
    """Where a campaign was seen, and on which day of the account that pays for it."""

    source: str
    day: date


# Facts


@fact("campaign.cost-recorded")
class CampaignCostRecorded:
    """The whole cost of that day as it is known now; `from_` is what had been said of it before."""

    campaign_id: CampaignId
    source: str
    day: date
    cost: Money
    from_: Money | None = None


CampaignEvent = CampaignCostRecorded


# State


@value
class Campaign:
    """What each day has cost at each source, and in which currency each source is paid."""

    costs: Mapping[Placement, Money]
    currencies: Mapping[str, str]


def evolve(campaign: Campaign, event: CampaignEvent) -> Campaign:
    match event:
        case CampaignCostRecorded(source=source, day=day, cost=cost):
            return replace(
                campaign,
                costs={**campaign.costs, Placement(source=source, day=day): cost},
                currencies={source: cost.currency, **campaign.currencies},
            )
