"""The shapes of conversations, messages and templates."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Base64Bytes, Field

from egard.api.schemas import In, Out, StaffOut, TeamOut
from egard.base.moments import Moment

State = Literal["open", "waiting_for_us", "waiting_for_them", "closed"]
Channel = Literal["email", "sms", "chat", "post", "counter", "call"]
Text = Field(min_length=1, max_length=50_000)
Key = Field(min_length=1, max_length=180, description="the same key gives the first message again")
Moment_ = Field(default="", max_length=64, description="the occasion, for those who check it: `refusal`, `welcome`")


class FileOut(Out):
    id: UUID
    name: str
    type: str = Field(description="found in its bytes, not believed")
    size: int = Field(description="bytes")


class MessageOut(Out):
    id: UUID
    thread: UUID
    direction: Literal["in", "out", "note"]
    channel: Channel
    author: str
    sender: str
    sender_name: str
    subject: str
    text: str
    folded: list[tuple[str, int, int]] = Field(description="what of the text is quoted, and signatures: kind, from, to")
    state: str = Field(description="received, written, queued, sent, undone, failed, bounced")
    trust: str = Field(description="of what came in: verified, unverified, forged")
    automatic: bool = Field(description="a machine wrote it")
    language: str
    score: int | None = Field(description="what the house's checks gave it, 0 to 100")
    at: datetime
    files: list[FileOut]


class ThreadOut(Out):
    id: UUID
    person: UUID | None = Field(description="null: nobody known, or nobody who is vouched for")
    claimed: UUID | None = Field(description="whom an unverified sender says she is")
    channel: Channel
    subject: str
    language: str
    state: State
    assignee: StaffOut | None
    team: TeamOut | None
    snoozed_until: datetime | None
    promise: UUID | None = Field(description="the promise of an answer, while she waits")
    created_at: datetime
    last_at: datetime


class ThreadWhole(ThreadOut):
    messages: list[MessageOut]


class ThreadIn(In):
    state: Literal["open", "closed"] | None = Field(default=None, description="open: it goes on")
    assignee: UUID | None = Field(default=None, description="null takes it from whoever has it")
    team: UUID | None = None
    snoozed_until: Moment | None = Field(default=None, description="null: no longer put off")
    person: UUID | None = Field(default=None, description="who an unknown sender is; you vouch for it")


class CompletesIn(In):
    case: UUID
    step: str = Field(min_length=1, max_length=64)
    data: dict[str, Any] = Field(
        default_factory=dict, description="its evidence; the one text that it asks for is the answer itself"
    )


class MessageIn(In):
    thread: UUID | None = Field(default=None, description="an answer in this conversation, or a note")
    person: UUID | None = Field(default=None, description="without a thread: whom to write to first")
    channel: Channel = "email"
    purpose: str = Field(default="service", max_length=64, description="any but answer and service needs consent")
    subject: str = Field(default="", max_length=500)
    text: str = Text
    note: bool = Field(default=False, description="a private note of staff: it goes to nobody")
    moment: str = Moment_
    send_at: Moment | None = Field(default=None, description="not before then")
    undo_seconds: int = Field(default=0, ge=0, le=60, description="for so long an answer can be taken back")
    key: str = Key
    completes: CompletesIn | None = Field(default=None, description="an answer that completes a step of her case")


class ScannedIn(In):
    name: str = Field(min_length=1, max_length=200)
    content: Base64Bytes = Field(max_length=8_000_000, description="the file's bytes in base64")


class TakenDownIn(In):
    person: UUID
    channel: Literal["post", "counter", "call"] = "post"
    text: str = Field(default="", max_length=50_000, description="what she said; may be empty where files say it")
    subject: str = Field(default="", max_length=500)
    said_at: Moment | None = Field(default=None, description="when the letter came, or she said it; null: now")
    thread: UUID | None = Field(default=None, description="her conversation that goes on; null: one begins")
    reference: str = Field(default="", max_length=320, description="what the code on a letter of ours says")
    files: list[ScannedIn] = Field(default=[], max_length=20, description="a letter's pages: PDF files or pictures")
    key: str = Field(min_length=1, max_length=100, description="the same key gives the first message again")


class TemplateOut(Out):
    code: str
    language: str
    version: int
    label: str
    is_reply: bool
    purpose: str
    moment: str
    subject: str
    text: str
    score: int | None
    created_at: datetime
    by: str


class TemplateIn(In):
    code: str = Field(min_length=1, max_length=64)
    language: str = Field(min_length=2, max_length=8)
    label: str = Field(min_length=1, max_length=200)
    text: str = Field(min_length=1, max_length=20_000, description="merge fields: {{ given_name | Madame, Monsieur }}")
    subject: str = Field(default="", max_length=200)
    is_reply: bool = Field(default=False, description="put into an answer by hand")
    purpose: str = Field(default="", max_length=64)
    moment: str = Moment_


class PreviewIn(In):
    person: UUID | None = None
    language: str = Field(default="", max_length=8)


class PreviewOut(Out):
    language: str
    subject: str
    text: str
