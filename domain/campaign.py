"""What a campaign (投放) costs: by source and day, as whoever sells the places says it, and says it again."""

from collections.abc import Mapping
from datetime import date

from domain.money import Money
from domain.values import CampaignId, fact, replace, value

# Facts


@fact("campaign.cost-recorded")
class CampaignCostRecorded:
    """The whole cost of a day, of the account that pays for it, as it is known now; `from_` is what had been said of it
    before.
    """

    campaign_id: CampaignId
    source: str
    day: date
    cost: Money
    from_: Money | None = None


CampaignEvent = CampaignCostRecorded


# State


@value
class Campaign:
    """What each day has cost, by source."""

    costs: Mapping[str, Mapping[date, Money]]


def evolve(campaign: Campaign, event: CampaignEvent) -> Campaign:
    match event:
        case CampaignCostRecorded(source=source, day=day, cost=cost):
            days = {**campaign.costs.get(source, {}), day: cost}
            return replace(campaign, costs={**campaign.costs, source: days})
