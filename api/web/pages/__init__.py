"""Every page, in the order of the menu."""

from api.web.page import Page
from api.web.pages.calibration import CALIBRATION, CALIBRATIONS
from api.web.pages.call import CALL
from api.web.pages.caller import CALLER
from api.web.pages.campaigns import CAMPAIGNS
from api.web.pages.cases import CASES
from api.web.pages.churn import CHURN
from api.web.pages.customer import CUSTOMER
from api.web.pages.customers import CUSTOMERS
from api.web.pages.home import HOME
from api.web.pages.inspection import INSPECTION, MY_QUALITY, QUALITY
from api.web.pages.lead import LEAD
from api.web.pages.manager import MANAGER
from api.web.pages.merging import ERASING, FINDING, MERGING
from api.web.pages.order import ORDER
from api.web.pages.review import REVIEW
from api.web.pages.rows import ROWS
from api.web.pages.sales import SALES
from api.web.pages.scorecards import SCORECARD, SCORECARDS
from api.web.pages.targets import TARGETS
from api.web.pages.ticket import TICKET
from api.web.pages.tickets import TICKETS

PAGES: tuple[Page, ...] = (
    HOME,
    SALES,
    LEAD,
    CUSTOMERS,
    CALLER,
    CUSTOMER,
    FINDING,
    MERGING,
    ERASING,
    ORDER,
    CALL,
    TICKETS,
    TICKET,
    CASES,
    INSPECTION,
    QUALITY,
    MY_QUALITY,
    CALIBRATIONS,
    SCORECARDS,
    REVIEW,
    CALIBRATION,
    SCORECARD,
    MANAGER,
    CAMPAIGNS,
    TARGETS,
    CHURN,
    ROWS,
)
