"""What a campaign (投放) costs: by source and day, as whoever sells the places says it, and says it again."""

from collections.abc import Mapping
from datetime import date

from domain.money import Money
from domain.values import CampaignId, Instant, fact, replace, value

# Facts


@fact("campaign.cost-recorded")
class CampaignCostRecorded:
    """The whole cost of a day, of the account that pays for it, as it is known now; `from_` is what had been said of it
    before. `as_of` is when it was known so, where that was told: by it what is told late is known to be late.
    """

    campaign_id: CampaignId
    source: str
    day: date
    cost: Money
    from_: Money | None = None
    as_of: Instant | None = None


CampaignEvent = CampaignCostRecorded


# State


@value
class Campaign:
    """What each day has cost, by source, and as of when, as far as that was told."""

    costs: Mapping[str, Mapping[date, Money]]
    as_of: Mapping[tuple[str, date], Instant] | None = None


def evolve(campaign: Campaign, event: CampaignEvent) -> Campaign:
    match event:
        case CampaignCostRecorded(source=source, day=day, cost=cost, as_of=as_of):
            days = {**campaign.costs.get(source, {}), day: cost}
            known = campaign.as_of if as_of is None else {**(campaign.as_of or {}), (source, day): as_of}
            return replace(campaign, costs={**campaign.costs, source: days}, as_of=known)
