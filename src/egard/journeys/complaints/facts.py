"""What a person lives with her complaint, on her timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import Field

from egard.kernel.registry import Personal, fact
from egard.kernel.timeline.schemas import ERASED

Short = Annotated[str, Field(max_length=64)]
SUBJECT_MAX = 200


def _received(data: Mapping[str, Any]) -> str:
    subject = data.get("subject", "")
    if not subject or subject == ERASED:
        return _("She complains again") if data.get("again") else _("Complaint received")
    words = {"subject": subject}
    return _("Complains again: %(subject)s") % words if data.get("again") else _("Complains: %(subject)s") % words


def _answered(data: Mapping[str, Any]) -> str:
    return _("Complaint settled at once") if data.get("at_once") else _("Complaint answered")


@fact("complaints.received", label=gettext_lazy("Complaint received"), headline=_received, icon="flag", tone="risk")
@dataclass(frozen=True, slots=True)
class ComplaintReceived:
    """She complained. `again`: about something that she had complained of before, and that was still open."""

    complaint: UUID
    subject: Annotated[str, Field(max_length=SUBJECT_MAX), Personal()] = ""
    category: Short = ""
    again: bool = False


@fact("complaints.acknowledged", label=gettext_lazy("Complaint acknowledged"), icon="mail")
@dataclass(frozen=True, slots=True)
class ComplaintAcknowledged:
    """We told her that we have it, and by when she is answered."""

    complaint: UUID


@fact(
    "complaints.answered", label=gettext_lazy("Complaint answered"), headline=_answered, icon="circle-check",
    tone="kept",
)  # fmt: skip
@dataclass(frozen=True, slots=True)
class ComplaintAnswered:
    """She was answered; `at_once`, in the very contact in which she complained."""

    complaint: UUID
    at_once: bool = False


@fact("complaints.closed", label=gettext_lazy("Complaint closed"), icon="check")
@dataclass(frozen=True, slots=True)
class ComplaintClosed:
    """It is closed, with what came of it."""

    complaint: UUID
    outcome: Short = ""


@fact("complaints.reopened", label=gettext_lazy("Complaint reopened"), icon="arrow-back-up", tone="risk")
@dataclass(frozen=True, slots=True)
class ComplaintReopened:
    """It was not settled after all."""

    complaint: UUID
