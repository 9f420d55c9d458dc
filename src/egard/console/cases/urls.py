"""The addresses of cases, inside the console's."""

from __future__ import annotations

from django.urls import path
from django.views.generic import RedirectView

from egard.console.cases import acts, maps, outside_events, page

urlpatterns = [
    path("cases/", RedirectView.as_view(url="/worklist/cases/", query_string=True), name="cases"),
    path("cases/open/", acts.open_one, name="case_open"),
    path("cases/outside/", outside_events.listing, name="case_outside"),
    path("cases/outside/<uuid:uuid>/", outside_events.attach, name="case_attach"),
    path("cases/types/", maps.listing, name="case_types"),
    path("cases/types/<slug:name>/", maps.drawn, name="case_type"),
    path("cases/types/<slug:name>/words/<int:pk>/", maps.settle, name="case_word"),
    path("cases/<uuid:uuid>/", page.case, name="case"),
    path("cases/<uuid:uuid>", page.case),
    path("cases/<uuid:uuid>/parts/<slug:name>/", page.part, name="case_part"),
    path("cases/<uuid:uuid>/known/", acts.data, name="case_data"),
    path("cases/<uuid:uuid>/do/<slug:name>/", acts.act, name="case_act"),
]
