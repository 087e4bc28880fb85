"""Campaigns (活动): what each has cost, which leads it brought, what came of them, and what that paid."""

from collections.abc import Mapping
from typing import Any

from api.web.page import Asking, Page, Part
from api.web.pages.manager import LEADS

WAYS = ("campaign", "source", "cohort")
COUNTS = ("leads", "qualified", "converted")


async def results(asking: Asking) -> Mapping[str, Any]:
    """Of each campaign at each source, or of what it is told by; currencies apart."""
    by = asking.query.get("by", "")
    chosen = (by,) if by in WAYS else ("campaign", "source")
    given = [(name, text) for name, text in asking.pairs if name in WAYS and text]
    pairs = [*given, *(("by", each) for each in chosen)]
    rows = (await asking.inside.get("/views/campaign_results/campaigns", pairs))["rows"]
    rows.sort(key=lambda row: -row["leads"])
    return {"rows": rows, "by": chosen, "ways": WAYS, "given": given, "counts": COUNTS}


CAMPAIGNS = Page(
    name="campaigns",
    path="/campaigns",
    template="campaigns.html",
    roles=LEADS,
    parts=(Part(name="results", template="campaigns/results.html", load=results, follows=("campaign_results",)),),
)
