"""Words that several facts of a lead use."""

from typing import Literal

Stage = Literal["name_card", "opportunity"]  # 名片, 商机
RecycleReason = Literal[
    "no-first-contact",
    "no-follow-up",
    "no-opportunity",
    "hard-limit",
    "voluntary-return",
    "owner-departed",
    "manager-reclaim",
    "over-capacity",
]
NOT_WORKED_ON: frozenset[RecycleReason] = frozenset(
    {"no-first-contact", "no-follow-up", "no-opportunity", "hard-limit"}
)
