"""What clients are told when they are handed over: the house's own text to begin with, fields, checks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from egard.base.text import elided
from egard.journeys.reach.refusals import WrongHandover
from egard.kernel.access.actors import Actor
from egard.kernel.access.models import User
from egard.kernel.messages import checking, templating
from egard.kernel.messages.rules import fields
from egard.kernel.messages.templating import SUBJECT_MAX, TEXT_MAX, Filled
from egard.kernel.messages.texts import language_for
from egard.kernel.people.models import Person
from egard.kernel.registry import Draft

MOMENT = "handover"


def known_fields() -> tuple[str, ...]:
    """Those of any text of the house, and `former`: who was her adviser. `adviser` is the new one."""
    return (*templating.known_fields(), "former")


def ours() -> dict[str, dict[str, str]]:
    """The text with which one begins, in each language of the house."""
    found = {}
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            found[code] = {"subject": _("{{ adviser }} is your adviser from now on"), "text": _TEXT()}
    return found


def _TEXT() -> str:
    return _(
        "Hello {{ given_name | dear client }},\n\n"
        "From today {{ adviser }} is your adviser, in the place of {{ former }}. What you were promised stays "
        "promised, at the same moments, and {{ adviser }} knows your file: you need not explain anything again.\n\n"
        "To reach {{ adviser }}, call the number that you know, or answer this message.\n\n"
        "{{ former }}\n{{ organisation }}"
    )


def from_template(code: str) -> dict[str, dict[str, str]]:
    """A text of the house in each language in which there is one; ours in the others. Raises `NotFound`."""
    templating.template(code)
    held = {one.language: {"subject": one.subject, "text": one.text} for one in templating.newest() if one.code == code}
    return {**ours(), **held}


def checked(words: Mapping[str, Mapping[str, str]], *, by: Actor, now: datetime) -> dict[str, dict[str, str]]:
    """The words as they are kept. Raises `WrongHandover`, `StyleRefused`."""
    told: dict[str, dict[str, str]] = {}
    wrong: dict[str, str] = {}
    for code, _name in settings.LANGUAGES:
        one = words.get(code) or {}
        subject, text = one.get("subject", "").strip(), one.get("text", "").replace("\r\n", "\n").strip()
        if not subject or len(subject) > SUBJECT_MAX or any(c in subject for c in "\r\n\x00"):
            wrong[f"subject_{code}"] = _("a subject is one line")
        if not text or len(text) > TEXT_MAX or "\x00" in text:
            wrong[f"text_{code}"] = _("write 1 to {limit} characters").format(limit=TEXT_MAX)
        for name, value in (("subject", subject), ("text", text)):
            if not fields.is_whole(value) or set(fields.named(value)) - set(known_fields()):
                wrong.setdefault(
                    f"{name}_{code}", _("the merge fields are {known}").format(known=", ".join(known_fields()))
                )
        told[code] = {"subject": subject, "text": text}
    if wrong:
        raise WrongHandover(fields=wrong, why="; ".join(dict.fromkeys(wrong.values())))
    for code, one in told.items():
        draft = Draft(
            text=one["text"], language=code, channel="email", author=by, now=now, moment=MOMENT, template=True
        )
        checking.require(draft)
    return told


def filled(words: Mapping[str, str], person: Person, giver: User, taker: User) -> Filled:
    """For one person. Raises `fields.Missing`."""
    values = values_for(person, giver, taker)
    subject = " ".join(fields.filled(words["subject"], values).split())
    return _elided(Filled(subject, fields.filled(words["text"], values)), values)


def preview(words: Mapping[str, str], person: Person, giver: User, taker: User | None) -> Filled:
    """The same for who writes it: what is missing stands marked, also the adviser while none is chosen."""
    with translation.override(language_for(person.language)):
        values = values_for(person, giver, taker) | ({} if taker else {"adviser": f"⟨{_('the new adviser')}⟩"})
    told = (fields.shown(words[name], values, lambda name: f"⟨{name}⟩") for name in ("subject", "text"))
    return _elided(Filled(*told), values)


def _elided(said: Filled, values: Mapping[str, str]) -> Filled:
    """“In the place of” somebody, as one says it in French before her name."""
    for name in ("former", "adviser"):
        said = Filled(elided(said.subject, values[name]), elided(said.text, values[name]))
    return said


def values_for(person: Person, giver: User, taker: User | None) -> dict[str, str]:
    told = {"adviser": taker.name if taker else "", "former": giver.name}
    return {**templating.values_for(person, giver.name), **told}
