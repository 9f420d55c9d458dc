"""The brand's style published from a page: looked through as it is typed, tried on a sample, kept with who and when."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from egard.base.clock import utc_now
from egard.console.context import viewer_of
from egard.console.pages import staff_page
from egard.journeys.signature import brands, operations, queries, shown
from egard.journeys.signature.rules.brand import Brand
from egard.journeys.signature.rules.check import check
from egard.journeys.signature.rules.lint import lint
from egard.kernel.access.queries import staff_names

WRONG = (
    gettext_noop("is not a known key here"),
    gettext_noop("field required"),
    gettext_noop("input should be a valid string"),
    gettext_noop("input should be a valid integer"),
    gettext_noop("input should be a valid list"),
    gettext_noop("input should be a valid dictionary"),
)
"""What the rules most often find wrong, for the catalogues."""
SAMPLE_MAX, VERSIONS_SHOWN = 5_000, 50


@require_http_methods(["GET", "POST"])
@staff_page
def edit(request: HttpRequest) -> HttpResponse:
    """The file of the style, to be changed and published. What is wrong stands beside it, by line."""
    viewer = viewer_of(request)
    viewer.require(queries.PUBLISH)
    source, refusal = brands.held().source, None
    if request.method == "POST":
        source = _source(request)
        try:
            operations.publish(source, by=viewer.actor, now=utc_now())
        except (operations.BadStyle, brands.ReaderMissing) as error:
            refusal = error
        else:
            messages.success(request, _("Published: from now on every message is judged by it."))
            return redirect("signature:style")
    names = staff_names(viewer)
    context: dict[str, Any] = {
        "source": source,
        "refusal": refusal,
        "kept_by": brands.named_file(),
        "versions": [(row, names.get(row.by, "")) for row in queries.publications(viewer)[:VERSIONS_SHOWN]],
        "now": utc_now(),
        **_looked(source, request.POST.get("sample", "")),
    }
    return render(request, "signature/publish.html", context, status=refusal.status if refusal else 200)


@require_POST
@staff_page
def look(request: HttpRequest) -> HttpResponse:
    """What is wrong with the file as it stands, and what a sample would score by it."""
    viewer_of(request).require(queries.PUBLISH)
    found = _looked(_source(request), request.POST.get("sample", ""))
    return render(request, "signature/_looked.html", found)


def _source(request: HttpRequest) -> str:
    return request.POST.get("source", "").replace("\r\n", "\n")[: brands.BYTES_MAX]


def _in_words(message: str) -> str:
    """What is wrong in the reader's language; the rules that found it speak English, `key: what is wrong`."""
    name, _colon, words = message.rpartition(": ")
    return _("%(key)s: %(wrong)s") % {"key": name, "wrong": _(words)} if name else _(words)


def _looked(source: str, sample: str) -> dict[str, Any]:
    brand, wrong = lint(source)
    text = sample.replace("\r\n", "\n")[:SAMPLE_MAX]
    held = brands.held().brand
    return {
        "wrong": [replace(one, message=_in_words(one.message)) for one in wrong],
        "is_same": brand is not None and brand.version == held.version,
        "sample": text,
        "tried": [
            (_("As it holds now"), _judged(text, held) if held.is_readable else None),
            (_("As it would be"), _judged(text, brand) if brand and brand.is_readable else None),
        ] if text.strip() else [],
    }  # fmt: skip


def _judged(text: str, brand: Brand) -> dict[str, Any]:
    found, reader = check(text, brand), get_language() or "en"
    remarks = list(dict.fromkeys(one.message.said(reader) for one in found.findings))
    return {"score": found.score, "tone": shown.tone_of(found.score), "remarks": remarks}
