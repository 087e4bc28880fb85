"""What the demo's history does not tell: groups are asked by who acts beside the API, and models are fitted by whoever
wants one.
"""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from domain.churn_model import ChurnModelFitted, Code, Search, Seen
from domain.group import GroupPublished, MemberEntered, MemberLeft, Question
from domain.values import ChurnModelId, GroupId

TOP = GroupId("top")
published = GroupPublished(group_id=TOP, number=1, name="TOP 10", question=Question(view="sales_worklist", first=10))
entered = MemberEntered(group_id=TOP, subject_id="lead/li", number=1)
left = MemberLeft(group_id=TOP, subject_id="lead/li", number=2)
model_fitted = ChurnModelFitted(
    model_id=ChurnModelId("bg-nbd"),
    number=1,
    kind="bg-nbd",
    parameters={name: Decimal(1) for name in ("r", "alpha", "a", "b")},
    seen=Seen(customers=7, first=date(2025, 1, 1), last=date(2025, 12, 31), position=1, unit_days=7),
    search=Search(log_likelihood=Decimal(-9), gradient=Decimal(0), iterations=3, converged=True),
    code=Code(version="1", fingerprint="0f" * 32),
)
UNTOLD = (published, entered, replace(entered, subject_id="lead/wu"), left, model_fitted)
