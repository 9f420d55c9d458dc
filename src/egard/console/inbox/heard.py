"""What she wrote on paper or said on the phone or at the counter, taken down from her page."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from egard.base.clock import utc_now
from egard.base.ids import new_id
from egard.base.refusal import Forbidden, Refusal
from egard.console.context import viewer_of
from egard.console.morrow import ahead
from egard.console.pages import staff_page
from egard.console.typed import read_moment
from egard.kernel.messages import noting, queries
from egard.kernel.messages.conversing import Words
from egard.kernel.messages.files import too_heavy
from egard.kernel.messages.models import Message
from egard.kernel.messages.rules.mime import File
from egard.kernel.people import queries as people
from egard.kernel.promises.models import Promise

MEGABYTE = 1024 * 1024
NOON = "12:00"


def files_max_mb() -> int:
    """What the files of one form may weigh together."""
    return settings.FILES_MAX_BYTES // MEGABYTE


@require_POST
@staff_page
def take_down(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Take it down. A refusal stands beside the form, which stays as it is: chosen files could not be put back."""
    viewer, now, post = viewer_of(request), utc_now(), request.POST
    person = people.person(viewer, uuid, queries.CONVERSE)
    try:
        words = Words(text=post.get("text", ""), files=files_of(request, noting.BadNote))
        made = noting.take_down(
            person, post.get("channel", ""), words, said_at=_said_at(post, now), reference=post.get("reference", ""),
            by=viewer.actor, now=now, key=f"console:{post.get('key', '')[:64] or new_id()}",
        )  # fmt: skip
    except Refusal as refusal:
        if not request.htmx or isinstance(refusal, Forbidden):  # type: ignore[attr-defined]
            raise
        answer = render(request, "console/inbox/_heard_refused.html", {"refusal": refusal}, status=refusal.status)
        answer.headers["X-Egard-Refusal"] = refusal.code
        answer.headers["HX-Retarget"], answer.headers["HX-Reswap"] = "#heard-error", "innerHTML"
        return answer
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("console:thread", made.thread.uuid)
    context = {"person": person, "thread": made.thread, "said": _told(made, now)}
    answer = render(request, "console/inbox/_heard_written.html", context)
    answer.headers["HX-Trigger"] = "egard:changed, egard:facts"
    return answer


def files_of(request: HttpRequest, refused: type[Refusal]) -> list[File]:
    """The files of a form. Raises `refused` where they weigh too much together, before one is read."""
    chosen = request.FILES.getlist("files")
    if sum(one.size or 0 for one in chosen) > settings.FILES_MAX_BYTES:
        why = too_heavy()
        raise refused(fields={"files": why}, why=why)
    return [File(one.name or "", "", one.read()) for one in chosen]


def _said_at(post: QueryDict, now: datetime) -> datetime | None:
    """The moment; noon of a day of which the time is not known, and now for today. Raises `BadNote`."""
    today = timezone.localdate(now).isoformat()
    day, at = post.get("day", "").strip() or today, post.get("time", "").strip()
    if not at and day == today:
        return None
    found = read_moment(f"{day}T{at or NOON}")
    if found is None:
        why = _("this is no day, or no time of a day")
        raise noting.BadNote(fields={"said_at": why}, why=why)
    return found


def _told(made: Message, now: datetime) -> str:
    """What the toast says: by when she is answered, where she waits for that."""
    owed = Promise.objects.filter(uuid=made.thread.awaiting).first() if made.thread.awaiting else None
    if owed is None:
        return _("It is taken down.")
    return _("It is taken down. An answer is owed by: {when}.").format(when=ahead(owed.due_at, now))
