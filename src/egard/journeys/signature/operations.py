"""Scores are kept as messages leave; nothing is ever judged anew over all."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from egard.base.refusal import Conflict, Refusal
from egard.journeys.signature import brands
from egard.journeys.signature.checking import named_of, spoken
from egard.journeys.signature.models import BrandVersion, Publication, Scored
from egard.journeys.signature.rules.check import check
from egard.journeys.signature.rules.lint import lint
from egard.kernel.access.actors import Actor
from egard.kernel.access.models import User
from egard.kernel.access.operations import log_change
from egard.kernel.messages.models import Message
from egard.kernel.people.models import Person
from egard.kernel.timeline.reactions import LoggedFact

SENT = "messages.sent/1"


class BadStyle(Refusal):
    """The file is no style; what is wrong stands beside it, by line. What held before still does."""

    code = "signature.bad_style"
    message = _("This style cannot be published: line {line}: {why}")


class KeptElsewhere(Conflict):
    """The operator keeps the style in a file of his own (`EGARD_BRAND`); change it there."""

    code = "signature.kept_elsewhere"
    message = _("The style is kept in the file {file}. It is changed there, not here.")


@transaction.atomic
def publish(source: str, *, by: Actor, now: datetime) -> Publication:
    """The style by which every message is judged from now on. The one that holds again changes nothing.

    Raises `BadStyle` where the file or an example of its rules is wrong, `KeptElsewhere`, `brands.ReaderMissing`.
    """
    if named := brands.named_file():
        raise KeptElsewhere(file=named.name)
    brand, wrong = lint(source)
    if brand is not None:
        brands.require_reader(brand)
    if brand is None or wrong:
        raise BadStyle(line=wrong[0].line, why=wrong[0].message, fields={"source": wrong[0].message})
    _one_at_a_time()
    last = Publication.objects.order_by("-id").first()
    if last is not None and last.source == source and brands.held().source == source:
        return last
    made = Publication.objects.create(version=brand.version, source=source, by=str(by), at=now)
    log_change("signature.published", by=by, now=now, subject=brand.style.brand, version=brand.version[:12])
    transaction.on_commit(lambda: put_in_place(now=now))
    return made


@transaction.atomic
def put_in_place(*, now: datetime) -> None:
    """A job: the file says what was published last. Written after that stands in the database, by whoever published it;
    else, where that was cut short, by the next worker. What somebody wrote into the file since stays.
    """
    _one_at_a_time()
    last = Publication.objects.order_by("-id").first()
    if last is None or last.written_at is not None or brands.named_file():
        return
    brands.write(last.source)
    Publication.objects.filter(written_at=None).update(written_at=now)


def _one_at_a_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('egard.signature.publish', 0))")


def score(facts: list[LoggedFact]) -> None:
    """The reaction: each message that somebody of ours wrote is judged once, by the brand that holds as it leaves. Five
    statements a batch.
    """
    sent = {UUID(str(one.data["message"])): one.at for one in facts if not one.data.get("automatic")}
    known = set(Scored.objects.filter(message__in=sent).values_list("message", flat=True))
    related = ("thread__person", "thread__team")
    found = Message.objects.select_related(*related).filter(uuid__in=sent.keys() - known, direction="out")
    messages = [one for one in found if one.text.strip() and not one.automatic]
    if not messages:
        return
    held = brands.held()
    version, _made = BrandVersion.objects.get_or_create(
        version=held.brand.version,
        defaults={
            "brand": held.brand.style.brand, "source": held.source, "first_at": min(sent[one.uuid] for one in messages),
        },
    )  # fmt: skip
    teams = _teams(messages)
    rows = [_row(one, version, teams, at=sent[one.uuid]) for one in messages]
    Scored.objects.bulk_create(rows, ignore_conflicts=True)


def _teams(messages: list[Message]) -> dict[str, UUID]:
    """The first team of each author, by actor: what is said outside of a team's own conversation counts for hers."""
    authors = {one.author.removeprefix("user:") for one in messages if one.author.startswith("user:")}
    held = User.teams.through.objects.filter(user_id__in=authors).order_by("user_id", "id")
    found: dict[str, UUID] = {}
    for user, team in held.values_list("user_id", "team_id"):
        found.setdefault(f"user:{user}", team)
    return found


def _row(one: Message, version: BrandVersion, teams: dict[str, UUID], *, at: datetime) -> Scored:
    thread = one.thread
    judged = check(
        one.text,
        brands.judging(),
        language=spoken(one.language or ""),
        moment=one.moment,
        channel=one.channel,
        named=named_of(thread.person),
    )
    parts: dict[str, Any] = dict(judged.parts)
    return Scored(
        message=one.uuid, thread=thread.uuid, person=thread.person, author=one.author,
        team_id=thread.team_id or teams.get(one.author), channel=one.channel, language=judged.language,
        moment=one.moment, score=judged.score, client=judged.client, company=judged.company, version=version, at=at,
        **parts,
    )  # fmt: skip


def export(person: Person) -> list[dict[str, Any]]:
    """A hook of lifecycle: how what was written to her was judged."""
    names = ("message", "at", "channel", "score", "focus", "facts", "posture", "usefulness", "clarity")
    return list(Scored.objects.filter(person=person).order_by("id").values(*names))


def erase(person: Person, now: datetime) -> None:
    """A hook of lifecycle: a score is no longer hers; it stays a figure of ours."""
    Scored.objects.filter(person=person).update(person=None, thread=None)
