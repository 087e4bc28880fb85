"""What may be told of a campaign: what a day of it has cost."""

from datetime import date, timedelta

from commands.decider import Decider
from domain.access import Action
from domain.actor import Asked
from domain.campaign import Campaign, CampaignCostRecorded, CampaignEvent, evolve
from domain.errors import Invalid, said
from domain.money import Money
from domain.values import CampaignId, Instant, value

campaigns = Decider[Campaign, CampaignEvent](
    name="campaign",
    plural="campaigns",
    id_field="campaign_id",
    key=CampaignId,
    initial=lambda _: Campaign(costs={}),
    evolve=evolve,
)

ZONES = timedelta(hours=14)  # The day begins so much sooner than in UTC where it begins first.


@value
class RecordCampaignCost:
    """`campaign_id` is what leads name as their campaign, and `source` as their source. `cost` is the whole cost of
    that day: said again, it takes the place of what was said before. `as_of` is when that was known: what is told later
    and was known earlier changes nothing.
    """

    campaign_id: CampaignId
    source: str
    day: date
    cost: Money
    as_of: Instant | None = None


@campaigns.decides(Action.MIRROR)
def record_campaign_cost(command: RecordCampaignCost, campaign: Campaign, asked: Asked) -> CampaignCostRecorded | None:
    """Record what a day of a campaign has cost at one source, or correct it: advertisers bill days anew for weeks."""
    source = said("source", command.source)
    if command.cost.amount < 0:
        raise Invalid(field="cost", because="a cost is not negative; what is given back makes the day's cost smaller")
    if command.day > (asked.at + ZONES).date():
        raise Invalid(field="day", because="that day has not come yet")
    known = (campaign.as_of or {}).get((source, command.day))
    if command.as_of is not None and known is not None and command.as_of < known:
        return None
    days = campaign.costs.get(source, {})
    before = days.get(command.day)
    others = (cost for day, cost in days.items() if day != command.day)
    next(others, command.cost).same(command.cost)  # A source is paid in one currency.
    later = command.as_of is not None and command.as_of != known  # Beside the same cost: that it still is so.
    if before == command.cost and not later and not asked.imported:
        return None  # Asking twice is not an error.
    return CampaignCostRecorded(
        campaign_id=command.campaign_id,
        source=source,
        day=command.day,
        cost=command.cost,
        from_=before,
        as_of=command.as_of,
    )
