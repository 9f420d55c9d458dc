"""Scores are kept as messages leave; nothing is ever judged anew over all."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from egard.journeys.signature import brands
from egard.journeys.signature.checking import named_of, spoken
from egard.journeys.signature.models import BrandVersion, Scored
from egard.journeys.signature.rules.check import check
from egard.kernel.access.models import User
from egard.kernel.messages.models import Message
from egard.kernel.people.models import Person
from egard.kernel.timeline.reactions import LoggedFact

SENT = "messages.sent/1"


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
        brands.held().brand,
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
