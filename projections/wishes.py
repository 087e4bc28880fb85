"""What a person wants, by channel and purpose, in every row about him; and the channels that he wants none of."""

from collections.abc import Mapping
from typing import TypeVar

from domain.contact.facts import (
    Channel,
    ConsentChanged,
    ContactAbsorbed,
    ContactSeparated,
    ContactUnmerged,
    DoNotContactSet,
    Standing,
    Wish,
)
from domain.contact.states import CHANNELS, PURPOSES, Contact, Profile, about, evolve_contact
from domain.values import Instant
from projections.rows import Row, replace, table


@table
class Wishing(Row):
    """`wishes` are called by channel and purpose, as `email/marketing`; each has the standing, and since when, in the
    same place. What nobody has asked is not among them. `given` are those to which he said yes.
    """

    wishes: tuple[str, ...] = ()
    standings: tuple[Standing, ...] = ()
    wished_since: tuple[Instant, ...] = ()
    given: tuple[str, ...] = ()
    refused_channels: tuple[Channel, ...] = ()
    do_not_contact: bool = False


R = TypeVar("R", bound=Wishing)
NOBODY = Profile(name="")


def heard(row: R, event: ConsentChanged | DoNotContactSet) -> R:
    """A refusal of everything takes nothing back that was said later: the contact's own fold says how."""
    several = zip(row.wishes, row.standings, row.wished_since, strict=True)
    known = {of: Wish(standing=standing, since=since) for of, standing, since in several}
    return wishing(row, evolve_contact(Contact(profile=NOBODY, wishes=known, reserved={}), event).wishes)


def wished(row: R, event: ContactAbsorbed | ContactSeparated | ContactUnmerged) -> R:
    return wishing(row, event.wishes)


def wishing(row: R, wishes: Mapping[str, Wish]) -> R:
    refused = {of for of, wish in wishes.items() if wish.standing == "refused"}
    channels = tuple(each for each in CHANNELS if all(about(each, purpose) in refused for purpose in PURPOSES))
    return replace(
        row,
        wishes=tuple(wishes),
        standings=tuple(wish.standing for wish in wishes.values()),
        wished_since=tuple(wish.since for wish in wishes.values()),
        given=tuple(of for of, wish in wishes.items() if wish.standing == "given"),
        refused_channels=channels,
        do_not_contact=channels == CHANNELS,
    )
