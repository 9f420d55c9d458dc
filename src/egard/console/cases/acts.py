"""What staff do on the page of a case: each act is a post to its name, answered by the parts of the page as they are
then, or by the form with what is wrong beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from egard.base.calendars.span import BadSpan, Span
from egard.base.clock import utc_now
from egard.base.refusal import NotFound, Refusal
from egard.console import spans
from egard.console.cases import fields, mentions, page, show
from egard.console.cases.show import Shown
from egard.console.context import viewer_of
from egard.console.pages import staff_page
from egard.console.typed import id_of
from egard.kernel.access.actors import Viewer
from egard.kernel.access.queries import colleague
from egard.kernel.cases import articles, operations
from egard.kernel.cases.refusals import BadData, ChangedMeanwhile
from egard.kernel.people import queries as people


@dataclass(frozen=True, slots=True)
class Asked:
    """One post: who, on which case, at which step, with what."""

    viewer: Viewer
    uuid: UUID
    post: Any
    now: datetime

    @property
    def step(self) -> str:
        return self.post.get("step", "")

    @property
    def key(self) -> str:
        return self.post.get("key", "")[:64]

    @property
    def told(self) -> dict[str, Any]:
        return {"key": self.key, "now": self.now}


@dataclass(frozen=True, slots=True)
class Answer:
    """What to say, and which step the page shows then: empty for the most pressing one."""

    said: str
    step: str = ""


def _done(asked: Asked) -> Answer:
    held = show.shown(asked.viewer, asked.uuid, now=asked.now)
    row = held.rows.get(asked.step)
    typed = fields.fields(held.asked(row.view), held.view.data, asked.post) if row else []
    operations.complete_step(asked.viewer, asked.uuid, asked.step, fields.given(typed), **asked.told)
    return Answer(_("“%(step)s” is done.") % {"step": row.title if row else asked.step})


def _begin(asked: Asked) -> Answer:
    operations.start_step(asked.viewer, asked.uuid, asked.step, **asked.told)
    return Answer(_("Begun: it is yours."), asked.step)


def _skip(asked: Asked) -> Answer:
    operations.skip_step(asked.viewer, asked.uuid, asked.step, reason=asked.post.get("reason", ""), **asked.told)
    return Answer(_("Skipped. It can be done again at any time."))


def _redo(asked: Asked) -> Answer:
    operations.redo_step(asked.viewer, asked.uuid, asked.step, reason=asked.post.get("reason", ""), **asked.told)
    return Answer(_("It is to be done again."), asked.step)


def _aside(asked: Asked) -> Answer:
    reason = asked.post.get("reason", "")
    operations.refuse_suggestion(asked.viewer, asked.uuid, asked.step, reason=reason, **asked.told)
    return Answer(_("Set aside: it comes last from now on."))


def _plan(asked: Asked) -> Answer:
    _held, name = operations.plan_step(asked.viewer, asked.uuid, asked.step, **asked.told)
    return Answer(_("The step is planned."), name)


def _owner(asked: Asked) -> Answer:
    chosen = _colleague(asked)
    operations.assign_step(asked.viewer, asked.uuid, asked.step, owner=chosen, now=asked.now)
    words = _("The step is given to %(name)s.") % {"name": chosen.name} if chosen else _("The step is nobody's now.")
    return Answer(words, asked.step)


def _colleague(asked: Asked) -> Any:
    wanted = asked.post.get("owner", "")
    return colleague(asked.viewer, id_of(wanted)) if wanted else None


def _add(asked: Asked) -> Answer:
    post = asked.post
    within = spans.typed(post.get("within", ""))
    if within:
        try:
            Span.parse(within)
        except BadSpan as error:
            raise BadData(names=_("Promised within")) from error
    _held, name = operations.add_step(
        asked.viewer,
        asked.uuid,
        post.get("title", ""),
        department=post.get("department", ""),
        within=within,
        reason=post.get("reason", "").strip(),
        **asked.told,
    )
    if post.get("department"):
        return Answer(_("It is asked; the answer will stand here."), post.get("chosen", ""))
    return Answer(_("The step is added."), name)


def _close(asked: Asked) -> Answer:
    post = asked.post
    told = {"outcome": post.get("outcome", ""), "override": post.get("override", ""), **asked.told}
    operations.close_case(asked.viewer, asked.uuid, **told)
    return Answer(_("The case is closed."))


def _reopen(asked: Asked) -> Answer:
    operations.reopen_case(asked.viewer, asked.uuid, reason=asked.post.get("reason", ""), **asked.told)
    return Answer(_("The case is open again."))


def _note(asked: Asked) -> Answer:
    text = asked.post.get("text", "")
    held = operations.write_note(asked.viewer, asked.uuid, text, **asked.told)
    mentions.keep(asked.viewer, held, text, asked.post.getlist("mention"), now=asked.now)
    return Answer(_("The note is written."), asked.post.get("chosen", ""))


def _word(asked: Asked) -> Answer:
    held = show.shown(asked.viewer, asked.uuid, now=asked.now)
    language, name = get_language() or "", held.view.type.case
    kind = "correction" if asked.post.get("kind") == "correction" else "comment"
    text = asked.post.get("text", "")
    articles.say_of_step(asked.viewer, name, asked.step, text, kind=kind, language=language, now=asked.now)
    return Answer(_("Thank you: those who keep the method will read it."), asked.step)


ACTS: Mapping[str, tuple[str, Callable[[Asked], Answer]]] = {
    "done": ("now", _done),
    "begin": ("now", _begin),
    "skip": ("now", _skip),
    "redo": ("now", _redo),
    "aside": ("now", _aside),
    "plan": ("now", _plan),
    "owner": ("now", _owner),
    "word": ("now", _word),
    "add": ("head", _add),
    "ask": ("head", _add),
    "close": ("head", _close),
    "reopen": ("head", _reopen),
    "note": ("past", _note),
}
"""By name: the part of the page in which its form stands, and what it does."""


@require_POST
@staff_page
def act(request: HttpRequest, uuid: UUID, name: str) -> HttpResponse:
    """Do one of `ACTS`."""
    if name not in ACTS:
        raise NotFound
    viewer, now = viewer_of(request), utc_now()
    part, run = ACTS[name]
    asked = Asked(viewer, uuid, request.POST, now)
    whole = not request.htmx  # type: ignore[attr-defined]
    try:
        answer = run(asked)
    except Refusal as refusal:
        if whole or refusal.status == 404:
            raise
        return _refused(request, uuid, part, name, refusal, step=asked.step or request.POST.get("chosen", ""), now=now)
    address = reverse("console:case", args=[uuid]) + (f"?{urlencode({'step': answer.step})}" if answer.step else "")
    if whole:
        messages.success(request, answer.said)
        return redirect(address)
    response = page.changed(request, uuid, part, answer.said, step=answer.step, now=now)
    response.headers["HX-Replace-Url"] = address
    return response


def _refused(
    request: HttpRequest, uuid: UUID, part: str, name: str, refusal: Refusal, *, step: str, now: datetime
) -> HttpResponse:
    """The part with the form as it was sent."""
    held = show.shown(viewer_of(request), uuid, now=now)
    wrong = {"act": name, "refusal": refusal, "typed": request.POST}
    context = page.frame(request, held, (part,), step=step, wrong=wrong)
    response = render(request, f"console/cases/_{part}.html", context, status=refusal.status)
    response.headers["X-Egard-Refusal"] = refusal.code
    return response


@require_http_methods(["GET", "POST"])
@staff_page
def data(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """What is known of a case, as a form; what somebody else changed meanwhile is chosen between."""
    viewer, now = viewer_of(request), utc_now()
    held = show.shown(viewer, uuid, now=now)
    if request.method == "GET":
        return _data_form(request, held, fields.fields(held.editable, held.view.data), None)
    typed = fields.fields(held.editable, held.view.data, request.POST)
    for one in typed:
        if one.raw != one.was and request.POST.get(f"c_{one.name}") == "theirs":
            one.text, one.currency = fields.as_text(one.field, held.view.data.get(one.name))
            one.was = one.raw
    base, key = request.POST.get("base", ""), request.POST.get("key", "")[:64]
    try:
        version = int(base) if base.isdecimal() and len(base) < 9 else None
        operations.edit_data(viewer, uuid, fields.given(typed), base=version, key=key, now=now)
    except ChangedMeanwhile as refusal:
        return _data_form(request, held, _beside(held, typed), refusal)
    except Refusal as refusal:
        for one in typed:
            one.error = refusal.fields.get(one.name, "")
        return _data_form(request, held, typed, refusal, base=base)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("console:case", uuid)
    return page.changed(
        request, uuid, "side", _("What is known is changed."), step=request.POST.get("chosen", ""), now=now
    )


def _beside(held: Shown, typed: list[fields.Field]) -> list[fields.Field]:
    """What was typed beside what stands there now: both are shown where both changed it."""
    for one, fresh in zip(typed, fields.fields(held.editable, held.view.data), strict=True):
        if fresh.raw == one.was:
            continue
        if one.raw == one.was:  # only the other changed it
            one.text, one.currency, one.was = fresh.text, fresh.currency, fresh.raw
        elif one.raw != fresh.raw:
            one.theirs, one.was = fresh.raw, fresh.raw
            one.theirs_said = fields.words(one.field, held.view.data.get(one.name), held.now)
    return typed


def _data_form(
    request: HttpRequest, held: Shown, found: list[fields.Field], refusal: Refusal | None, *, base: str = ""
) -> HttpResponse:
    context = page.frame(request, held, (), wrong=None) | {
        "fields": found,
        "refusal": refusal,
        "base": base or held.case.version,
        "data_key": show.new_id(),
    }
    template = "_data" if request.htmx else "data"  # type: ignore[attr-defined]
    response = render(request, f"console/cases/{template}.html", context, status=refusal.status if refusal else 200)
    if refusal:
        response.headers["X-Egard-Refusal"] = refusal.code
        response.headers["HX-Retarget"] = ".known-form"
    return response


@require_POST
@staff_page
def open_one(request: HttpRequest) -> HttpResponse:
    """Open a case of `type`, for `person` or for nobody known, and go to it."""
    viewer, now = viewer_of(request), utc_now()
    person = None
    if told := request.POST.get("person", ""):
        person = people.person(viewer, id_of(told))
    held = open_for(viewer, request.POST.get("type", ""), person, now=now)
    return redirect("console:case", held.uuid)


def open_for(viewer: Viewer, name: str, person: Any, *, now: datetime) -> Any:
    """Whoever opens a case has it, until it is given to somebody."""
    owner = colleague(viewer, viewer.user_id) if viewer.user_id else None
    return operations.open_case(viewer, name, person, owner=owner, channel="counter", now=now)
