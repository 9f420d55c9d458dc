"""Texts of the house: written in French and English with merge fields, tried on a person, judged, kept in versions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from egard.base.clock import utc_now
from egard.base.refusal import Refusal
from egard.console import advice, words
from egard.console.context import viewer_of
from egard.console.pages import staff_page
from egard.console.typed import id_or_none
from egard.kernel.access.actors import Viewer
from egard.kernel.access.operations import log_sight
from egard.kernel.access.queries import staff_names
from egard.kernel.messages import checking, queries, templating
from egard.kernel.messages.models import Template
from egard.kernel.messages.rules.markup import html_of
from egard.kernel.messages.templating import Draught
from egard.kernel.people import queries as people
from egard.kernel.people import search
from egard.kernel.people.guard import require_reason
from egard.kernel.people.models import Person
from egard.kernel.registry import registry

TYPED = ("code", "language", "label", "subject", "text", "purpose", "moment")
FOUND_MAX = 5
SHOWN_MAX = 30
"""Versions on the page of a text, the latest: what each changed is found word by word."""
_TOKENS = re.compile(r"\s+|\S+")


@require_GET
@staff_page
def listing(request: HttpRequest) -> HttpResponse:
    """Every text that is offered, by its name, in each of its languages; and those that were withdrawn."""
    viewer = _writer(request)
    held = templating.latest()
    names = staff_names(viewer)
    rows = [
        {"row": row, "by": names.get(row.by, ""), "tone": advice.tone_of(row.score)}
        for row in sorted(held, key=lambda row: (row.label, row.code, row.language))
    ]
    kinds = [
        (_("Ready texts"), _("Put into an answer with one key."), [one for one in rows if _is(one, is_reply=True)]),
        (_("Whole messages"), _("Sent by themselves, to one person or many."),
         [one for one in rows if _is(one, is_reply=False)]),
    ]  # fmt: skip
    gone = [one for one in rows if one["row"].retired_at]
    return render(request, "console/texts/listing.html", {"kinds": kinds, "gone": gone, "now": utc_now()})


def _is(one: dict[str, Any], *, is_reply: bool) -> bool:
    row = one["row"]
    return row.is_reply == is_reply and row.retired_at is None


@require_http_methods(["GET", "POST"])
@staff_page
def new(request: HttpRequest) -> HttpResponse:
    """A text that is not there yet; or one of another language under the code of one that is."""
    viewer = _writer(request)
    if request.method == "POST":
        return _written(request, viewer, None)
    begun = Draught(code=request.GET.get("code", "")[:64], language=request.GET.get("language", "fr")[:8], label="",
                    text="", is_reply=request.GET.get("kind") != "whole")  # fmt: skip
    other = next((row for row in templating.latest() if row.code == begun.code), None)
    if other is not None:
        same = {name: getattr(other, name) for name in ("code", "label", "subject", "is_reply", "purpose", "moment")}
        begun = Draught(language=begun.language, text=other.text, **same)
    return _form(request, viewer, None, begun)


@require_http_methods(["GET", "POST"])
@staff_page
def one(request: HttpRequest, code: str, language: str) -> HttpResponse:
    """A text with its versions; saved, it holds from now on as a new one."""
    viewer = _writer(request)
    versions = templating.versions(code, language)
    if not versions:
        raise Http404
    if request.method == "POST":
        return _written(request, viewer, versions)
    return _form(request, viewer, versions, _draught_of(versions[0]))


@require_POST
@staff_page
def withdraw(request: HttpRequest, code: str) -> HttpResponse:
    """Offer it no more, in any language; its versions stay, and publishing one again offers it."""
    viewer = _writer(request)
    templating.retire_template(code, by=viewer.actor, now=utc_now())
    messages.success(request, _("The text is withdrawn. To offer it again, publish it again."))
    return redirect("console:texts")


@require_POST
@staff_page
def preview(request: HttpRequest) -> HttpResponse:
    """The words as one person would read them: by `person`, or found by `q`; without either, with the fields marked."""
    viewer, post = _writer(request), request.POST
    person, found = _person(viewer, post)
    held = Template(subject=post.get("subject", "")[:200], text=post.get("text", "")[: templating.TEXT_MAX])
    filled = templating.preview(held, person, author=viewer.actor.name)
    context = {
        "person": person,
        "found": found,
        "asked": post.get("q", "").strip(),
        "subject": filled.subject,
        "text": filled.text,
        "drawn": mark_safe(html_of(filled.text)),  # noqa: S308  (escaped there, word for word)
    }
    return render(request, "console/texts/_preview.html", context)


# --- inside ----------------------------------------------------------------------------------------------------------


def _writer(request: HttpRequest) -> Viewer:
    viewer = viewer_of(request)
    viewer.require(queries.TEMPLATES)
    return viewer


def _person(viewer: Viewer, post: QueryDict) -> tuple[Person | None, Sequence[Any]]:
    """Who was chosen, with the sight of her logged; else those whom the words find."""
    chosen, q, now = id_or_none(post.get("person")), post.get("q", "").strip()[:200], utc_now()
    if not q:
        if chosen is None:
            return None, ()
        person = people.person(viewer, chosen)
        require_reason(viewer, person)
        log_sight(viewer, "messages", person_id=person.pk, detail="preview", now=now)
        return person, ()
    log_sight(viewer, "list", detail=q, now=now)
    return None, search.search(viewer, q, limit=FOUND_MAX).items


def _draught_of(row: Template) -> Draught:
    return Draught(is_reply=row.is_reply, **{name: getattr(row, name) for name in TYPED})


def _written(request: HttpRequest, viewer: Viewer, versions: list[Template] | None) -> HttpResponse:
    post = request.POST
    typed = {name: post.get(name, "").replace("\r\n", "\n").strip() for name in TYPED}
    if versions:
        typed |= {"code": versions[0].code, "language": versions[0].language}
    draught = Draught(is_reply=post.get("kind") == "reply", **typed)
    try:
        made = templating.set_template(draught, by=viewer.actor, now=utc_now())
    except Refusal as refusal:
        return _form(request, viewer, versions, draught, refusal)
    messages.success(request, _("Published: version %(n)s holds from now on.") % {"n": made.version})
    return redirect("console:text", made.code, made.language)


def _form(
    request: HttpRequest,
    viewer: Viewer,
    versions: list[Template] | None,
    draught: Draught,
    refusal: Refusal | None = None,
) -> HttpResponse:
    names = staff_names(viewer)
    context = {
        "draught": draught,
        "versions": _history((versions or [])[: SHOWN_MAX + 1], names)[:SHOWN_MAX],
        "held": versions[0] if versions else None,
        "languages": settings.LANGUAGES,
        "others": _other_languages(draught, versions),
        "fields": _fields(),
        "moments": checking.moments(),
        "purposes": _purposes(draught),
        "refusal": refusal,
        "now": utc_now(),
    }
    return render(request, "console/texts/one.html", context, status=refusal.status if refusal else 200)


def _purposes(draught: Draught) -> list[tuple[str, str]]:
    """What a message may be for, in words; with the one that this text has."""
    codes = dict.fromkeys((*words.PURPOSES_OFFERED, *filter(None, [draught.purpose])))
    return [(code, words.word(words.PURPOSES, code)) for code in codes]


def _other_languages(draught: Draught, versions: list[Template] | None) -> list[tuple[str, str, bool]]:
    """The other languages of the house: code, name, and whether this text speaks it."""
    if not versions:
        return []
    there = {row.language for row in templating.latest() if row.code == draught.code}
    return [(code, name, code in there) for code, name in settings.LANGUAGES if code != draught.language]


def _fields() -> list[tuple[str, str, str]]:
    """What may stand in a text: name, words, and what is put in."""
    said = {
        "given_name": _("Given name"), "family_name": _("Family name"), "name": _("Full name"),
        "adviser": _("Her adviser"), "author": _("Who writes"), "organisation": _("The house"),
        **{name: str(declared.label) for name, declared in registry.merge_fields.items()},
    }  # fmt: skip
    ours = ("author", "organisation")
    bare = [(name, words, f"{{{{ {name} }}}}") for name, words in said.items() if name in ours]
    asks = [(name, words, f"{{{{ {name} | … }}}}") for name, words in said.items() if name not in ours]
    return [*asks, *bare]


def _history(versions: list[Template], names: dict[str, str]) -> list[dict[str, Any]]:
    """Each version with who wrote it, when, and what it changed of the one before."""
    told = []
    for row, before in zip(versions, [*versions[1:], None], strict=False):
        other = [
            name
            for name in ("label", "subject", "purpose", "moment")
            if before is not None and getattr(row, name) != getattr(before, name)
        ]
        told.append(
            {"row": row, "by": names.get(row.by, ""), "changed": changes(before.text, row.text) if before else [],
             "other": other, "tone": advice.tone_of(row.score)}
        )  # fmt: skip
    return told


def changes(before: str, after: str) -> list[tuple[str, str]]:
    """What a text became, in pieces: `same`, `gone` or `new`."""
    old, now = _TOKENS.findall(before), _TOKENS.findall(after)
    pieces: list[tuple[str, str]] = []
    for what, a, b, c, d in SequenceMatcher(None, old, now, autojunk=False).get_opcodes():
        if what == "equal":
            pieces.append(("same", "".join(old[a:b])))
            continue
        pieces += [(kind, words) for kind, words in (("gone", "".join(old[a:b])), ("new", "".join(now[c:d]))) if words]
    return pieces
