"""How quality inspection says no. What somebody scored is never told here: who asks may have to be blind to it."""

from typing import Literal

from domain.errors import Refused, refusal
from domain.values import Instant, StaffId

Part = Literal["agent", "first inspector", "second inspector", "arbiter", "judge of an appeal"]


def moment(at: Instant) -> str:
    return at.isoformat(timespec="seconds")


@refusal
class NothingApplies(Refused):
    """A call to which no item applies has no score."""

    def __str__(self) -> str:
        return "no item that counts applies to it"


@refusal
class WeightsDoNotAddUp(Refused):
    """The weights of a published scorecard add up to 100."""

    weights: str

    def __str__(self) -> str:
        return f"they add up to {self.weights}"


@refusal
class NotIndependent(Refused):
    """Who has a part in a review already takes no other."""

    staff_id: StaffId
    part: Part

    def __str__(self) -> str:
        return f"{self.staff_id} is its {self.part}"


@refusal
class NotTheInspector(Refused):
    """Only whom a review was given to scores it."""

    inspector: StaffId

    def __str__(self) -> str:
        return f"{self.inspector} has it"


@refusal
class NotTheAgent(Refused):
    """Only the agent himself acknowledges a review, or appeals."""

    agent: StaffId

    def __str__(self) -> str:
        return f"it is about a call of {self.agent}"


@refusal
class NotBlind(Refused):
    """Whoever scores a call a second time does not know what others found."""

    staff_id: StaffId

    def __str__(self) -> str:
        return f"{self.staff_id} takes part in a calibration of the call"


@refusal
class SecondScoreOpen(Refused):
    """No calibration of a call tells scores as long as somebody is still to score it blind."""

    def __str__(self) -> str:
        return "the second score of its review has not come yet"


@refusal
class SecondScoreMissing(Refused):
    """A review that is scored twice is published after both have scored."""

    def __str__(self) -> str:
        return "the second score has not come yet"


@refusal
class ArbitrationNeeded(Refused):
    """Two scores that lie too far apart are arbitrated before the review is published."""

    gap: int

    def __str__(self) -> str:
        return f"the two scores lie more than {self.gap} points apart"


@refusal
class NothingToArbitrate(Refused):
    """Two scores are arbitrated only where they lie too far apart."""

    gap: int

    def __str__(self) -> str:
        return f"the two scores lie no more than {self.gap} points apart"


@refusal
class ScoreErased(Refused):
    """A score that was erased before it was published is not to be had any more."""

    def __str__(self) -> str:
        return "the score was erased; the review can only be voided"


@refusal
class AppealTooLate(Refused):
    """An appeal comes in time."""

    until: Instant

    def __str__(self) -> str:
        return f"appeals were open until {moment(self.until)}"


@refusal
class AppealsExhausted(Refused):
    """After the last level there is no further appeal."""

    levels: int

    def __str__(self) -> str:
        return f"it has been appealed {self.levels} times"


@refusal
class StillOpenToAppeal(Refused):
    """A review is not closed while the agent may still appeal."""

    until: Instant

    def __str__(self) -> str:
        return f"appeals are open until {moment(self.until)}"


@refusal
class CoachingNotDue(Refused):
    """Coaching follows an auto-fail, or several low scores."""

    because: str

    def __str__(self) -> str:
        return self.because


@refusal
class NotTheCoach(Refused):
    """Only the coach says that coaching is done."""

    coach: StaffId

    def __str__(self) -> str:
        return f"{self.coach} is the coach"


@refusal
class NotAParticipant(Refused):
    """Only those who were asked to a calibration score in it."""

    staff_id: StaffId

    def __str__(self) -> str:
        return f"{self.staff_id} was not asked to it"


@refusal
class ScoredAlready(Refused):
    """In a calibration everybody scores once."""

    staff_id: StaffId

    def __str__(self) -> str:
        return f"{self.staff_id} has scored"


@refusal
class StillScoring(Refused):
    """A calibration is revealed when all have scored."""

    missing: tuple[StaffId, ...]

    def __str__(self) -> str:
        return f"still to score: {', '.join(self.missing) or 'at least two'}"


@refusal
class MonthNotOver(Refused):
    """A month is drawn when it is over."""

    month: str
    until: Instant

    def __str__(self) -> str:
        return f"{self.month} is over on {moment(self.until)}"


@refusal
class StillDrawing(Refused):
    """Months are drawn one after the other."""

    month: str

    def __str__(self) -> str:
        return f"{self.month} is being drawn"


@refusal
class MonthSkipped(Refused):
    """A month is not drawn before those that come before it: none of them could be drawn any more."""

    month: str
    due: str

    def __str__(self) -> str:
        return f"{self.due} is to be drawn before {self.month}"


@refusal
class NotDrawnYet(Refused):
    """A call comes with the draw of its month, or after that."""

    month: str

    def __str__(self) -> str:
        return f"{self.month} has not been drawn"


@refusal
class DrawnAlready(Refused):
    """A month is drawn once, and none before it any more."""

    month: str
    last: str

    def __str__(self) -> str:
        return f"{self.last} was drawn already, and {self.month} is not after it"
