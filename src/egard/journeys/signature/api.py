"""The brand's style for programs: a text judged, and what the brand asks for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from egard.api.authentication import viewer_of
from egard.base.clock import utc_now
from egard.journeys.signature import brands, queries
from egard.journeys.signature.models import Scored
from egard.journeys.signature.queries import CHECK
from egard.journeys.signature.rules import PARTS
from egard.journeys.signature.rules.check import TEXT_MAX, check
from egard.journeys.signature.rules.facts import own_fields
from egard.journeys.signature.rules.homogeneity import Group
from egard.kernel.access.operations import log_sight
from egard.kernel.messages.checking import require_moment

DAYS = 30.44
"""Of a month."""
router = Router(tags=["signature"])


class SignatureWords(Schema):
    fr: str
    en: str


class TextToCheck(Schema):
    text: str = Field(min_length=1, max_length=TEXT_MAX)
    language: Literal["fr", "en"] | None = Field(default=None, description="told by its words, if nothing is said")
    moment: str = Field(default="", max_length=60, description="welcome, refusal, apology, new_year…")
    channel: str = Field(default="", max_length=60, description="email, sms, chat, post…: how long it may be")
    form: Literal["text", "markdown", "html"] = "text"
    facts: dict[str, str] = Field(default={}, description="merge fields and their values in this text")
    recipients: list[dict[str, str]] = Field(
        default=[], max_length=1000, description="merge fields of several: only what differs between them is their own"
    )


class SignatureFindingOut(Schema):
    rule: str
    start: int = Field(serialization_alias="from", description="code points of the given text")
    end: int = Field(serialization_alias="to")
    text: str
    suggestion: str = Field(description="stands for the text when it is taken; empty: leave it out")
    part: str
    level: str
    message: SignatureWords


class SignatureBrandOut(Schema):
    name: str
    version: str = Field(description="SHA-256 of its style and rules")


class SignaturePartsOut(Schema):
    focus: int
    facts: int
    posture: int
    usefulness: int
    clarity: int


class SignaturePartsWhy(Schema):
    focus: SignatureWords
    facts: SignatureWords
    posture: SignatureWords
    usefulness: SignatureWords
    clarity: SignatureWords


class SignatureCheckedOut(Schema):
    score: int
    parts: SignaturePartsOut
    findings: list[SignatureFindingOut]
    language: str
    language_is_sure: bool
    moment: str
    facts: list[str] = Field(description="what was counted as the client’s own")
    why: SignaturePartsWhy
    brand: SignatureBrandOut


class SignatureMomentOut(Schema):
    name: str
    title: SignatureWords
    about: SignatureWords
    markers: list[str]
    phrases: list[str]


class SignatureTongueOut(Schema):
    language: str
    posture: str
    formality: str
    always: list[str]
    banned: dict[str, str]
    moments: list[SignatureMomentOut]


class SignatureStyleOut(Schema):
    brand: SignatureBrandOut
    title: SignatureWords
    languages: list[SignatureTongueOut]


@router.post("signature/check", response={200: SignatureCheckedOut}, by_alias=True, summary="Judge a text")
def check_text(request: HttpRequest, body: TextToCheck) -> Any:
    """0 to 100 in five parts, with what to change and why. Nothing is kept. Scope: `signature.check`."""
    viewer_of(request).require(CHECK)
    require_moment(body.moment)
    held, named = brands.judging(), body.facts
    if body.recipients:
        own = set(own_fields(body.recipients))
        named = {name: value for name, value in {**body.recipients[0], **named}.items() if name in own}
    found = check(
        body.text, held, language=body.language, moment=body.moment, channel=body.channel, named=named, form=body.form
    )
    return Status(
        200,
        {
            "score": found.score,
            "parts": found.parts,
            "findings": found.findings,
            "language": found.language,
            "language_is_sure": found.is_sure,
            "moment": found.moment,
            "facts": list(found.facts),
            "why": found.why,
            "brand": {"name": held.style.brand, "version": held.version},
        },
    )


@router.get("signature/style", response=SignatureStyleOut, summary="What the brand asks for")
def get_style(request: HttpRequest) -> Any:
    """Posture, words, moments with their phrases. Scope: `signature.check`."""
    viewer_of(request).require(CHECK)
    held = brands.held().brand
    return {
        "brand": {"name": held.style.brand, "version": held.version},
        "title": held.style.title,
        "languages": [
            {
                "language": language,
                "posture": tongue.posture,
                "formality": tongue.formality,
                "always": list(tongue.always),
                "banned": {word: one.use for word, one in tongue.words.banned.items()},
                "moments": [
                    {
                        "name": name,
                        "title": moment.title,
                        "about": moment.about,
                        "markers": list(moment.markers),
                        "phrases": list(moment.phrases),
                    }
                    for name, moment in tongue.moments.items()
                ],
            }
            for language, tongue in held.style.languages.items()
        ],
    }


# --- how alike the house writes ---------------------------------------------------------------------------------------


class SignatureGroupOut(Schema):
    name: str = Field(description="a team, channel, actor’s name, month (2026-03), moment or language; empty: none")
    n: int
    mean: float
    low: float | None = Field(description="between which the true mean lies with 95 % confidence; null below five")
    high: float | None


class SignatureHomogeneityOut(Schema):
    by: str
    since: datetime
    until: datetime
    whole: SignatureGroupOut
    parts: dict[str, float] = Field(description="means over all")
    groups: list[SignatureGroupOut]
    between: float = Field(description="standard deviation between the groups’ true means, in points")
    within: float = Field(description="standard deviation inside the groups, in points")
    alike: float | None = Field(description="share of a score’s variance that does not depend on the group, 0 to 1")


class SignatureScoredOut(Schema):
    message: UUID
    at: datetime
    author: str = Field(description="the actor")
    team: str | None
    channel: str
    language: str
    moment: str
    score: int
    parts: SignaturePartsOut
    client: int = Field(description="mentions of the client")
    company: int = Field(description="mentions of the company")


class SignatureScoredList(Schema):
    items: list[SignatureScoredOut]
    next: str | None = None


Months = Annotated[int, Query(ge=1, le=36, description="the last so many months")]


@router.get("signature/homogeneity", response=SignatureHomogeneityOut, summary="How alike we write")
def get_homogeneity(
    request: HttpRequest,
    by: Literal["team", "channel", "author", "month", "moment", "language"] = "team",
    months: Months = 3,
) -> Any:
    """Over what left, judged when it left. Scope: `signature.figures`."""
    viewer, now = viewer_of(request), utc_now()
    since = now - timedelta(days=round(DAYS * months))
    found = queries.figures(viewer, by=by, since=since, until=now)
    return {
        "by": found.by,
        "since": since,
        "until": now,
        "whole": _group(found.whole),
        "parts": found.parts,
        "groups": [_group(one) for one in found.groups],
        "between": found.spread.between,
        "within": found.spread.within,
        "alike": found.spread.alike,
    }


@router.get("signature/messages", response=SignatureScoredList, summary="Messages that speak most, or least, of her")
def list_extremes(
    request: HttpRequest,
    order: Literal["most", "least"] = "least",
    months: Months = 3,
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
) -> Any:
    """By the share of mentions that are the client’s, then by score; no words. Scope: `signature.figures`."""
    viewer, now = viewer_of(request), utc_now()
    since = now - timedelta(days=round(DAYS * months))
    rows = queries.extremes(viewer, most=order == "most", since=since, until=now, limit=limit)
    log_sight(viewer, "list", detail=f"signature {order}", now=now)
    return {"items": [_scored(one) for one in rows], "next": None}


def _group(one: Group) -> dict[str, Any]:
    low, high = one.bounds or (None, None)
    return {"name": one.name, "n": one.n, "mean": one.mean, "low": low, "high": high}


def _scored(one: Scored) -> dict[str, Any]:
    same = ("message", "at", "author", "channel", "language", "moment", "score", "client", "company")
    return {
        **{name: getattr(one, name) for name in same},
        "team": one.team.name if one.team else None,
        "parts": {part: getattr(one, part) for part in PARTS},
    }
