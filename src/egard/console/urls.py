"""The console's addresses; the site mounts them at the root."""

from __future__ import annotations

from django.urls import path

from egard.console import admin, audit, components, details, edits, files, imports, live, merges, pages, people, sent

app_name = "console"

urlpatterns = [
    path("", pages.home, name="home"),
    path("preferences/", pages.preferences, name="preferences"),
    path("components/", components.components, name="components"),
    path("live", live.stream, name="live"),
    path("live/here", live.here, name="here"),
    path("people/", people.listing, name="people"),
    path("people/duplicates/", merges.possible, name="duplicates"),
    path("people/duplicates/looking/", merges.looking, name="looking"),
    path("people/duplicates/dismissal/", merges.dismissal, name="dismissal"),
    path("people/<uuid:uuid>/", people.person, name="person"),
    path("people/<uuid:uuid>/merge/", merges.merge, name="merge"),
    path("merges/<uuid:uuid>/undoing/", merges.undoing, name="undoing"),
    path("people/<uuid:uuid>", people.person),
    path("people/<uuid:uuid>/reason/", files.reason, name="reason"),
    path("people/<uuid:uuid>/protection/", files.protection, name="protection"),
    path("people/<uuid:uuid>/sights/", files.sights, name="sights"),
    path("people/<uuid:uuid>/timeline/", people.past, name="timeline"),
    path("people/<uuid:uuid>/panels/<slug:name>/", people.panel, name="panel"),
    path("people/<uuid:uuid>/parts/<slug:name>/", people.part, name="part"),
    path("people/<uuid:uuid>/details/", details.details, name="details"),
    path("people/<uuid:uuid>/identifiers/", edits.identifiers, name="identifiers"),
    path("people/<uuid:uuid>/identifiers/removal/", edits.identifier_removal, name="identifier_removal"),
    path("people/<uuid:uuid>/consents/", edits.consents, name="consents"),
    path("admin/sent/", sent.box, name="sent"),
    path("admin/sent/<uuid:uuid>/", sent.one, name="sent_one"),
    path("admin/sent/<uuid:uuid>/as-drawn/", sent.as_drawn, name="sent_drawn"),
    path("admin/", admin.home, name="admin"),
    path("admin/users/", admin.users, name="users"),
    path("admin/users/<uuid:uuid>/", admin.user, name="user"),
    path("admin/users/<uuid:uuid>/role/", admin.user_role, name="user_role"),
    path("admin/users/<uuid:uuid>/places/", admin.user_places, name="user_places"),
    path("admin/users/<uuid:uuid>/sign-in/", admin.user_sign_in, name="user_sign_in"),
    path("admin/keys/", admin.keys, name="keys"),
    path("admin/keys/<uuid:uuid>/end/", admin.key_end, name="key_end"),
    path("admin/places/", admin.places, name="places"),
    path("admin/audit/", audit.log, name="audit"),
    path("admin/audit/changes/", audit.changes, name="audit_changes"),
    path("admin/audit/figures/", audit.figures, name="audit_figures"),
    path("admin/audit/export.csv", audit.export, name="audit_export"),
    path("admin/import/", imports.listing, name="imports"),
    path("admin/import/begin/", imports.begin, name="import_begin"),
    path("admin/import/<uuid:uuid>/", imports.one, name="import"),
    path("admin/import/<uuid:uuid>/slices/", imports.slices, name="import_slices"),
    path("admin/import/<uuid:uuid>/columns/", imports.remap, name="import_columns"),
    path("admin/import/<uuid:uuid>/map/", imports.load_map, name="import_map"),
    path("admin/import/<uuid:uuid>/map.yaml", imports.map_file, name="import_map_file"),
    path("admin/import/<uuid:uuid>/progress/", imports.progress, name="import_progress"),
    path("admin/import/<uuid:uuid>/cancel/", imports.cancel, name="import_cancel"),
    path("admin/import/<uuid:uuid>/rejects/", imports.rejects, name="import_rejects"),
]
