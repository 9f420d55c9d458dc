"""The console's addresses; the site mounts them at the root."""

from __future__ import annotations

from django.urls import path

from egard.console import drafts, edits, pages, palette, people, worklist

app_name = "console"

urlpatterns = [
    path("", pages.home, name="home"),
    path("preferences/", pages.preferences, name="preferences"),
    path("worklist/", worklist.overview, name="worklists"),
    path("worklist/<slug:name>/", worklist.page, name="worklist"),
    path("worklist/<slug:name>/item/", worklist.item, name="worklist_item"),
    path("worklist/<slug:name>/matching/", worklist.matching, name="worklist_matching"),
    path("worklist/<slug:name>/views/", worklist.save_view, name="views"),
    path("palette/people/", palette.people, name="palette_people"),
    path("palette/colleagues/", palette.colleagues, name="colleagues"),
    path("do/<str:name>/", palette.act, name="act"),
    path("do/<str:name>/choices/", palette.choices, name="choices"),
    path("undo/", palette.undo, name="undo_last"),
    path("undo/<uuid:deed>/", palette.undo, name="undo"),
    path("drafts/", drafts.drafts, name="drafts"),
    path("keys/", palette.single_keys, name="single_keys"),
    path("people/", people.listing, name="people"),
    path("people/<uuid:uuid>/", people.person, name="person"),
    path("people/<uuid:uuid>", people.person),
    path("people/<uuid:uuid>/timeline/", people.past, name="timeline"),
    path("people/<uuid:uuid>/panels/<slug:name>/", people.panel, name="panel"),
    path("people/<uuid:uuid>/identifiers/", edits.identifiers, name="identifiers"),
    path("people/<uuid:uuid>/identifiers/removal/", edits.identifier_removal, name="identifier_removal"),
    path("people/<uuid:uuid>/consents/", edits.consents, name="consents"),
]
