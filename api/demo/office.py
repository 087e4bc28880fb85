"""What happens in the office: targets, who leaves and who comes, and what people decide over the head of a policy."""

from datetime import timedelta
from functools import partial

from api.demo.enquiries import NORTH, SOUTH
from api.demo.life import DAY, Life, person
from api.demo.shop import Shop, yuan
from api.demo.staff import Staff
from commands.customer.merging import MergeCustomers, UnmergeCustomer
from commands.customer.protection import ErasePersonalData, LiftLegalHold, PlaceLegalHold
from commands.policy import PausePolicy
from commands.staff import DepartStaff, OnboardStaff
from commands.target import SetTarget
from domain.customer.facts.merging import FieldChoices
from domain.values import OrgPath, StaffId, TargetId
from ledger.envelope import SideRow

ADMINISTRATOR = person("ma.li")
THE_FIRST = FieldChoices(
    customer_type="survivor",
    name="survivor",
    preferences="survivor",
    motive="survivor",
    family="survivor",
    status="survivor",
    segment="survivor",
    owners="survivor",
    credit="survivor",
    contacts="survivor",
    tags="both",
)
LEAVER, NEWCOMER = StaffId("lin.tao"), StaffId("qin.yi")


class Office:
    def __init__(self, life: Life, staff: Staff, shop: Shop) -> None:
        self.life, self.staff, self.shop = life, staff, shop

    def begin(self) -> None:
        length = self.life.end - self.life.begin
        self.life.at(self.life.begin + length * 0.55 + timedelta(hours=3), self.somebody_leaves)
        self.life.at(self.life.begin + length * 0.6 + timedelta(hours=2), self.somebody_comes)
        self.life.at(self.life.begin + length * 0.3 + timedelta(hours=4), self.circulation_rests)
        self.life.at(self.life.begin + length * 0.8 + timedelta(hours=5), self.two_are_one)
        self.life.at(self.life.begin + length * 0.9 + timedelta(hours=5), self.somebody_wants_to_be_forgotten)
        month = self.life.begin
        while month < self.life.end:
            self.life.at(month + timedelta(hours=1), self.sets_targets)
            month += 28 * DAY

    def sets_targets(self) -> None:
        period = f"{self.life.now:%Y-%m}"
        for team, amount in (("north", 900_000), ("south", 450_000)):
            target = SetTarget(
                target_id=TargetId(f"{team}-{period}"),
                period=period,
                metric="revenue",
                team=OrgPath(team),
                amount=yuan(amount),
            )
            self.life.does(ADMINISTRATOR, target)

    def looks_ahead(self, mark: SideRow) -> None:
        """The last that is told: what is to be reached in the time that comes."""
        period = f"{self.life.end + 28 * DAY:%Y-%m}"
        target = SetTarget(
            target_id=TargetId(f"north-next-{period}"),
            period=period,
            metric="converted",
            team=OrgPath("north"),
            count=60,
        )
        self.life.does(ADMINISTRATOR, target, side=(mark,))

    def somebody_leaves(self) -> None:
        """What he held is offered to his colleagues at once, and he gets no more."""
        self.life.does(ADMINISTRATOR, DepartStaff(staff_id=LEAVER), "resigned")
        self.staff.agents[SOUTH].remove(LEAVER)

    def somebody_comes(self) -> None:
        new = OnboardStaff(
            staff_id=NEWCOMER, name="秦怡", role="sales", org_path=OrgPath("south"), skills=("piano", "lessons")
        )
        self.life.does(ADMINISTRATOR, new)
        self.staff.agents[SOUTH].append(NEWCOMER)

    def circulation_rests(self) -> None:
        """While nearly everybody is away, nothing is taken from anybody."""
        pause = PausePolicy(policy_name="circulation", until=self.life.now + 5 * DAY)
        self.life.does(person("li.na"), pause, "holiday", "春节期间不回收")

    def two_are_one(self) -> None:
        """A couple has two accounts; of two others it is found out later that they are not the same."""
        bought = [each for each in self.shop.buyers.values() if each.paid and each.pool == NORTH]
        for nth in range(0, min(len(bought) - 1, 6), 2):
            survivor, absorbed = bought[nth].customer_id, bought[nth + 1].customer_id
            merge = MergeCustomers(customer_id=survivor, absorbed=absorbed, choices=THE_FIRST)
            self.life.does(person("li.na"), merge, "duplicate")
            if nth == 0:
                undo = UnmergeCustomer(customer_id=survivor, absorbed=absorbed)
                self.life.after(30, partial(self.life.does, person("li.na"), undo, "asked-for"))

    def somebody_wants_to_be_forgotten(self) -> None:
        """One is; of another something is still before a court."""
        two = [each.customer_id for each in self.shop.buyers.values()][10:12]
        if len(two) < 2:
            return
        self.life.does(ADMINISTRATOR, PlaceLegalHold(customer_id=two[1], matter="case-118"))
        for customer_id in two:
            self.life.does(ADMINISTRATOR, ErasePersonalData(customer_id=customer_id), "asked-for")
        self.life.after(
            60, partial(self.life.does, ADMINISTRATOR, LiftLegalHold(customer_id=two[1], matter="case-118"))
        )
