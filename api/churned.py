"""GET /churn/…: who is leaving, what customers are worth, and why we think so; as of now, or as of any day.

Rows about customers are those that the caller may see; figures of the house are for whoever may read everything.
"""

from fastapi import APIRouter

from api.churn.counting import add_curves, add_tables
from api.churn.fitting import add_fits, add_models
from api.churn.scoring import add_report, add_scores
from api.service import Service


def router(service: Service) -> APIRouter:
    found = APIRouter(tags=["churn"], prefix="/churn")
    for add in (add_tables, add_curves, add_fits, add_models, add_scores, add_report):
        add(found, service)
    return found
