"""Files that are opened for a reason only: who is asked, and what counts as having answered."""

from __future__ import annotations

from datetime import datetime, time

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from egard.base.clock import utc_now
from egard.base.refusal import Forbidden
from egard.kernel.access.actors import Viewer
from egard.kernel.access.queries import gave_reason
from egard.kernel.people.models import Person

PROTECT = "people.protect"
ASKED_ALWAYS, ASKED_NEVER = "always", "never"
REASON_MIN = 3
"""Characters below which a reason says nothing."""


class ReasonNeeded(Forbidden):
    """The file is protected: say why it is opened, and the reason stands in the log of who saw it."""

    code = "people.reason_needed"
    title = _("Why do you need this file?")
    message = _(
        "This file is opened for a reason only. Programs say it with each request, in the header Egard-Reason or as the"
        " parameter reason."
    )


def is_asked(viewer: Viewer, person: Person) -> bool:
    """Whether this viewer says why before she sees this file: staff and programs, never the person herself."""
    if viewer.actor.kind not in ("user", "key") or person.erased_at or settings.ASK_WHY == ASKED_NEVER:
        return False
    return person.protected_at is not None or settings.ASK_WHY == ASKED_ALWAYS


def require_reason(viewer: Viewer, person: Person) -> None:
    """Staff are asked once a day and person; a program, which works for many, each time. Raises `ReasonNeeded`."""
    if not is_asked(viewer, person) or is_reason(viewer.reason):
        return
    today = timezone.localtime(utc_now()).date()
    since = timezone.make_aware(datetime.combine(today, time.min))
    if viewer.actor.kind == "key" or not gave_reason(viewer, *person.members, since=since):
        raise ReasonNeeded(person=person.uuid)


def is_reason(text: str) -> bool:
    return len(text.strip()) >= REASON_MIN
