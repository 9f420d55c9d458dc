"""The shapes of answers and of bodies. What a viewer may not see is null or absent from its list, never invented."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from ninja import Query
from pydantic import BaseModel, ConfigDict, Field

from egard.base.moments import Moment
from egard.base.paging import LIMIT_MAX

T = TypeVar("T")

Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX, description="items of a page")]
Cursor = Annotated[str | None, Query(max_length=4000, description="`next` of the page before")]


class In(BaseModel):
    """A body: a field that is not known is refused, so that no misspelt one is lost in silence."""

    model_config = ConfigDict(extra="forbid")


class Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Listed(BaseModel, Generic[T]):
    """A page of a list."""

    items: list[T]
    next: str | None = Field(description="cursor of the next page; null: this is the last")


class SiteOut(Out):
    id: UUID
    code: str
    name: str
    zone: str


class TeamOut(Out):
    id: UUID
    code: str
    name: str


class StaffOut(Out):
    id: UUID
    name: str
    email: str


class PersonOut(Out):
    id: UUID
    name: str
    given_name: str
    family_name: str
    language: str
    address: str | None = Field(description="null where you may not see it")
    country: str
    site: SiteOut | None
    created_at: datetime
    erased_at: datetime | None
    merged_ids: list[UUID] = Field(description="ids of the records merged into this one; each of them leads here")
    version: str = Field(description="stands for what PATCH changes: send it as If-Match, and nothing is overwritten")


class MatchOut(Out):
    kind: str
    value: str


class PersonRowOut(Out):
    """A person in a list."""

    id: UUID
    name: str
    given_name: str
    family_name: str
    site: str
    adviser: str
    roles: list[str]
    contact: str
    matched: MatchOut | None = Field(description="the identifier that was found, where the name does not say it")


class IdentifierIn(In):
    kind: str = Field(examples=["email"])
    value: str = Field(examples=["anne@example.org"])


class NewIdentifier(IdentifierIn):
    shared: bool = Field(False, description="others may have it too (a household's e-mail)")


class IdentifierOut(Out):
    kind: str
    value: str
    display: str
    shared: bool
    reach: str = Field(description="email, phone…: one can write or call there; empty otherwise")
    added_at: datetime


class NewPerson(In):
    given_name: str = ""
    family_name: str = ""
    language: str = Field("", description="fr, en…")
    address: str = ""
    country: str = Field("", description="ISO 3166, two letters")
    site: UUID | None = Field(None, description="id of the home site")
    identifiers: list[IdentifierIn] = Field([], max_length=100)
    roles: list[str] = Field([], max_length=50, examples=[["customer"]])


class PersonChange(In):
    """What is not named stays."""

    given_name: str = ""
    family_name: str = ""
    language: str = ""
    address: str = ""
    country: str = ""
    site: UUID | None = None


class RoleIn(In):
    role: str = Field(examples=["customer"])
    since: Moment | None = Field(None, description="now, if absent")


class RoleEnd(In):
    until: Moment | None = Field(None, description="now, if absent")


class RoleOut(Out):
    role: str
    since: datetime
    until: datetime | None


class ConsentIn(In):
    purpose: str = Field(examples=["newsletter"])
    channel: str = Field(examples=["email"])
    given: bool
    at: Moment | None = Field(None, description="when it was said; now, if absent")
    proof: str = Field("", max_length=500, description="where and how it was said")


class ConsentState(Out):
    """The word that holds now on a purpose and channel."""

    purpose: str
    channel: str
    given: bool
    at: datetime
    proof: str


class ConsentOut(ConsentState):
    recorded_at: datetime
    by: str


class ConsentsOut(Listed[ConsentOut]):
    """`current` holds now; `items` is the history, newest first."""

    current: list[ConsentState]


class AdviserIn(In):
    staff: UUID | None = Field(description="id of a member of staff; null: no adviser")
    since: Moment | None = Field(None, description="now, if absent")


class Adviser(Out):
    id: UUID
    name: str
    email: str
    since: datetime


class AdviserOut(Out):
    adviser: Adviser | None


class EntryOut(Out):
    """One fact of the timeline."""

    id: UUID
    kind: str = Field(examples=["purchases.made/1"])
    at: datetime
    recorded_at: datetime
    channel: str
    label: str = Field(description="the kind in words")
    headline: str = Field(description="the line that staff read")
    by: str = Field(description="who recorded it: user:…, key:…, system:…")
    key: str
    data: dict[str, Any]
    corrects: UUID | None
    corrected_by: UUID | None


class FactOut(EntryOut):
    person: UUID | None


class PanelOut(Out):
    label: str
    data: dict[str, Any] | None = Field(description="null: nothing to show")


class OverviewOut(Out):
    """Everything that the person's page shows."""

    person: PersonOut
    identifiers: list[IdentifierOut]
    roles: list[RoleOut]
    consents: list[ConsentState]
    adviser: Adviser | None
    open: list[dict[str, Any]] = Field(description="what the journeys have open with her, the nearest moment first")
    panels: dict[str, PanelOut]
    timeline: Listed[EntryOut] | None = Field(description="the 50 latest facts; null where you may not read them")


class MergeIn(In):
    other: UUID = Field(description="id of the person who is this one; her values fill blanks, those of this one hold")
    reason: str = Field("", max_length=500, description="why they are one, in a few words")


class MergeOut(Out):
    id: UUID
    survivor: UUID
    absorbed: UUID
    at: datetime
    by: str
    reason: str
    undone_at: datetime | None
    undone_by: str


class ErasureOut(Out):
    id: UUID
    erased_at: datetime
