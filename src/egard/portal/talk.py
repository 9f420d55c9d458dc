"""Her messages: what was said on every channel, and writing to us from her own pages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from egard.base.clock import utc_now
from egard.base.ids import new_id
from egard.base.refusal import Refusal
from egard.kernel.access.live import tell
from egard.kernel.access.queries import staff_names, system_viewer
from egard.kernel.messages import queries, serving
from egard.kernel.messages.arriving import Receipt, receive_chat
from egard.kernel.messages.brand import organisation
from egard.kernel.messages.conversing import assign
from egard.kernel.messages.models import Message, Thread
from egard.kernel.messages.saying import topic_of
from egard.kernel.registry import Reception, registry
from egard.portal.pages import Me, me, portal_page, render

LATELY = timedelta(hours=1)
"""For so long after an answer nothing is said of who would answer next."""


@dataclass(frozen=True, slots=True)
class Word:
    """One thing said, and who signs it: whoever of ours wrote it, else the house; empty for her own."""

    message: Message
    by: str


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


@require_GET
@portal_page
def file(request: HttpRequest, message: UUID, file: UUID) -> HttpResponse:
    """A file that went with a message, to be saved."""
    reader = me(request)
    return serving.file(queries.own_file(reader.viewer, reader.person, message, file))


@require_GET
@portal_page
def reception(request: HttpRequest, uuid: UUID | None = None) -> HttpResponse:
    """Who answers now: the part of a page of messages that says so."""
    reader = me(request)
    thread = queries.own_thread(reader.viewer, reader.person, uuid) if uuid else None
    return render(request, "_reception", {"thread": thread, **_received(reader, thread, request)})


@require_POST
@portal_page
def typing(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """She is writing: whoever has the conversation open is told so, and nothing is kept."""
    reader = me(request)
    told = queries.own_thread(reader.viewer, reader.person, uuid)
    with transaction.atomic():
        tell(f"typing:{told.uuid}/hers")
    return HttpResponse(status=204)


@require_POST
@portal_page
def write(request: HttpRequest, uuid: UUID | None = None) -> HttpResponse:
    """Say something, in a conversation or in a new one; the part of it alone where its page asks for that."""
    reader, now = me(request), utc_now()
    text, key = request.POST.get("text", ""), request.POST.get("key", "")[:64] or str(new_id())
    thread = queries.own_thread(reader.viewer, reader.person, uuid) if uuid else None
    live = bool(getattr(request, "htmx", False)) and uuid is not None
    try:
        receipt = _receive(reader, thread, text, key, request, now=now)
    except Refusal as refusal:
        told = {"refusal": refusal, "typed": text}
        return _one(request, uuid, "_talk" if live else "conversation", **told) if uuid else _all(request, **told)
    assert receipt.message is not None
    if live and receipt.message.thread.uuid == uuid:
        return _one(request, uuid, "_talk", again=True)
    return redirect("portal:conversation", receipt.message.thread.uuid)


def _receive(reader: Me, thread: Thread | None, text: str, key: str, request: HttpRequest, *, now: datetime) -> Receipt:
    held = _reception_of(reader, thread, request) if thread is None or thread.channel == "chat" else None
    whom, due_at = (held.assignee, held.due_at) if held else (None, None)
    with transaction.atomic():
        receipt = receive_chat(reader.person, text, thread=thread, assignee=whom, due_at=due_at, key=key, now=now)
        assert receipt.message is not None
        of = receipt.message.thread
        if held and held.instead and whom and of.assignee_id != whom.pk and receipt.outcome == "received":
            assign(of, assignee=whom, by=reader.viewer.actor, now=now)
    return receipt


def _reception_of(reader: Me, thread: Thread | None, request: HttpRequest) -> Reception | None:
    """Who answers now, where a journey says it."""
    asked = registry.capabilities.get("reach.reception")
    chosen = request.POST.get("to") or request.GET.get("to", "")
    return asked.call(reader.person, thread, chosen, utc_now()) if asked else None


def _received(reader: Me, thread: Thread | None, request: HttpRequest) -> dict[str, Any]:
    """Who answers now; where she was answered, by whom, and nothing that reads as if she waited still."""
    if thread is not None and thread.channel != "chat":
        return {}
    answer = _answer_in(thread) if thread else None
    is_over = answer is not None and answer.at > utc_now() - LATELY
    held = None if is_over else _reception_of(reader, thread, request)
    topics = (*((topic_of(thread),) if thread else ()), *(held.topics if held else ()))
    told: dict[str, Any] = {"reception": held, "topics": " ".join(topics)}
    if answer is not None:
        told["answered_by"] = _signed([answer])[0].by
    return {**told, **(held.context if held else {})}


def _answer_in(thread: Thread) -> Message | None:
    """The answer after which she said nothing more; a machine's is none."""
    last: Message | None = next((one for one in reversed(thread.said) if not one.automatic), None)  # type: ignore[attr-defined]
    return last if last is not None and last.direction == "out" and thread.awaiting is None else None


def _signed(said: Iterable[Message]) -> list[Word]:
    names = staff_names(system_viewer("portal"))
    return [Word(one, names.get(one.author, organisation()) if one.direction == "out" else "") for one in said]


def _all(request: HttpRequest, **told: object) -> HttpResponse:
    reader = me(request)
    found = queries.own_threads(reader.viewer, reader.person)
    status = told["refusal"].status if "refusal" in told else 200  # type: ignore[attr-defined]
    words = _signed(last for _thread, last in found)
    rows = [(thread, word) for (thread, _last), word in zip(found, words, strict=True)]
    context = {"rows": rows, "thread": None, "key": str(new_id()), **_received(reader, None, request), **told}
    return render(request, "messages", context, status=status)


def _one(request: HttpRequest, uuid: UUID, template: str, **told: object) -> HttpResponse:
    reader = me(request)
    thread = queries.own_thread(reader.viewer, reader.person, uuid)
    status = told["refusal"].status if "refusal" in told else 200  # type: ignore[attr-defined]
    said = _signed(thread.said)  # type: ignore[attr-defined]
    context = {"thread": thread, "said": said, "topic": topic_of(thread), "key": str(new_id()), **told}
    if template != "_said":
        context |= _received(reader, thread, request)
    return render(request, template, context, status=status)
