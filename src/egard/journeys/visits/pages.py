"""All pages of visits."""

from __future__ import annotations

from egard.journeys.visits import reception_pages
from egard.journeys.visits.public import embed, own
from egard.journeys.visits.public import pages as public

app_name = "visits"
urlpatterns = [
    *embed.urlpatterns,
    *own.urlpatterns,
    *public.urlpatterns,
    *reception_pages.urlpatterns,
]
