"""Intake: who comes in and looks like an open lead is suspected to be the same, and a person decides."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest

from commands.catalog import PublishCatalog
from commands.lead.capture import AdoptLead, CaptureLead, CorrectLead
from commands.lead.doubting import DismissDuplicate, SuspectDuplicate
from commands.lead.work import LoseLead
from commands.policy import PausePolicy
from consumers.policies.intake import (
    COMPARED_AT_MOST,
    MANY,
    SUSPECTED_AT_ONCE,
    candidates,
    look_of,
    suspect_who_looks_like_one_when_corrected,
    suspicions,
)
from consumers.simulated import Sight
from domain.actor import Actor
from domain.catalog import LOST_REASONS, Entry
from domain.identity import Identifier, IdentityLink
from domain.lead.facts.intake import Comparison, DuplicateSuspected, LeadCaptured, LeadCorrected
from domain.lead.facts.work import LeadLost
from domain.lead.states import Open
from domain.likeness import RULE, Look
from domain.values import IdentityId, LeadId, OrgPath
from projections.lead_likeness import lead_likeness
from projections.projection import Projection
from tests.consumers.office import ADMIN, CRM, START, mia
from tests.consumers.story import Story
from tests.projections.spec import around

DAY = timedelta(days=1)
PHONE, SWAPPED = "+8613812345678", "+8613812354678"


def lead(number: int) -> LeadId:
    return LeadId(UUID(int=number))


class Noticing(Sight):
    """Counts what is read."""

    def __init__(self) -> None:
        super().__init__([lead_likeness], START)
        self.read = 0

    def told(self, *events: object) -> None:
        for event in events:
            self.at += 1
            self.fold(lead_likeness.name, around(self.at, START, event))

    def rows(self, view: Projection, *, at_most: int | None = None, **where: Any) -> tuple[Any, ...]:
        found = super().rows(view, at_most=at_most, **where)
        self.read += len(found)
        return found


def elsewhere(number: int) -> str:
    """A phone that is near to no other."""
    return f"+44{Random(number).randrange(10**10):010}"


def captured(number: int, phone: str | None = None, name: str | None = None, **known: Any) -> LeadCaptured:
    link = IdentityLink(identity_id=IdentityId(UUID(int=number)), kind="phone", value=phone or elsewhere(number))
    return LeadCaptured(lead_id=lead(number), source="web", channel="form", identities=(link,), name=name, **known)


def seen(*events: object) -> Noticing:
    found = Noticing()
    found.told(*events)
    return found


def seen_look(lead_id: LeadId, sight: Sight) -> Look:
    found = look_of(lead_id, sight)
    assert found is not None
    return found


# Whom it looks like


def test_who_looks_like_an_open_lead_is_suspected_and_how_it_was_found_is_told() -> None:
    around_him = [captured(number) for number in range(10, 20)]
    sight = seen(captured(1, PHONE, "张伟"), *around_him, captured(2, SWAPPED, "张 伟"))
    how = Comparison(rule_id=RULE, seen_at=12, compared=1, alike=1)
    expected = SuspectDuplicate(
        lead_id=lead(2), of=lead(1), likeness=95, because="same-name-near-phone", comparison=how
    )
    assert list(suspicions(lead(2), sight)) == [expected]


def test_nobody_looks_like_himself_and_what_has_ended_like_nobody() -> None:
    sight = seen(captured(1, PHONE, "张伟"))
    assert list(suspicions(lead(1), sight)) == []
    sight.told(LeadLost(lead_id=lead(1), from_="new", reason="price"), captured(2, SWAPPED, "张伟"))
    assert list(suspicions(lead(1), sight)) == []
    assert list(suspicions(lead(2), sight)) == []


def test_a_handful_is_suspected_and_the_likest_first() -> None:
    """Seven phones that are one slip from his, of people who are called as he is, and one the like of which is less."""
    phones = [f"+861381234567{digit}" for digit in range(7)]
    sight = seen(*(captured(10 + number, phone, "张伟") for number, phone in enumerate(phones)))
    sight.told(captured(9, "+8613812345698"), captured(2, PHONE, "张伟"))
    found = list(suspicions(lead(2), sight))
    assert [each.likeness for each in found] == [95] * SUSPECTED_AT_ONCE
    assert [each.of for each in found] == [lead(10 + number) for number in range(5)]
    assert {each.comparison and each.comparison.alike for each in found} == {8}


def test_a_correction_is_looked_at_where_it_changes_what_the_lead_looks_like() -> None:
    sight = seen(captured(1, PHONE, "张伟"), captured(2, SWAPPED, "张伟"))

    def corrected(**told: Any) -> Sequence[SuspectDuplicate]:
        event = LeadCorrected(lead_id=lead(2), corrects=1, **told)
        return list(suspect_who_looks_like_one_when_corrected(event, sight))

    link = IdentityLink(identity_id=IdentityId(UUID(int=3)), kind="email", value="a@b.cn")
    for told in ({"name": "张伟"}, {"territory": OrgPath("north")}, {"identities_added": (link,)}):
        assert len(corrected(**told)) == 1
    assert corrected(source="fair") == []


def test_a_name_that_many_have_is_of_no_use_however_rare_it_seemed() -> None:
    home = OrgPath("north")
    few = [captured(number, None, "欧阳建华", territory=home) for number in range(10, 10 + MANY)]
    sight = seen(*few, captured(1, None, "欧阳建华", territory=home))
    assert len(list(suspicions(lead(1), sight))) == SUSPECTED_AT_ONCE
    sight.told(captured(9, "+8613812348765", "欧阳建华", territory=home))
    assert list(suspicions(lead(1), sight)) == []
    two_slips = "+8613812387654"
    sight.told(captured(2, two_slips, "欧阳建华", territory=home))
    found, _ = candidates(lead(2), seen_look(lead(2), sight), sight)
    assert found.keys() == {lead(9)}, "which it is compared with for its phone"
    assert list(suspicions(lead(2), sight)) == []


# Among many


def many(chance: Random, count: int) -> list[LeadCaptured]:
    """As they come in one city: a few thousand prefixes, common names, a row of numbers, people called "test"."""
    prefixes = [f"+861{chance.choice('35789')}{chance.randrange(10**5):05}" for _ in range(2_000)]
    families, given = "王李张刘陈杨黄赵吴周", "伟芳娜敏静丽强磊军洋建国秀英桂兰志明"
    found = []
    for number in range(1_000, 1_000 + count):
        name = chance.choice(families) + "".join(chance.choices(given, k=chance.choice((1, 2, 2))))
        phone = chance.choice(prefixes) + f"{chance.randrange(10**4):04}"
        match number % 20:
            case 0:
                phone = f"+861390451{number % 10_000:04}"
            case 1:
                name = "测试公司科技有限公司"
            case _:
                pass
        found.append(captured(number, phone, name, territory=OrgPath("north")))
    return found


@pytest.mark.slow  # So many are folded first.
def test_among_ten_thousand_a_new_lead_is_compared_with_a_few_and_the_one_is_found() -> None:
    chance = Random(25)
    crowd = many(chance, 10_000)
    sight = seen(*crowd)
    compared, read = [], []
    for number, like in enumerate(chance.sample(crowd, 200), start=1):
        (phone,) = (each.value for each in like.identities)
        assert isinstance(phone, str)
        place = chance.randrange(6, len(phone) - 1)
        swapped = phone[:place] + phone[place + 1] + phone[place] + phone[place + 2 :]
        if swapped == phone:
            continue
        name = like.name if isinstance(like.name, str) else None
        sight.told(captured(number, swapped, name))
        sight.read = 0
        own = seen_look(lead(number), sight)
        found, _ = candidates(lead(number), own, sight)
        compared.append(len(found))
        read.append(sight.read)
        assert like.lead_id in {each.of for each in suspicions(lead(number), sight)}
        sight.told(LeadLost(lead_id=lead(number), from_="new", reason="price"))
    assert len(compared) > 150
    assert max(compared) <= COMPARED_AT_MOST
    assert sum(compared) / len(compared) < 12, "of ten thousand"
    assert max(read) < 250, "rows, thin ones too, and not one for each of those who are called the same"


# At work, in memory


@pytest.fixture
def story() -> Story:
    return Story()


def comes(story: Story, number: int, phone: str, name: str | None = "张伟", by: Actor = CRM, **how: Any) -> LeadId:
    identity = Identifier(kind="phone", value=phone)
    capture = CaptureLead(lead_id=lead(number), source="web", channel="form", identities=(identity,), name=name)
    story.do(by, capture, **how)
    story.simulated.settle()
    return lead(number)


def suspected(story: Story) -> list[tuple[LeadId, LeadId]]:
    return [(each.event.lead_id, each.event.of) for each in story.told(DuplicateSuspected)]


def test_who_comes_in_is_suspected_by_the_policy_and_stays_what_he_is(story: Story) -> None:
    first, second = comes(story, 1, PHONE), comes(story, 2, SWAPPED)
    assert suspected(story) == [(second, first)]
    (told,) = story.told(DuplicateSuspected)
    assert told.actor == Actor(kind="policy", id="intake", name="intake", role="policy")
    assert told.causation_id == story.told(LeadCaptured)[-1].event_id
    assert all(isinstance(story.executor.state(f"lead/{each}").state, Open) for each in (first, second))


def test_what_a_person_has_dismissed_is_not_suspected_again(story: Story) -> None:
    first, second = comes(story, 1, PHONE), comes(story, 2, SWAPPED)
    story.do(mia, DismissDuplicate(lead_id=second, of=first), reason="brothers")
    story.do(CRM, CorrectLead(lead_id=first, corrects=1, name="张　伟"))
    story.do(CRM, CorrectLead(lead_id=second, corrects=1, name="张　伟"))
    story.simulated.settle()
    assert suspected(story) == [(second, first)]


def test_a_correction_may_bring_it_out(story: Story) -> None:
    first, second = comes(story, 1, PHONE), comes(story, 2, "+8613512340000")
    right = (Identifier(kind="phone", value=SWAPPED),)
    story.do(CRM, CorrectLead(lead_id=second, corrects=1, identities=right))
    story.simulated.settle()
    assert suspected(story) == [(second, first)]


def test_what_has_ended_is_suspected_by_nobody(story: Story) -> None:
    story.do(ADMIN, PublishCatalog(catalog_id=LOST_REASONS, entries=(Entry(code="price"),)))
    first = comes(story, 1, PHONE)
    story.do(CRM, LoseLead(lead_id=first, reason="price"))
    comes(story, 2, SWAPPED)
    assert suspected(story) == []


def test_history_suspects_nobody_and_is_suspected(story: Story) -> None:
    old, older = (comes(story, number, phone, by=ADMIN, imported=True) for number, phone in ((1, PHONE), (2, SWAPPED)))
    assert suspected(story) == []
    new = comes(story, 3, "+8613812345687")
    assert suspected(story) == [(new, old)]
    story.do(ADMIN, AdoptLead(lead_id=older))
    story.simulated.settle()
    assert suspected(story) == [(new, old), (older, old)]


def test_paused_it_waits_and_catches_up(story: Story) -> None:
    story.do(mia, PausePolicy(policy_name="intake", until=story.now + DAY), reason="audit")
    first, second = comes(story, 1, PHONE), comes(story, 2, SWAPPED)
    assert suspected(story) == []
    story.until(DAY)
    ((one, other),) = suspected(story)
    assert {one, other} == {first, second}, "whichever it comes to first"
