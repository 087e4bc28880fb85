"""Every page, in the order of the menu."""

from api.web.page import Page
from api.web.pages.cases import CASES
from api.web.pages.home import HOME
from api.web.pages.lead import LEAD
from api.web.pages.sales import SALES
from api.web.pages.ticket import TICKET
from api.web.pages.tickets import TICKETS

PAGES: tuple[Page, ...] = (HOME, SALES, LEAD, TICKETS, TICKET, CASES)
