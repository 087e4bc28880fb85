"""Every page, in the order of the menu."""

from api.web.page import Page
from api.web.pages.campaigns import CAMPAIGNS
from api.web.pages.churn import CHURN
from api.web.pages.home import HOME
from api.web.pages.lead import LEAD
from api.web.pages.manager import MANAGER
from api.web.pages.rows import ROWS
from api.web.pages.sales import SALES
from api.web.pages.targets import TARGETS

PAGES: tuple[Page, ...] = (HOME, SALES, LEAD, MANAGER, CAMPAIGNS, TARGETS, CHURN, ROWS)
