"""What is said between a person and the organisation, on her timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from egard.kernel.registry import Personal, fact
from egard.kernel.timeline.schemas import ERASED

EXCERPT_MAX = 280
Short = Annotated[str, Field(max_length=64)]
Line = Annotated[str, Field(max_length=500), Personal()]
Excerpt = Annotated[str, Field(max_length=EXCERPT_MAX), Personal()]


def _headline(data: Mapping[str, Any]) -> Any:
    if data["subject"] == ERASED:
        return _("A message, taken away with who it was about")
    return data["subject"] or data["excerpt"] or _("A message without words")


@fact(
    "messages.received",
    label=_("Message received"),
    headline=_headline,
    icon="message-circle",
    search_words=_("message"),
)
@dataclass(frozen=True, slots=True)
class MessageReceived:
    """She said something to us: `thread` and `message` name it, `excerpt` is how it begins."""

    thread: UUID
    message: UUID
    said_by: Short
    subject: Line = ""
    excerpt: Excerpt = ""


@fact("messages.sent", label=_("Message sent"), headline=_headline, icon="mail-forward", search_words=_("message"))
@dataclass(frozen=True, slots=True)
class MessageSent:
    """We said something to her, and it left us. `said_by`: by which way."""

    thread: UUID
    message: UUID
    said_by: Short
    subject: Line = ""
    excerpt: Excerpt = ""
    automatic: bool = False
