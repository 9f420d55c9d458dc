"""The addresses of visits."""

from __future__ import annotations

from egard.journeys.visits import reception_pages

app_name = "visits"
urlpatterns = [*reception_pages.urlpatterns]
