"""A message's words: files with merge fields, in the reader's language; HTML by MJML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.template import Context, Engine, TemplateDoesNotExist
from django.template.loader import select_template
from django.utils import timezone, translation
from mjml import mjml2html

from egard.kernel.messages.brand import organisation
from egard.kernel.registry import MessageKind

SUBJECT_MAX = 200
_FIRST_OF_MONTH = re.compile(r"\b1 (?=[a-zéû]{3,9} \d{4}\b)")


@dataclass(frozen=True, slots=True)
class Words:
    subject: str
    text: str
    html: str


def language_for(*wished: str) -> str:
    """The first wished language that there is, else the installation's."""
    known = dict(settings.LANGUAGES)
    return next((code for code in wished if code in known), settings.LANGUAGE_CODE)


def written(kind: MessageKind, language: str, fields: Mapping[str, Any], *, channel: str = "email") -> Words:
    """The message in `language` (`fr`, `en`). Raises `ValueError` where fields are missing or unknown: our mistake."""
    if set(fields) != set(kind.fields):
        raise ValueError(f"{kind.name} takes the fields {kind.fields}, not {tuple(fields)}")
    context = {**fields, "organisation": organisation(), "language": language}
    with translation.override(language), timezone.override(settings.TIME_ZONE):
        if channel == "sms":
            return Words("", _plain(f"{kind.template}.{language}.sms.txt", context).strip().replace("\n", " "), "")
        plain = _plain(f"{kind.template}.{language}.txt", context)
        first, _newline, body = plain.strip().partition("\n")
        subject, text = " ".join(first.split())[:SUBJECT_MAX], body.strip() + "\n"
        paragraphs = [" ".join(part.split()) for part in text.split("\n\n")]
        context = {**context, "subject": subject, "paragraphs": [part for part in paragraphs if part]}
        drawn = select_template([f"{kind.template}.{language}.mjml", "messages/paragraphs.mjml"])
        return Words(subject, text, mjml2html(drawn.render(context)))


def _plain(name: str, context: Mapping[str, Any]) -> str:
    """A text file with its fields as they are: nothing is escaped where nothing is marked up."""
    try:
        template = Engine.get_default().get_template(name)
    except TemplateDoesNotExist as error:
        raise ValueError(f"a kind of message lacks its file {name}") from error
    text = template.render(Context(dict(context), autoescape=False))
    return _FIRST_OF_MONTH.sub("1er ", text) if context["language"] == "fr" else text
