"""Her messages: what was said on every channel, and writing to us from her own pages."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from egard.base.clock import utc_now
from egard.base.ids import new_id
from egard.base.refusal import Refusal
from egard.kernel.messages import queries
from egard.kernel.messages.arriving import receive_chat
from egard.portal.pages import me, portal_page, render


@require_GET
@portal_page
def messages(request: HttpRequest) -> HttpResponse:
    """Her conversations, the newest word first, and a place to write."""
    return _all(request)


@require_GET
@portal_page
def conversation(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """One of them; what was said alone where its page asks for that again."""
    part = bool(getattr(request, "htmx", False))
    return _one(request, uuid, "_said" if part else "conversation")


@require_POST
@portal_page
def write(request: HttpRequest, uuid: UUID | None = None) -> HttpResponse:
    """Say something, in a conversation or in a new one."""
    reader, now = me(request), utc_now()
    text, key = request.POST.get("text", ""), request.POST.get("key", "")[:64] or str(new_id())
    thread = queries.own_thread(reader.viewer, reader.person, uuid) if uuid else None
    try:
        receipt = receive_chat(reader.person, text, thread=thread, key=key, now=now)
    except Refusal as refusal:
        told = {"refusal": refusal, "typed": text}
        return _one(request, uuid, "conversation", **told) if uuid else _all(request, **told)
    assert receipt.message is not None
    return redirect("portal:conversation", receipt.message.thread.uuid)


def _all(request: HttpRequest, **told: object) -> HttpResponse:
    reader = me(request)
    rows = queries.own_threads(reader.viewer, reader.person)
    status = told["refusal"].status if "refusal" in told else 200  # type: ignore[attr-defined]
    return render(request, "messages", {"rows": rows, "key": str(new_id()), **told}, status=status)


def _one(request: HttpRequest, uuid: UUID, template: str, **told: object) -> HttpResponse:
    reader = me(request)
    thread = queries.own_thread(reader.viewer, reader.person, uuid)
    status = told["refusal"].status if "refusal" in told else 200  # type: ignore[attr-defined]
    return render(request, template, {"thread": thread, "key": str(new_id()), **told}, status=status)
