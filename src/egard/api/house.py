"""The house itself: sites, teams, staff."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from egard.api import schemas, shapes
from egard.api.authentication import viewer_of
from egard.api.schemas import Cursor, Limit
from egard.kernel.access import queries

router = Router(tags=["house"])


@router.get("sites", response=schemas.Listed[schemas.SiteOut], summary="Sites")
def list_sites(request: HttpRequest, limit: Limit = 50, cursor: Cursor = None) -> Any:
    """Shops, branches, cities, by name. Any scope."""
    found = queries.sites(viewer_of(request))
    return shapes.page_out(shapes.sliced(found, "sites", limit=limit, cursor=cursor), schemas.SiteOut.model_validate)


@router.get("teams", response=schemas.Listed[schemas.TeamOut], summary="Teams")
def list_teams(request: HttpRequest, limit: Limit = 50, cursor: Cursor = None) -> Any:
    """By name. Any scope."""
    found = queries.teams(viewer_of(request))
    return shapes.page_out(shapes.sliced(found, "teams", limit=limit, cursor=cursor), schemas.TeamOut.model_validate)


@router.get("staff", response=schemas.Listed[schemas.StaffOut], summary="Staff")
def list_staff(request: HttpRequest, limit: Limit = 50, cursor: Cursor = None) -> Any:
    """Colleagues who can be named as advisers, by name. Any scope."""
    found = queries.staff(viewer_of(request))
    return shapes.page_out(shapes.sliced(found, "staff", limit=limit, cursor=cursor), schemas.StaffOut.model_validate)
