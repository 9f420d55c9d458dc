"""When an answer leaves: in a few seconds, or at a moment that was chosen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _

from egard.console.morrow import ahead, clock
from egard.console.typed import read_moment
from egard.console.worklist_snooze import LATEST, BadMoment, until_of
from egard.kernel.messages.conversing import UNDO
from egard.kernel.registry import Choice


def choices(now: datetime) -> list[Choice]:
    """The moments that are offered: tomorrow, and the next day on which the house is open where that is another."""
    tomorrow, working = until_of("tomorrow", now=now), until_of("working", now=now)
    offered = [Choice("tomorrow", _("Tomorrow morning"), clock(tomorrow))]
    return offered if working == tomorrow else [*offered, Choice("working", _("Next working day"), ahead(working, now))]


def wait_of(post: Mapping[str, str], *, now: datetime) -> timedelta:
    """How long the answer waits before it leaves. Raises `BadMoment`."""
    chosen = post.get("later", "")
    if not chosen:
        return UNDO
    at = read_moment(post.get("at", "")) if chosen == "at" else until_of(chosen, now=now)
    if at is None or not now < at <= now + LATEST:
        raise BadMoment
    return max(at.astimezone(UTC) - now, UNDO)
