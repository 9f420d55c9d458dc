"""The console's addresses; the site mounts them at the root."""

from __future__ import annotations

from django.urls import path

from egard.console import details, edits, live, pages, people

app_name = "console"

urlpatterns = [
    path("", pages.home, name="home"),
    path("preferences/", pages.preferences, name="preferences"),
    path("live", live.stream, name="live"),
    path("live/here", live.here, name="here"),
    path("people/", people.listing, name="people"),
    path("people/<uuid:uuid>/", people.person, name="person"),
    path("people/<uuid:uuid>", people.person),
    path("people/<uuid:uuid>/timeline/", people.past, name="timeline"),
    path("people/<uuid:uuid>/panels/<slug:name>/", people.panel, name="panel"),
    path("people/<uuid:uuid>/parts/<slug:name>/", people.part, name="part"),
    path("people/<uuid:uuid>/details/", details.details, name="details"),
    path("people/<uuid:uuid>/identifiers/", edits.identifiers, name="identifiers"),
    path("people/<uuid:uuid>/identifiers/removal/", edits.identifier_removal, name="identifier_removal"),
    path("people/<uuid:uuid>/consents/", edits.consents, name="consents"),
]
