"""What the places cost in which the company is seen: told day by day, and corrected a week later."""

from datetime import date, timedelta

from api.demo.life import DAY, HOUR, Life, system
from api.demo.shop import yuan
from commands.campaign import RecordCampaignCost
from domain.values import CampaignId

ADS = system("ads")
DAILY = {("website", "spring-sale"): (700, 1_500), ("wechat", "mini-program"): (300, 800)}  # Yuan.


class Advertising:
    def __init__(self, life: Life) -> None:
        self.life = life

    def begin(self) -> None:
        week = self.life.begin + 7 * DAY
        while week < self.life.end:
            self.life.at(week + 2 * HOUR, self.bill_comes)
            week += 7 * DAY

    def bill_comes(self) -> None:
        """For each day of the week that is over, and once more for a day of the week before it: clicks that were none
        are paid back.
        """
        today = self.life.now.date()
        for ago in range(1, 8):
            self.costs(today - timedelta(days=ago), 1)
        if today - 14 * DAY >= self.life.begin.date():
            self.costs(today - timedelta(days=10), 0.97)

    def costs(self, day: date, share: float) -> None:
        for (source, campaign), (least, most) in DAILY.items():
            spent = self.life.chance(f"cost {source} {day}").randrange(least, most)
            self.life.does(
                ADS,
                RecordCampaignCost(
                    campaign_id=CampaignId(campaign), source=source, day=day, cost=yuan(round(spent * share))
                ),
            )
