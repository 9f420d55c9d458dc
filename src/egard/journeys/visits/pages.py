"""All pages of visits."""

from __future__ import annotations

from egard.journeys.visits.manage import settings
from egard.journeys.visits.public import embed, own, waiting
from egard.journeys.visits.public import pages as public

app_name = "visits"

urlpatterns = [
    *embed.urlpatterns,
    *own.urlpatterns,
    *waiting.urlpatterns,
    *public.urlpatterns,
    *settings.urlpatterns,
]
