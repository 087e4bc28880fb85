"""lifeledger replay what-if: where customers would be under other terms, beside where they are."""

from dataclasses import replace

from api.cli.house import database, must_be_prepared, warn_only
from api.cli.say import Misuse, document, table
from commands.lifecycle_policy import must_make_sense
from consumers.at import NoSuchMoment, understood
from consumers.replay import Replay, WhatIf
from consumers.replay.keeping import NoSuchName, keep, table_of
from consumers.replay.whatif import COLUMNS
from domain.errors import Invalid
from domain.lifecycle_policy import STANDARD, LifecyclePolicy, LifecyclePolicyPublished, LifecycleTerms
from settings import Settings

SHOWN = 20


def what_if(
    *,
    version: int | None,
    new: int | None,
    dormant: int | None,
    churned: int | None,
    as_of: str | None,
    into: str | None,
    json: bool,
) -> None:
    """The terms are those of a version, or published last, but for what is given; product lines keep their own."""
    settings = Settings.from_environment()
    warn_only()
    with database(settings) as url:
        must_be_prepared(url)
        with Replay(url) as replay:
            try:
                until = None if as_of is None else understood(as_of)
                if into is not None:
                    table_of(into)
                found = replay.what_if(meant(replay, version, new, dormant, churned), until=until)
            except (NoSuchMoment, NoSuchName, ValueError, Invalid) as wrong:
                raise Misuse(str(wrong)) from None
        if into is not None:
            keep(found, url, into)
    tell(found, into, json=json)


def meant(
    replay: Replay, version: int | None, new: int | None, dormant: int | None, churned: int | None
) -> LifecyclePolicy | None:
    """None: as published, each time from then on."""
    if version is None and new is None and dormant is None and churned is None:
        return None
    policy = published(replay, version)
    given = {"new_days": new, "dormant_days": dormant, "churned_days": churned}
    terms = replace(policy.terms, **{name: days for name, days in given.items() if days is not None})
    must_make_sense(terms, "terms")
    return replace(policy, terms=terms)


def published(replay: Replay, version: int | None) -> LifecyclePolicy:
    """With that number, or last; the usual terms, where nothing is published. Raises Misuse."""
    found = LifecyclePolicy(number=0, time_zone="Asia/Shanghai", terms=LifecycleTerms(), product_lines={})
    for each in replay.events(LifecyclePolicyPublished):
        event: LifecyclePolicyPublished = each.event
        if event.policy_id != STANDARD:
            continue
        found = LifecyclePolicy(
            number=event.number, time_zone=event.time_zone, terms=event.terms, product_lines=event.product_lines
        )
        if event.number == version:
            return found
    if version is not None:
        raise Misuse(f"--version: the last that was published is {found.number}")
    return found


def tell(found: WhatIf, into: str | None, *, json: bool) -> None:
    if json:
        counts = {status: {"recorded": was, "would_be": would} for status, (was, would) in found.counts.items()}
        differences = [{name: getattr(row, name) for name in COLUMNS} for row in found.differences]
        document({"position": found.position, "into": into, "counts": counts, "differences": differences})
        return
    table(["status", "recorded", "would be"], [(status, *counts) for status, counts in found.counts.items()])
    print(f"{len(found.differences):,} of {len(found.rows):,} customers differ, at position {found.position:,}")
    if found.differences:
        table(COLUMNS[:-1], [[getattr(row, name) for name in COLUMNS[:-1]] for row in found.differences[:SHOWN]])
    print("How people would have acted under other terms nobody knows: what they did stands as it was told.")
