"""All pages of visits."""

from __future__ import annotations

from egard.journeys.visits import reception_pages
from egard.journeys.visits.manage import diary, settings
from egard.journeys.visits.public import embed, feed, own, waiting
from egard.journeys.visits.public import pages as public

app_name = "visits"
urlpatterns = [
    *embed.urlpatterns,
    *own.urlpatterns,
    *feed.urlpatterns,
    *waiting.urlpatterns,
    *public.urlpatterns,
    *reception_pages.urlpatterns,
    *settings.urlpatterns,
    *diary.urlpatterns,
]
