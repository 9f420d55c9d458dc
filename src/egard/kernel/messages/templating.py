"""Texts of the house with merge fields: versions that stay, previews on a real person, replies put in by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from egard.base.refusal import NotFound, Refusal
from egard.kernel.access.actors import Actor
from egard.kernel.access.operations import log_change
from egard.kernel.access.queries import system_viewer
from egard.kernel.messages import checking
from egard.kernel.messages.brand import organisation
from egard.kernel.messages.models import Template
from egard.kernel.messages.rules import fields
from egard.kernel.people.models import Person
from egard.kernel.people.operations import slug
from egard.kernel.people.queries import adviser
from egard.kernel.registry import Draft, registry

FIELDS = ("given_name", "family_name", "name", "adviser", "author", "organisation")
"""Of the house itself; journeys declare others."""
TEXT_MAX, SUBJECT_MAX, LABEL_MAX = 20_000, 200, 200
BEGAN_MAX = 110


class BadTemplate(Refusal):
    """The text cannot be a template; the fields say what to put right."""

    code = "messages.bad_template"
    message = _("This template cannot be kept: {why}")


class FieldMissing(Refusal):
    """Something in the template is not known of this person; add it to her file, or give the field another text."""

    code = "messages.field_missing"
    message = _("Nothing is known for: {names}. Add it, or write in the template what stands in its place.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draught:
    """A template as somebody writes it."""

    code: str
    language: str
    label: str
    text: str
    subject: str = ""
    is_reply: bool = False
    purpose: str = ""
    moment: str = ""


@dataclass(frozen=True, slots=True)
class Filled:
    """A template's words for one person."""

    subject: str
    text: str


@transaction.atomic
def set_template(draught: Draught, *, by: Actor, now: datetime) -> Template:
    """The text that holds from now on under this code and language: a new version, unless it says what the newest does.

    Every declared check reads it as a template. Raises `BadTemplate`, `StyleRefused`, `BadValue` (of the code).
    """
    code = slug(draught.code)
    _require_good(draught)
    verdict = checking.require(draft_of(draught, by=by, now=now))
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('egard.template.' || %s, 0))", [code])
    values = {name: getattr(draught, name) for name in ("label", "subject", "text", "is_reply", "purpose", "moment")}
    last = Template.objects.filter(code=code, language=draught.language).order_by("-version").first()
    if last and last.retired_at is None and all(getattr(last, name) == value for name, value in values.items()):
        return last
    made = Template.objects.create(
        code=code,
        language=draught.language,
        version=last.version + 1 if last else 1,
        score=verdict.score,
        created_at=now,
        by=str(by),
        **values,
    )
    log_change("messages.template_set", by=by, now=now, subject=code, language=made.language, version=made.version)
    return made


def draft_of(draught: Draught, *, by: Actor, now: datetime) -> Draft:
    """The text as those who check it read it: also while it is being typed."""
    return Draft(
        text=draught.text, language=draught.language, channel="email", author=by, now=now, moment=draught.moment,
        template=True,
    )  # fmt: skip


@transaction.atomic
def retire_template(code: str, *, by: Actor, now: datetime) -> None:
    """It is offered no more, in any language; its versions stay. Raises `NotFound`."""
    held = Template.objects.filter(code=code)
    if not held.exists():
        raise NotFound
    if held.filter(retired_at=None).update(retired_at=now):
        log_change("messages.template_retired", by=by, now=now, subject=code)


def latest() -> list[Template]:
    """Every template in its newest version, also those that are offered no more: one query."""
    return list(Template.objects.order_by("code", "language", "-version").distinct("code", "language"))


def versions(code: str, language: str) -> list[Template]:
    """All versions of a template in one language, the newest first; none where there is no such text."""
    return list(Template.objects.filter(code=code, language=language).order_by("-version"))


def newest(*, is_reply: bool | None = None) -> list[Template]:
    """Every template that is offered, in its newest version, by label: one query."""
    rows = [one for one in latest() if one.retired_at is None and is_reply in (None, one.is_reply)]
    return sorted(rows, key=lambda one: (one.label, one.language))


def template(code: str, *wished: str) -> Template:
    """The newest version in the first of the `wished` languages that there is, else in any. Raises `NotFound`."""
    held = {one.language: one for one in newest() if one.code == code}
    for language in (*wished, settings.LANGUAGE_CODE, *held):
        if language in held:
            return held[language]
    raise NotFound


def values_for(person: Person | None, author: str) -> dict[str, str]:
    """What the merge fields say: nothing of anybody's file where it is not known who reads it."""
    found = {"organisation": organisation(), "author": author}
    if person is not None:
        names = {"given_name": person.given_name, "family_name": person.family_name, "name": person.name}
        found |= {**names, "adviser": _adviser_of(person)}
        found |= {name: declared.fill(person) for name, declared in registry.merge_fields.items()}
    return found


def known_fields() -> tuple[str, ...]:
    """What a text may name."""
    return (*FIELDS, *registry.merge_fields)


def _adviser_of(person: Person) -> str:
    held = adviser(system_viewer("messages"), person)
    return held.name if held else ""


def fill(held: Template, person: Person | None, *, author: str) -> Filled:
    """The words for one person. Raises `FieldMissing`."""
    values = values_for(person, author)
    try:
        return Filled(" ".join(fields.filled(held.subject, values).split()), fields.filled(held.text, values))
    except fields.Missing as missing:
        raise FieldMissing(names=", ".join(missing.names)) from missing


def began(held: Template, values: Mapping[str, str]) -> str:
    """How the text begins, on one line, with what is known filled in."""
    line = " ".join(fields.shown(held.text, values, lambda name: f"⟨{name}⟩").split())
    return line if len(line) <= BEGAN_MAX else f"{line[: BEGAN_MAX - 1].rstrip()}…"


def preview(held: Template, person: Person | None, *, author: str) -> Filled:
    """The same for who writes it: what is missing stands in its place, marked."""
    values = values_for(person, author)
    return Filled(*(fields.shown(text, values, lambda name: f"⟨{name}⟩") for text in (held.subject, held.text)))


def _require_good(draught: Draught) -> None:
    wrong: dict[str, str] = {}
    if draught.language not in dict(settings.LANGUAGES):
        wrong["language"] = str(_("one of the languages of this house"))
    if not draught.label.strip() or len(draught.label) > LABEL_MAX:
        wrong["label"] = str(_("write 1 to {limit} characters")).format(limit=LABEL_MAX)
    if not draught.text.strip() or len(draught.text) > TEXT_MAX or "\x00" in draught.text:
        wrong["text"] = str(_("write 1 to {limit} characters")).format(limit=TEXT_MAX)
    if any(c in draught.subject for c in "\r\n\x00") or len(draught.subject) > SUBJECT_MAX:
        wrong["subject"] = str(_("a subject is one line"))
    for name in ("text", "subject"):
        text = getattr(draught, name)
        unknown = [one for one in fields.named(text) if one not in known_fields()]
        known = ", ".join(known_fields())
        if unknown:
            told = str(_("nothing is known under {unknown}; a text may say {known}"))
            wrong.setdefault(name, told.format(unknown=", ".join(f"{{{{ {one} }}}}" for one in unknown), known=known))
        elif not fields.is_whole(text):
            told = str(_("a field stands between {{ and }}, as {{ given_name }}, and has one of these names: %s"))
            wrong.setdefault(name, told % known)
    if wrong:
        raise BadTemplate(fields=wrong, why="; ".join(wrong.values()))
