"""One text to as many people as filters name: begun by somebody, carried on by a job, a thousand at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from egard.base.refusal import Refusal
from egard.kernel.access.actors import Viewer
from egard.kernel.access.live import tell
from egard.kernel.access.models import User
from egard.kernel.access.operations import log_change
from egard.kernel.access.queries import viewer_for
from egard.kernel.jobs.operations import defer
from egard.kernel.messages import campaigns
from egard.kernel.messages.models import Sending, Template
from egard.kernel.messages.queries import TEMPLATES
from egard.kernel.people import lists

SENT = "messages.sent_to_many"
TOPIC = "sendings"


class NoPurpose(Refusal):
    """A text to many says what it is for: `service` is what she must know, anything else is asked of her consent."""

    code = "messages.no_purpose"
    title = _("What is this text for?")
    message = _("This text says no purpose. Choose one on its page first.")


def tried(viewer: Viewer, held: Template, filters: Mapping[str, str], *, now: datetime) -> Counter[str]:
    """Who would get it and, by reason, who would not; nothing is written. Raises `NoPurpose`, `UnknownFilter`."""
    _require(viewer, held)
    persons = lists.sought(viewer, filters).order_by("pk").values_list("pk", flat=True)
    told = {"purpose": held.purpose, "key": "trial", "by": viewer.actor, "now": now}
    return campaigns.write_all(persons.iterator(chunk_size=campaigns.BATCH), held, is_trial=True, **told)


@transaction.atomic
def begin(viewer: Viewer, held: Template, filters: Mapping[str, str], *, key: str, now: datetime) -> Sending:
    """Send it; once under `key`. Raises `NoPurpose`, `UnknownFilter`, `NotAllowed`."""
    _require(viewer, held)
    sending, is_new = Sending.objects.get_or_create(
        key=f"many:{key}",
        defaults={
            "template": held, "purpose": held.purpose, "user": User.objects.get(pk=viewer.user_id), "began_at": now,
            "filters": dict(filters), "total": lists.sought(viewer, filters).count(),
        },
    )  # fmt: skip
    if is_new:
        defer("messages.write_sending", sending=sending.pk)
        tell(TOPIC)
    return sending


def latest(viewer: Viewer, held: Template, *, most: int = 10) -> list[Sending]:
    """The latest sendings of a text in its language, whatever its version. One query. Raises `NotAllowed`."""
    viewer.require(TEMPLATES)
    same = Sending.objects.filter(template__code=held.code, template__language=held.language)
    return list(same.select_related("template").order_by("-id")[:most])


def write_sending(*, sending: int, now: datetime) -> None:
    """A job: write to all of them. One that was killed goes on behind the last thousand."""
    while _write_some(sending, now=now):
        pass


@transaction.atomic
def _write_some(pk: int, *, now: datetime) -> bool:
    """The next thousand, with how far it is then: both or neither. False where there are no more."""
    row = Sending.objects.select_for_update(of=("self",)).select_related("template", "user").get(pk=pk)
    if row.ended_at is not None:
        return False
    viewer = viewer_for(row.user)
    next_ones = lists.sought(viewer, row.filters).filter(pk__gt=row.at_person).order_by("pk")
    ids = list(next_ones.values_list("pk", flat=True)[: campaigns.BATCH])
    if ids:
        told = campaigns.write_all(ids, row.template, purpose=row.purpose, key=row.key, by=viewer.actor, now=now)
        row.tally = Counter(row.tally) + told
        row.done, row.at_person = row.done + len(ids), ids[-1]
    else:
        row.ended_at, row.filters = now, {}
        log_change(
            SENT, by=viewer.actor, now=now, subject=row.template.code, language=row.template.language,
            version=row.template.version, purpose=row.purpose, key=row.key, n=row.tally.get("queued", 0),
        )  # fmt: skip
    row.save()
    tell(TOPIC)
    return bool(ids)


def _require(viewer: Viewer, held: Template) -> None:
    viewer.require_everywhere(TEMPLATES)
    if not held.purpose:  # else nobody would be asked whether she agreed
        raise NoPurpose
