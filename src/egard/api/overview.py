"""Everything that a person's page shows, in one call and a constant number of queries."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router

from egard.api import schemas, shapes
from egard.api.authentication import viewer_of
from egard.api.people import seen
from egard.base.clock import utc_now
from egard.kernel.people import queries as people
from egard.kernel.registry import registry
from egard.kernel.timeline import queries as timeline

router = Router(tags=["people"])
FACTS_SHOWN = 50


@router.get("people/{person_id}/overview", response=schemas.OverviewOut, summary="Everything on one page")
def get_overview(request: HttpRequest, person_id: UUID) -> Any:
    """Who she is, how to reach her, roles, consents, adviser, what is open, each journey's panel and the 50 latest
    facts. What you may not see is left out. Scope: `people.read`, and the panels' own.
    """
    viewer = viewer_of(request)
    person = seen(viewer, person_id)
    viewer = people.seen_as(viewer, person)
    now = utc_now()
    card = people.card(viewer, person)
    return {
        "person": shapes.person_out(viewer, person),
        "identifiers": [shapes.identifier_out(entry) for entry in (*card.reach, *card.identifiers)],
        "roles": card.roles,
        "consents": [shapes.consent_state(state) for state in card.consents],
        "adviser": card.adviser,
        "open": [
            {"label": str(item.label), "due_at": item.due_at, "tone": item.tone}
            for item in people.open_items(viewer, person, now)
        ],
        "panels": {
            panel.name: {"label": str(panel.label), "data": panel.data(person, viewer, now)}
            for panel in registry.ordered_panels()
            if viewer.can(panel.permission)
        },
        "timeline": shapes.page_out(timeline.timeline(viewer, person, limit=FACTS_SHOWN), shapes.entry_out)
        if viewer.can(timeline.READ)
        else None,
    }
