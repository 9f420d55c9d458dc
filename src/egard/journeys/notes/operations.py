"""Writing a note, correcting it, and keeping who was named."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from egard.base.refusal import Forbidden, NotFound, Refusal
from egard.console import mentioned
from egard.journeys.notes.facts import NoteWritten
from egard.journeys.notes.models import Mention
from egard.kernel.access.actors import Actor, Viewer
from egard.kernel.access.live import tell
from egard.kernel.access.models import User
from egard.kernel.people.models import Person
from egard.kernel.registry import Done
from egard.kernel.timeline.models import Fact
from egard.kernel.timeline.operations import record
from egard.kernel.timeline.reactions import LoggedFact

TEXT_MAX = 10_000


class EmptyNote(Refusal):
    """A note needs a text of 1 to 10,000 characters."""

    code = "notes.empty"
    title = _("Nothing is written")
    message = _("Write something first: a note has 1 to {limit} characters.")


class NotTheAuthor(Forbidden):
    """A note is corrected by who wrote it; others write a note of their own."""

    code = "notes.not_the_author"
    title = _("Somebody else wrote this note")
    message = _("Only who wrote a note corrects it. Write a note of your own instead.")


def write_note(
    person: Person, text: str, *, mentions: Iterable[UUID] = (), key: str, by: Actor, channel: str, now: datetime
) -> Fact:
    """Write a note on a person; the same key writes it once. Who is no colleague is not named.

    Raises `EmptyNote`, `KeyReused`, `Erased`.
    """
    held = Fact.objects.filter(person=person, key=f"note:{key}").first()
    fact = NoteWritten(text=_checked(text), mentions=_colleagues(mentions))
    at = held.at if held else now  # sent twice, it was written once
    return record(person, fact, at=at, by=by, channel=channel, key=f"note:{key}", now=now)


def correct_note(
    person: Person,
    note: UUID,
    text: str,
    *,
    mentions: Iterable[UUID] = (),
    key: str,
    by: Actor,
    channel: str,
    now: datetime,
) -> Fact:
    """Another note stands in the place of one's own; the first one stays readable, struck through.

    Raises `NotFound`, `NotTheAuthor`, `EmptyNote`, `AlreadyCorrected`.
    """
    first = Fact.objects.filter(person__in=person.members, uuid=note, kind__name="notes.written").first()
    if first is None:
        raise NotFound
    if first.by != str(by):
        raise NotTheAuthor
    fact = NoteWritten(text=_checked(text), mentions=_colleagues(mentions))
    return record(person, fact, at=now, by=by, channel=channel, key=f"note:{key}", now=now, corrects=note)


def keep_mentions(facts: list[LoggedFact]) -> None:
    """The reaction: who was named has the note in her list. A correction takes the place of what it corrects: who is
    named no more is free of it, and who had done with it has done with it.
    """
    wanted = {one for f in facts for one in f.data["mentions"]}
    known = set(User.objects.filter(pk__in=wanted).values_list("pk", flat=True)) if wanted else set()
    authors = dict(Fact.objects.filter(pk__in=[f.id for f in facts]).values_list("pk", "by")) if wanted else {}
    for f in facts:
        named = [UUID(one) for one in f.data["mentions"] if UUID(one) in known]
        if f.corrects:
            before = Mention.objects.filter(fact=f.corrects)
            before.exclude(user__in=named).delete()
            before.update(fact=f.uuid)
        if f.person_id:
            Mention.objects.bulk_create(
                (
                    Mention(fact=f.uuid, person_id=f.person_id, user_id=user, by=authors[f.id], at=f.at)
                    for user in dict.fromkeys(named)
                ),
                ignore_conflicts=True,
            )
    tell(*(f"user:{one}" for one in known))


def finish_mentions(viewer: Viewer, ids: Sequence[str], *, choice: str, now: datetime) -> Done:
    """Done with these: they leave one's list."""
    return mentioned.finish(Mention, viewer, ids, now=now)


def take_up_mentions(viewer: Viewer, former: Mapping[str, Any], *, now: datetime) -> Collection[str]:
    """They wait again."""
    return mentioned.take_up(Mention, viewer, former)


def _checked(text: str) -> str:
    clean = text.replace("\x00", "").replace("\r\n", "\n").strip()
    if not clean or len(clean) > TEXT_MAX:
        raise EmptyNote(limit=TEXT_MAX, fields={"text": str(EmptyNote.title)})
    return clean


def _colleagues(ids: Iterable[UUID]) -> list[UUID]:
    wanted = list(dict.fromkeys(ids))[:50]
    known = set(User.objects.filter(pk__in=wanted, is_active=True, is_staff=True).values_list("pk", flat=True))
    return [one for one in wanted if one in known]
