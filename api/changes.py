from fastapi import APIRouter
from api.service import Service
from projections.projection import Projection
def add_changes(router: APIRouter, service: Service, view: Projection) -> None:
    """later"""
