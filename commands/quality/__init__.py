"""What may be asked of quality inspection, and when the answer is yes."""

from commands.quality import appeals, calibrating, coaching, drawing, inspection, sampling, second
from commands.quality.calibrating import calibrations
from commands.quality.plans import sampling_plans
from commands.quality.reviews import reviews
from commands.quality.scorecards import scorecards

__all__ = [
    "appeals",
    "calibrating",
    "calibrations",
    "coaching",
    "drawing",
    "inspection",
    "reviews",
    "sampling",
    "sampling_plans",
    "scorecards",
    "second",
]
