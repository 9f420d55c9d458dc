"""The brand's style for programs: a text judged, and what the brand asks for."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from egard.api.authentication import viewer_of
from egard.journeys.signature import brands
from egard.journeys.signature.queries import CHECK
from egard.journeys.signature.rules.check import TEXT_MAX, check
from egard.journeys.signature.rules.facts import own_fields

router = Router(tags=["signature"])


class SignatureWords(Schema):
    fr: str
    en: str


class TextToCheck(Schema):
    text: str = Field(min_length=1, max_length=TEXT_MAX)
    language: Literal["fr", "en"] | None = Field(default=None, description="told by its words, if nothing is said")
    moment: str = Field(default="", max_length=60, description="welcome, refusal, apology, new_year…")
    channel: str = Field(default="", max_length=60, description="email, sms, web, post…: how long it may be")
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
    held, named = brands.held().brand, body.facts
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
