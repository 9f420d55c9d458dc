"""One conversation: read, answered, noted upon, put in order."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from egard.base.clock import utc_now
from egard.base.refusal import Conflict, NotFound, Refusal
from egard.console import keys, mentioned
from egard.console import worklist_acts as acts
from egard.console import worklist_frames as frames
from egard.console.context import viewer_of
from egard.console.drafts import forget_draft
from egard.console.inbox import heard, later, lists, mentions, show
from egard.console.keys import ACT, Key
from egard.console.live import again_after
from egard.console.pages import staff_page
from egard.console.typed import id_of
from egard.kernel.access.actors import Viewer
from egard.kernel.access.live import tell
from egard.kernel.access.operations import log_sight
from egard.kernel.cases import answering
from egard.kernel.messages import conversing, letters, queries, serving, sorting, templating
from egard.kernel.messages.models import Thread
from egard.kernel.people import queries as people
from egard.kernel.people.guard import require_reason

PART = "console/inbox/_thread.html"
OWN = (
    Key("w", "press", _("Answer"), ACT, with_="answer", icon="mail-forward", palette=True),
    Key("r", "press", _("Put in a ready text"), ACT, with_="texts", icon="copy", palette=True),
)


class SaidMeanwhile(Conflict):
    """Somebody wrote in this conversation while the answer was being written; read it, then send or change yours."""

    code = "console.said_meanwhile"
    title = _("Somebody wrote meanwhile")
    message = _("Something was said here while you wrote. Read it, then send your answer or change it.")


@require_GET
@staff_page
def thread(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Its page; what was said alone where a page asks for that again."""
    viewer = viewer_of(request)
    held = _seen(request, viewer, uuid)
    if request.htmx and request.htmx.target != "thread-page":  # type: ignore[attr-defined]
        return render(request, "console/inbox/_said.html", {"shown": held, "now": utc_now()})
    context = {"work": {"shown": held}, "shown": held, "now": utc_now(), "topic": f"thread:{held.thread.uuid}"}
    context["desk"] = keys.frame(
        viewer,
        frames.places(request),
        actions=[one for one in acts.actions_on(viewer, lists.INBOX) if one.on == "row" or held.person],
        person=str(held.person.uuid) if held.person else "",
        row=str(held.thread.uuid),
        own=OWN,
    )
    context["acts"] = [
        one
        for one in acts.actions_on(viewer, lists.INBOX)
        if one.on == "row" and not (one is lists.CLOSED and held.thread.state == "closed")
    ]
    return render(request, "console/inbox/thread.html", context)


@require_POST
@staff_page
def say(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """An answer, or a note for colleagues; the draft goes with it."""
    viewer, now = viewer_of(request), utc_now()
    row = queries.thread(viewer, uuid)
    text, key, what = request.POST.get("text", ""), request.POST.get("key", "")[:100], request.POST.get("what", "")
    named = tuple(user.pk for user in mentioned.named(viewer, text, request.POST.getlist("mention")))
    moment = request.POST.get("moment", "")[:64]
    told: dict[str, Any] = {"by": viewer.actor, "now": now, "key": f"console:{key}"}
    try:
        files = heard.files_of(request, conversing.BadMessage)
        words = conversing.Words(text=text, mentions=named, moment=moment, files=files)
        if what == "note":
            mentions.keep(conversing.note(row, words, **told), by=str(viewer.actor), now=now)
        else:
            _require_read(row, request.POST.get("seen", ""), key)
            _answer(viewer, row, words, request.POST, told)
    except Refusal as refusal:
        return _again(request, viewer, uuid, typed=text, refusal=refusal, chosen=request.POST)
    forget_draft(viewer, f"thread.{uuid}", row.person)
    return _again(request, viewer, uuid)


@require_POST
@staff_page
def fill(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Put a text of the house into the answer that is being written."""
    viewer = viewer_of(request)
    row, typed = queries.thread(viewer, uuid), request.POST.get("text", "")
    chosen = templating.template(request.POST.get("template", ""), row.language)
    filled = templating.preview(chosen, row.person, author=viewer.actor.name).text
    return _again(
        request,
        viewer,
        uuid,
        typed=f"{typed.rstrip()}\n\n{filled}".strip() if typed.strip() else filled,
        chosen=request.POST,
        keeps_files=True,
    )


@require_POST
@staff_page
def change(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Take a message back, say who somebody is, close or take up again, see to it oneself."""
    viewer, now = viewer_of(request), utc_now()
    row = queries.thread(viewer, uuid)
    told: dict[str, Any] = {"by": viewer.actor, "now": now}
    typed, refusal, lost = request.POST.get("text", ""), None, ()
    try:
        match request.POST.get("what", ""):
            case "undo":
                message = next((one for one in row.said if str(one.uuid) == request.POST.get("message")), None)
                if message is None:
                    raise NotFound
                names = tuple(one.name for one in message.attachments.all())
                answering.undo(viewer, message, now=now)
                lost = names
                typed = typed or message.text
            case "posted":
                message = next((one for one in row.said if str(one.uuid) == request.POST.get("message")), None)
                if message is None:
                    raise NotFound
                conversing.posted(message, **told)
            case "identify" if row.claimed is not None:
                sorting.identify(row, people.person(viewer, row.claimed.uuid), **told)
            case "close":
                conversing.close(row, **told)
            case "reopen":
                conversing.reopen(row, **told)
            case _:
                raise NotFound
    except Refusal as error:
        if isinstance(error, NotFound):
            raise
        refusal = error
    return _again(request, viewer, uuid, typed=typed, refusal=refusal, lost=lost, keeps_files=True)


@require_POST
@staff_page
def typing(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """An answer is being written: she is told so where she has the conversation open, and nothing is kept."""
    held = queries.thread(viewer_of(request), uuid)
    with transaction.atomic():
        tell(f"typing:{held.uuid}/ours")
    return HttpResponse(status=204)


@require_GET
@staff_page
def file(request: HttpRequest, message: UUID, file: UUID) -> HttpResponse:
    """A file as it came, to be saved; the sight of whose it is is logged."""
    viewer = viewer_of(request)
    row = queries.message(viewer, message)
    _seen(request, viewer, row.thread.uuid)
    return serving.file(queries.file(viewer, row, file))


@require_GET
@staff_page
def letter(request: HttpRequest, message: UUID) -> HttpResponse:
    """A letter on paper, to be printed."""
    viewer = viewer_of(request)
    row = queries.message(viewer, message)
    if row.channel != "post" or row.direction != "out":
        raise NotFound
    _seen(request, viewer, row.thread.uuid)
    answer = HttpResponse(letters.pdf(row, now=utc_now()), content_type="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="{row.uuid}.pdf"'
    return answer


# --- inside --------------------------------------------------------------------------------------------------------


def _seen(request: HttpRequest, viewer: Viewer, uuid: UUID) -> show.Shown:
    held = show.conversation(viewer, uuid, now=utc_now())
    person = held.thread.person
    if person is not None:
        require_reason(viewer, person)
        again = again_after(request)
        log_sight(viewer, "messages", person_id=person.pk, detail=str(uuid), now=utc_now(), again_after=again)
    return held


def _again(
    request: HttpRequest,
    viewer: Viewer,
    uuid: UUID,
    *,
    typed: str = "",
    refusal: Refusal | None = None,
    chosen: QueryDict | None = None,
    lost: tuple[str, ...] = (),
    keeps_files: bool = False,
) -> HttpResponse:
    """The part anew, with what was typed; its page where no part was asked for. Files that were chosen stay chosen
    where nothing was said yet; those of a message that was taken back (`lost`) must be chosen again.
    """
    if not request.htmx:  # type: ignore[attr-defined]
        if refusal is not None:
            raise refusal
        return redirect("console:thread", uuid)
    work = {"shown": _seen(request, viewer, uuid)}
    context = {"work": work, "now": utc_now(), "typed": typed, "refusal": refusal, "chosen": chosen, "lost": lost}
    context["keeps_files"] = keeps_files or refusal is not None
    answer = render(request, PART, context, status=refusal.status if refusal else 200)
    if refusal is not None:
        answer.headers["X-Egard-Refusal"] = refusal.code
    else:
        answer.headers["HX-Trigger"] = "egard:changed"
    return answer


def _answer(viewer: Viewer, row: Thread, words: conversing.Words, post: QueryDict, told: dict[str, Any]) -> None:
    """The answer, at the moment that was chosen; with it the step of a case, where one was."""
    after = later.wait_of(post, now=told["now"])
    case, _slash, step = post.get("completes", "").partition("/")
    if not step:
        conversing.reply(row, words, after=after, **told)
        return
    chosen = answering.Chosen(id_of(case), step, {})
    answering.reply(viewer, row, words, chosen, after=after, now=told["now"], key=told["key"])


def _require_read(row: Thread, seen: str, key: str) -> None:
    """Raises `SaidMeanwhile` where the last thing said is not the one that was read; a repeated answer is no news."""
    said = [one for one in row.said if one.direction != "note" and one.state != "undone"]
    mine = any(one.mark == f"key:console:{key}" for one in said)
    notes = {str(one.uuid) for one in row.said}
    if mine or not said or seen not in notes:
        return
    after = [one for one in row.said[[str(one.uuid) for one in row.said].index(seen) + 1 :] if one in said]
    if after:
        raise SaidMeanwhile
