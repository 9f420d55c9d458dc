"""How a method works out: two versions of a type side by side, what people add to it, and the draft of the next one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from egard.base.clock import utc_now
from egard.base.refusal import NotFound
from egard.console.context import viewer_of
from egard.console.pages import staff_page
from egard.kernel.cases import figures as found
from egard.kernel.cases import types
from egard.kernel.cases.figures import VersionFigures
from egard.kernel.cases.models import CaseType
from egard.kernel.cases.refusals import BadType
from egard.kernel.cases.rules.improving import Median, NoStage, with_planned
from egard.kernel.cases.rules.lint import lint

DEFINE = "cases.define"
SOURCE_MAX = 500_000


@require_GET
@staff_page
def figures(request: HttpRequest, name: str) -> HttpResponse:
    """Steps, waits, skips, overrides, and what is added again and again, of the two latest versions."""
    viewer = viewer_of(request)
    versions = found.versions(viewer, name)
    newest, before = versions[0], versions[1] if len(versions) > 1 else None
    case_type = types.defined(newest.row)
    context = {
        "name": name,
        "title": case_type.title.said(_language()),
        "versions": [(one, _durations(one.whole)) for one in versions],
        "steps": _side_by_side(newest, before),
        "proposals": [(one, _stage(case_type, one.stage)) for one in newest.proposals],
        "once": [one for one in newest.added if one not in newest.proposals][:20],
        "may_define": viewer.can(DEFINE),
    }
    return render(request, "console/cases/figures.html", context)


def _language() -> str:
    return get_language() or "fr"


def _stage(case_type: Any, name: str) -> str:
    held = case_type.stages.get(name)
    return held.title.said(_language()) if held else ""


def _side_by_side(newest: VersionFigures, before: VersionFigures | None) -> list[dict[str, Any]]:
    """Each step once, with its figures in the newest version and the one before (None where it is not there); `part` is
    how long it takes beside the longest of all, in percent.
    """
    older = {step.key: step for step in before.steps} if before else {}
    newer = {step.key: step for step in newest.steps}
    longest = max((step.whole.seconds or 0 for step in (*older.values(), *newer.values())), default=0)
    words = [_("Version %(n)s") % {"n": one.row.number} for one in (newest, before) if one]
    rows = []
    for key in dict.fromkeys([*newer, *older]):
        pair = [newer.get(key), older.get(key)][: 2 if before else 1]
        title = next(step for step in (newer.get(key), older.get(key)) if step).title.said(_language())
        told = [
            {
                "step": step,
                "whole": _durations(step.whole),
                "wait": _durations(step.wait),
                "part": round(100 * (step.whole.seconds or 0) / longest) if longest else 0,
            }
            if step
            else None
            for step in pair
        ]
        rows.append({"title": title, "pair": list(zip(told, words, strict=True))})
    return rows


def _durations(one: Median) -> dict[str, Any]:
    bounds = (span(one.low), span(one.high)) if one.low is not None and one.high is not None else None
    return {"n": one.n, "median": span(one.seconds) if one.seconds is not None else "", "bounds": bounds}


def span(seconds: float | None) -> str:
    """A duration in the unit that says most: minutes below two hours, hours below two days, else days."""
    held = seconds or 0.0
    if held < 2 * 3600:
        n = round(held / 60)
        return ngettext("%(n)s min", "%(n)s min", n) % {"n": n}
    if held < 48 * 3600:
        n = round(held / 3600)
        return ngettext("%(n)s h", "%(n)s h", n) % {"n": n}
    n = round(held / 86400)
    return ngettext("%(n)s day", "%(n)s days", n) % {"n": n}


@require_POST
@staff_page
def draft(request: HttpRequest, name: str) -> HttpResponse:
    """The next version as a draft: a step that people keep adding stands in the menu of its stage."""
    viewer = viewer_of(request)
    viewer.require(DEFINE)
    current = CaseType.objects.get(pk=types.current(name).pk)
    title, source = request.POST.get("title", "")[:200].strip(), current.source
    if not title:
        raise NotFound
    try:
        source = with_planned(source, request.POST.get("stage", ""), title, ask=request.POST.get("ask", "")[:64])
    except NoStage:
        source = with_planned(source, "", title)
    return _shown(request, name, source, title)


def _shown(request: HttpRequest, name: str, source: str, title: str, refusal: BadType | None = None) -> HttpResponse:
    case_type, findings = lint(source)
    heading = case_type.title.said(_language()) if case_type else name
    context = {"name": name, "title": heading, "added": title, "source": source, "findings": findings,
               "refusal": refusal}  # fmt: skip
    return render(request, "console/cases/draft.html", context, status=refusal.status if refusal else 200)


@require_POST
@staff_page
def publish(request: HttpRequest, name: str) -> HttpResponse:
    """Publish the draft: running cases stay with the version that they have."""
    viewer = viewer_of(request)
    viewer.require(DEFINE)
    source = request.POST.get("source", "")[:SOURCE_MAX].replace("\r\n", "\n")
    case_type, _findings = lint(source)
    try:
        if case_type is not None and case_type.case != name:
            raise NotFound
        made = types.publish(source, by=viewer.actor, now=utc_now())
    except BadType as refusal:
        return _shown(request, name, source, "", refusal)
    messages.success(
        request, _("Version %(number)s is published. Running cases keep theirs.") % {"number": made.number}
    )
    return redirect("console:case_figures", name)
