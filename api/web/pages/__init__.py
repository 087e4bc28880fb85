"""Every page, in the order of the menu."""

from api.web.page import Page
from api.web.pages.calibration import CALIBRATION, CALIBRATIONS
from api.web.pages.home import HOME
from api.web.pages.inspection import INSPECTION, MY_QUALITY, QUALITY
from api.web.pages.lead import LEAD
from api.web.pages.review import REVIEW
from api.web.pages.sales import SALES
from api.web.pages.scorecards import SCORECARD, SCORECARDS

PAGES: tuple[Page, ...] = (
    HOME,
    SALES,
    LEAD,
    INSPECTION,
    QUALITY,
    MY_QUALITY,
    CALIBRATIONS,
    SCORECARDS,
    REVIEW,
    CALIBRATION,
    SCORECARD,
)
