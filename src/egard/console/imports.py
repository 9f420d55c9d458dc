"""The import page: a file is sent in slices, its columns are named, a worker brings it in, refused rows come back."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from egard.base.clock import utc_now
from egard.base.refusal import NotFound, Refusal
from egard.console import mapping
from egard.console.context import viewer_of
from egard.console.pages import View, staff_page
from egard.console.streaming import streamed
from egard.kernel.access.actors import NotAllowed, Viewer
from egard.kernel.access.audit import lookers
from egard.kernel.access.operations import log_sight
from egard.kernel.lifecycle.imports import runs
from egard.kernel.lifecycle.imports.maps import stated_in
from egard.kernel.lifecycle.imports.preview import ROWS, Preview, preview
from egard.kernel.lifecycle.imports.running import importer_of
from egard.kernel.lifecycle.models import ImportRun
from egard.kernel.registry import registry

BLOCK_BYTES = 1 << 18


def told_in_json(view: View) -> View:
    """Answers to the page's own script: a refusal is its code, its words and what goes with it."""

    @functools.wraps(view)
    def answered(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Refusal as refusal:
            if request.FILES:
                raise
            more = {"received": refusal.context["received"]} if "received" in refusal.context else {}
            told = {"code": refusal.code, "detail": refusal.detail, **more}
            return JsonResponse(told, status=refusal.status, headers={"X-Egard-Refusal": refusal.code})

    return answered


@require_GET
@staff_page
def listing(request: HttpRequest) -> HttpResponse:
    """Where a file is given, and the files of before."""
    viewer = viewer_of(request)
    kinds = runs.kinds(viewer)
    if not kinds:
        raise NotAllowed(permission="people.import")
    page = runs.runs(viewer, cursor=request.GET.get("cursor") or None)
    context = {"page": page, "kinds": kinds, "who": lookers(run.by for run in page.items), "now": utc_now()}
    if request.htmx and request.htmx.target == "more":  # type: ignore[attr-defined]
        return render(request, "console/imports/_rows.html", {**context, "labels": _labels()})
    chosen = request.GET.get("kind", kinds[0].kind)
    context |= {"labels": _labels(), "chosen": chosen, "slice_bytes": runs.SLICE_BYTES}
    return render(request, "console/imports/list.html", context)


@require_POST
@staff_page
@told_in_json
def begin(request: HttpRequest) -> HttpResponse:
    """A file is announced; the answer says from which byte on it is wanted. Without a script it comes whole."""
    viewer, kind = viewer_of(request), request.POST.get("kind", "")
    if whole := request.FILES.get("file"):
        run = runs.begin(viewer, kind, whole.name or "", whole.size or 0, now=utc_now())
        for part in whole.chunks(runs.SLICE_BYTES):
            run = runs.add_slice(viewer, run.pk, run.received, part)
        return redirect("console:import", run.pk)
    size = request.POST.get("size", "")
    size_bytes = int(size) if size.isdecimal() and len(size) < 16 else 0
    run = runs.begin(
        viewer, kind, request.POST.get("name", ""), size_bytes, mark=request.POST.get("mark", ""), now=utc_now()
    )
    return JsonResponse({"id": str(run.pk), "received": run.received})


@require_POST
@staff_page
@told_in_json
def slices(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The next bytes of a file, from `at` on. A request that was cut on its way writes nothing."""
    at = request.GET.get("at", "")
    content = request.body
    if str(len(content)) != request.headers.get("Content-Length", str(len(content))):
        raise runs.NotNow
    run = runs.add_slice(viewer_of(request), uuid, int(at) if at.isdecimal() else -1, content)
    return JsonResponse({"received": run.received, "ready": run.stage == "ready"})


@require_GET
@staff_page
def one(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """One file: its columns before it starts, how far it is, its figures at the end."""
    viewer = viewer_of(request)
    run = runs.run(viewer, uuid)
    if run.stage == "ready":
        return _mapping(request, viewer, run, whole=True)
    return render(request, "console/imports/run.html", _about(viewer, run))


@require_GET
@staff_page
def progress(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """How far it is: asked again and again until the end."""
    viewer = viewer_of(request)
    return render(request, "console/imports/_progress.html", _about(viewer, runs.run(viewer, uuid)))


def _about(viewer: Viewer, run: ImportRun) -> dict[str, Any]:
    return {
        "run": run,
        "label": registry.importers[run.kind].label,
        "who": lookers([run.by])[run.by],
        "mine": run.by == str(viewer.actor),
        "rejects": runs.rejects_of(run) is not None,
        "now": utc_now(),
    }


@require_POST
@staff_page
def remap(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Columns were named otherwise: keep it, and show the rows anew; or start."""
    viewer = viewer_of(request)
    run = runs.own(viewer, uuid)
    importer = importer_of(run.kind)
    seen = preview(run.kind, runs.path_of(run), run.stated, by=viewer.actor, now=utc_now())
    stated = mapping.stated_by(request.POST, [name for name, _samples in seen.columns], seen.stated, importer)
    if "start" in request.POST:
        runs.start(viewer, uuid, stated, now=utc_now())
        return redirect("console:import", uuid)
    run = runs.set_map(viewer, uuid, stated)
    if "keep" in request.POST and (name := request.POST.get("map_name", "").strip()):
        runs.keep_map(viewer, run.kind, name, stated, now=utc_now())
        messages.success(request, _("This map is kept as “%(name)s”.") % {"name": name})
        return redirect("console:import", uuid)
    return _mapping(request, viewer, run) if request.htmx else redirect("console:import", uuid)  # type: ignore[attr-defined]


@require_POST
@staff_page
def load_map(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """A map that was kept, one from a file, or the guess again."""
    viewer = viewer_of(request)
    run = runs.own(viewer, uuid)
    stated: Any = {}
    if given := request.FILES.get("file"):
        stated = stated_in(given.read(), name=given.name or "map.yaml")
        if not isinstance(stated, dict):
            stated = {"columns": stated}
    elif chosen := request.POST.get("map"):
        found = next((one for one in runs.maps_for(viewer, run.kind) if str(one.pk) == chosen), None)
        if found is None:
            raise NotFound
        stated = found.stated
    runs.set_map(viewer, uuid, stated)
    return redirect("console:import", uuid)


@require_GET
@staff_page
def map_file(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The map as the command takes it: `egard import KIND FILE --map MAP.yaml`."""
    viewer = viewer_of(request)
    run = runs.run(viewer, uuid)
    stated = run.stated or preview(run.kind, runs.path_of(run), None, by=viewer.actor, now=utc_now()).stated
    written = yaml.safe_dump(stated, allow_unicode=True, sort_keys=False)
    response = HttpResponse(written, content_type="application/yaml; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{run.kind}.yaml"'
    return response


@require_POST
@staff_page
def cancel(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Stop it; one that never started is thrown away."""
    run = runs.cancel(viewer_of(request), uuid, now=utc_now())
    return redirect("console:import", uuid) if run.started_at else redirect("console:imports")


@require_GET
@staff_page
def rejects(request: HttpRequest, uuid: UUID) -> HttpResponseBase:
    """The refused rows as a file, for whoever brought it in; it tells of people, so taking it is a sight."""
    viewer = viewer_of(request)
    run = runs.own(viewer, uuid)
    path = runs.rejects_of(run)
    if path is None:
        raise NotFound
    log_sight(viewer, "import", detail=run.name, now=utc_now())
    return streamed(request, _blocks(path), name=path.name, content_type="text/csv; charset=utf-8")


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            yield block


def _mapping(request: HttpRequest, viewer: Viewer, run: ImportRun, *, whole: bool = False) -> HttpResponse:
    seen: Preview = preview(run.kind, runs.path_of(run), run.stated or None, by=viewer.actor, now=utc_now())
    importer = importer_of(run.kind)
    names = [name for name, _samples in seen.columns]
    fields = mapping.offered(importer, names)
    labels = {field.name: field.words for field in fields}
    stated_fields = seen.stated.get("columns")
    stated_fields = stated_fields if isinstance(stated_fields, dict) else {}
    context = {
        **_about(viewer, run),
        "seen": seen,
        "heads": [labels.get(name, name) for name in seen.fields],
        "lines": mapping.lines(seen.stated, seen.columns),
        "fields": fields,
        "forms": mapping.FORMS,
        "constants": mapping.constants(seen.stated),
        "kept": mapping.kept(seen.stated),
        "missing": [labels.get(name, name) for name in importer.required if name not in stated_fields],
        "matches": [f for f in fields if f.name.startswith("identifiers.") and f.name in stated_fields],
        "match": seen.stated.get("match", ""),
        "of_people": any(name.startswith("person.") for name in importer.fields),
        "anonymous": seen.stated.get("anonymous") == "keep",
        "maps": runs.maps_for(viewer, run.kind),
        "rows_shown": ROWS,
    }
    return render(request, f"console/imports/{'mapping' if whole else '_mapping'}.html", context)


def _labels() -> dict[str, Any]:
    return {name: importer.label for name, importer in registry.importers.items()}
