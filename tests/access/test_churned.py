"""Of churn, everybody is shown customers whom he may see, and figures of the house are for whoever sees everything."""

import pytest

from consumers.churn.questions import OFFERED
from tests.access.office import Office
from tests.access.people import SEES_EVERYTHING
from tests.projections.lists import Views

pytestmark = pytest.mark.slow  # On a real database.

OF_CUSTOMERS = [name for name, offer in OFFERED.items() if offer.grain == "customers"]
OF_THE_HOUSE = [f"tables/{name}" for name, offer in OFFERED.items() if offer.grain == "house"]
FIGURES = [*OF_THE_HOUSE, "survival", "fits/bg-nbd", "models", "report"]


def seen(office: Office, role: str) -> set[str]:
    answer = office.get("/views/customer_lives?limit=500", role)
    return {row["customer_id"] for row in answer.json().get("rows", ())}


def told(office: Office, path: str, role: str) -> set[str]:
    answer = office.get(f"/churn/{path}", role)
    return {row["customer_id"] for row in answer.json()["rows"]} if answer.status_code == 200 else set()


def test_rows_about_customers_are_of_those_whom_he_sees(office: Office, world: Views, role: str) -> None:
    for name in OF_CUSTOMERS:
        everybody, his = told(office, f"tables/{name}", "auditor"), told(office, f"tables/{name}", role)
        assert his == everybody & (seen(office, role) if role not in SEES_EVERYTHING else everybody), name


def test_somebody_stands_in_some_of_them(office: Office, world: Views) -> None:
    assert told(office, "tables/histories", "auditor")


def test_figures_of_the_house_are_for_whoever_sees_everything(office: Office, world: Views, role: str) -> None:
    for path in FIGURES:
        status = office.get(f"/churn/{path}", role).status_code
        assert (status == 403) == (role not in SEES_EVERYTHING), (path, status)
