"""What staff write about a person, for one another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from egard.kernel.registry import Personal, fact
from egard.kernel.timeline.schemas import ERASED


def _headline(data: Mapping[str, Any]) -> Any:
    return _("A note, taken away with who it was about") if data["text"] == ERASED else data["text"]


@fact(
    "notes.written",
    label=_("Note"),
    headline=_headline,
    icon="note",
    private=True,
    template="notes/_entry.html",
    search_words=_("private note"),
)
@dataclass(frozen=True, slots=True)
class NoteWritten:
    """A private note of staff. `mentions` are the colleagues (`User.id`) whom it names with an @."""

    text: Annotated[str, Personal()]
    mentions: list[UUID] = field(default_factory=list)
