"""Telling staff of promises at risk or overdue: one message a minute and person at most, whatever happened."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import translation

from egard.kernel.access.actors import system
from egard.kernel.access.models import User
from egard.kernel.messages import texts
from egard.kernel.messages.operations import send
from egard.kernel.promises.facts import label_of
from egard.kernel.promises.models import Notice
from egard.kernel.promises.operations import note_told

KIND = "messages.promises_late"
NAMED_MAX = 10
"""So many are named in one message; of the others it says how many they are."""
TOLD_MAX = 2000


def tell_promises(*, now: datetime) -> None:
    """A job, each minute: what the notices say leaves as one message each, and once."""
    with transaction.atomic():
        untold = Notice.objects.filter(told_at=None).select_for_update(of=("self",), skip_locked=True)
        rows = list(untold.select_related("event", "promise", "user").order_by("user", "id")[:TOLD_MAX])
        for user, hers in groupby(rows, key=lambda notice: notice.user):
            _tell(user, list(hers), now=now)
        note_told(rows, now=now)


def _tell(user: User, notices: list[Notice], *, now: datetime) -> None:
    """What is kept or released by now is not worth a word."""
    news = {notice.promise_id: notice for notice in notices if notice.promise.ended_at is None}.values()
    if not news or not user.is_active:
        return
    language = texts.language_for(user.language)
    with translation.override(language):
        lines: list[dict[str, Any]] = [
            {"what": label_of(n.promise.kind), "due_at": n.promise.due_at, "broken": n.promise.state == "broken"}
            for n in sorted(news, key=lambda n: n.promise.due_at)
        ]
    fields = {
        "name": user.get_short_name(),
        "lines": lines[:NAMED_MAX],
        "more": max(0, len(lines) - NAMED_MAX),
        "broken": sum(line["broken"] for line in lines),
        "url": f"{settings.URL}/worklist/promises/" if settings.URL else "",
    }
    key = f"{KIND}:{user.pk}:{notices[-1].pk}"
    send(KIND, user.email, key=key, fields=fields, language=language, by=system("promises"), now=now)
