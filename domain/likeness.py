"""Whether two leads look like one person, or one company, though no identity says so.

Likeness is 0 to 100: what the strongest evidence weighs, times how much the two names are alike. From SUSPECTED_FROM on
it is worth a person's look. The weights are an order of evidence, chosen by reason and not fitted to data:

- 100 `same-identity`: a phone, an e-mail address or a WeChat id of both, which the ledger rules out for open leads.
- 95 `same-name-near-phone`, 75 `near-phone` where the names cannot be compared: one digit mistyped, left out, added, or
  changed with its neighbour. Four in five misspellings are one such slip (F. J. Damerau, CACM 7/3, 1964). Between two
  who are called otherwise it weighs 30: colleagues have neighbouring numbers.
- 90 `same-name-same-handle`, 70 `same-handle` where the names cannot be compared: what somebody calls himself before
  the @ at whatever provider, as his WeChat id, or by his mobile number. A handle of letters alone is often no more than
  a name: it weighs 70, beside a name that few have, and nothing without.
- 80 `same-company`: the name of a company, whatever is written of its legal form.
- 65 `same-name-same-territory`: a name that few have. A name alone weighs nothing.
"""

import re
from collections.abc import Iterator, Mapping
from typing import TypeVar

from rapidfuzz.distance import OSA

from domain.called import Name, named, names_alike
from domain.identity import IdentityKind
from domain.lead.facts.intake import Likeness
from domain.values import CustomerId, LeadId, OrgPath, PolicyId, value

K = TypeVar("K", LeadId, CustomerId)

RULE = PolicyId("likeness-1")  # It gets another number when other things are compared, or weighed otherwise.
SUSPECTED_FROM = 60
WEIGHTS: Mapping[Likeness, int] = {
    "same-identity": 100,
    "same-name-near-phone": 95,
    "same-name-same-handle": 90,
    "same-company": 80,
    "near-phone": 75,
    "same-handle": 70,
    "same-name-same-territory": 65,
}
PLAIN_HANDLE = 70  # Of letters alone.
OTHER_NAME = 0.4  # What is left of evidence between two who are called otherwise.
ROW_OF_NUMBERS = 3  # Where more leads than so many have a near phone, it is a row of numbers, and tells nothing.
COMPARED: frozenset[IdentityKind] = frozenset({"phone", "email", "wechat"})


@value
class Look:
    """What of a lead is compared; identities in their one spelling."""

    name: str | None = None
    identities: tuple[tuple[IdentityKind, str], ...] = ()
    territory: OrgPath | None = None
    customer_id: CustomerId | None = None

    def of(self, kind: IdentityKind) -> Iterator[str]:
        return (told for its_kind, told in self.identities if its_kind == kind)


@value
class Alike:
    likeness: int
    because: Likeness


def likeness(one: Look, other: Look) -> Alike | None:
    """How much two look alike, and by what evidence. None where there is none at all, and of two who are known to be
    two customers.
    """
    if one.customer_id is not None and other.customer_id is not None and one.customer_id != other.customer_id:
        return None
    found = [Alike(likeness=round(weight), because=because) for because, weight in evidence(one, other)]
    return max(found, key=lambda each: (each.likeness, each.because), default=None)


def evidence(one: Look, other: Look) -> Iterator[tuple[Likeness, float]]:
    if any(kind in COMPARED and (kind, told) in other.identities for kind, told in one.identities):
        yield "same-identity", WEIGHTS["same-identity"]
    name, its_name = named(one.name), named(other.name)
    names = names_alike(name, its_name)
    if any(near(number, its) for number in one.of("phone") for its in other.of("phone")):
        yield weighed("same-name-near-phone", "near-phone", names)
    shared = handles(one) & handles(other)
    if any(map(says_who, shared)):
        yield weighed("same-name-same-handle", "same-handle", names)
    if name is not None and its_name is not None and name.text == its_name.text:
        yield from of_the_same_name(name, its_name, one, other, shared)


def weighed(with_name: Likeness, without: Likeness, names: float | None) -> tuple[Likeness, float]:
    """Evidence of an identity, and how much it weighs between two who are called so."""
    if names is None:
        return without, WEIGHTS[without]
    return (with_name, WEIGHTS[with_name] * names) if names > 0 else (without, WEIGHTS[without] * OTHER_NAME)


def of_the_same_name(
    name: Name, its_name: Name, one: Look, other: Look, shared: set[str]
) -> Iterator[tuple[Likeness, float]]:
    """What it tells that a few alone are called so."""
    if name.company or its_name.company:
        yield "same-company", WEIGHTS["same-company"]
    elif name.rare and one.territory is not None and one.territory == other.territory:
        yield "same-name-same-territory", WEIGHTS["same-name-same-territory"]
    if shared and name.rare:
        yield "same-name-same-handle", PLAIN_HANDLE


BY_NAME: frozenset[Likeness] = frozenset({"same-company", "same-name-same-territory"})


def suspects(look: Look, others: Mapping[K, Look], *, many_are_called_so: bool = False) -> list[tuple[K, Alike]]:
    """Those who are worth a look, the likest first. Of what has turned out to be common, nothing is believed."""
    compared = {lead_id: likeness(look, other) for lead_id, other in others.items()}
    alike = {lead_id: each for lead_id, each in compared.items() if each and each.likeness >= SUSPECTED_FROM}
    row = [lead_id for lead_id, each in alike.items() if each.because == "near-phone"]
    common = {"near-phone"} if len(row) > ROW_OF_NUMBERS else set()
    if many_are_called_so:
        common |= BY_NAME
    found = [(lead_id, each) for lead_id, each in alike.items() if each.because not in common]
    return sorted(found, key=lambda each: (-each[1].likeness, each[0]))


HANDLE, NAME, EMAIL, PHONE = "handle ", "name ", "email ", "phone "


def keys(look: Look) -> list[str]:
    """What it is found by: any two that are worth a look have one of them in common."""
    found = [f"{HANDLE}{each}" for each in sorted(handles(look))]
    name = named(look.name)
    if name is not None and (name.company or name.rare):
        found.append(f"{NAME}{name.text}")
    found += [f"{EMAIL}{each}" for each in look.of("email")]
    found += [f"{PHONE}{each}" for number in look.of("phone") for each in spellings(number)]
    return list(dict.fromkeys(found))


# Phones

SHORTEST_PHONE = 8
SLIPS = 11  # One slips in the last so many digits; what stands before them is a country, and chosen.


def near(number: str, other: str) -> bool:
    """One slip apart, and not the same."""
    return OSA.distance(number, other, score_cutoff=1) == 1 and not set(spellings(number)).isdisjoint(spellings(other))


def spellings(number: str) -> Iterator[str]:
    """Itself, and without each digit in turn: two that are one slip apart have one of these in common."""
    yield number
    if len(number) > SHORTEST_PHONE:
        for place in range(max(len(number) - SLIPS, 2), len(number)):
            yield number[:place] + number[place + 1 :]


def misspelt(number: str) -> Iterator[str]:
    """All that are one slip away from it, for who has to look for them; some come twice."""
    for place in range(max(len(number) - SLIPS, 2), len(number) + 1):
        before, after = number[:place], number[place:]
        for digit in "0123456789":
            yield before + digit + after
            if after:
                yield before + digit + after[1:]
        if after:
            yield before + after[1:]
        if len(after) > 1:
            yield before + after[1] + after[0] + after[2:]


# What somebody calls himself

SHORTEST_HANDLE = 5
GENERAL = {
    *("admin", "contact", "enquiries", "enquiry", "hello", "inquiry", "marketing", "office", "postmaster"),
    *("purchase", "purchasing", "sales", "service", "support", "webmaster"),
}
IGNORES_DOTS = {"gmail.com", "googlemail.com"}
MOBILE = re.compile(r"\+86(1[3-9][0-9]{9})")


def handles(look: Look) -> set[str]:
    found = {handle_in(address) for address in look.of("email")} | set(look.of("wechat"))
    found |= {mobile[1] for number in look.of("phone") if (mobile := MOBILE.fullmatch(number))}
    return {each for each in found if len(each) >= SHORTEST_HANDLE and each not in GENERAL}


def handle_in(address: str) -> str:
    """`li.lei88+news@…` is the box li.lei88, and where dots are not read lilei88."""
    local, _, provider = address.rpartition("@")
    box = local.partition("+")[0]
    return box.replace(".", "") if provider in IGNORES_DOTS else box


def says_who(handle: str) -> bool:
    """Whether few can have chosen it: a number, or letters with one."""
    return len(handle) >= 7 and sum(each.isdigit() for each in handle) >= 2
