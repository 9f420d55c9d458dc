"""The page for writers, judged as one types; and the brand's style for whoever speaks for the house."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from egard.console.context import viewer_of
from egard.console.pages import staff_page
from egard.journeys.signature import brands, publishing, sent, shown
from egard.journeys.signature.checking import spoken
from egard.journeys.signature.queries import CHECK, PUBLISH
from egard.journeys.signature.rules import PARTS, words
from egard.journeys.signature.rules.check import Checked, check
from egard.journeys.signature.rules.lint import finds, taken
from egard.journeys.signature.rules.rule import Rule
from egard.journeys.signature.rules.style import Tongue

app_name = "signature"
PAGE_TEXT_MAX = 20_000
CHANNELS = ("email", "sms", "chat", "post", "counter", "call")


@require_http_methods(["GET", "POST"])
@staff_page
def write(request: HttpRequest) -> HttpResponse:
    """A text is typed or pasted; its score, its parts and what to change stand beside it, and each change is one
    click.
    """
    viewer_of(request).require(CHECK)
    asked = request.POST if request.method == "POST" else request.GET
    text = asked.get("text", "").replace("\r\n", "\n").replace("\r", "\n")[:PAGE_TEXT_MAX]
    style = brands.held().brand.style
    language, moment, channel = (asked.get(name, "")[:20] for name in ("language", "moment", "channel"))
    found = _judged(text, language, moment, channel)
    if found and request.POST.get("apply", "").isdecimal():
        text = _applied(text, found, int(request.POST["apply"]))
        found = _judged(text, language, moment, channel)
    context: dict[str, Any] = {
        "text": text,
        "in_language": language,
        "moment": moment,
        "channel": channel,
        "languages": [(code, shown.LANGUAGE_NAMES[code]) for code in style.languages],
        "moments": shown.moments(style),
        "channels": [(code, shown.channel_words(code)) for code in CHANNELS],
        "limit": PAGE_TEXT_MAX,
        **shown.judged(text, found),
    }
    part = request.htmx and request.method == "POST"  # type: ignore[attr-defined]
    return render(request, "signature/_judged.html" if part else "signature/write.html", context)


def _judged(text: str, language: str, moment: str, channel: str) -> Checked | None:
    if not text.strip():
        return None
    return check(text, brands.judging(), language=spoken(language), moment=moment, channel=channel)


def _applied(text: str, found: Checked, number: int) -> str:
    """The text with one proposal taken: for a browser that runs no script."""
    if number >= len(found.findings):
        return text
    one = found.findings[number]
    return text[: one.start] + one.suggestion + text[one.end :]


@require_GET
@staff_page
def style_page(request: HttpRequest) -> HttpResponse:
    """What the brand says and what it does not, with examples; what to say on the phone and at the counter."""
    viewer_of(request).require(CHECK)
    held = brands.held()
    style, reader = held.brand.style, get_language() or "en"
    given = {"name": _("a name"), "next_step": _("a next step, with its date"), "direct_line": _("a way to be reached")}
    language, tongue = style.tongue(spoken(request.GET.get("in", "")) or spoken(reader) or "fr")
    context = {
        "title": style.title.said(reader),
        "values": [(one.title.said(reader), one.about.said(reader)) for one in style.values],
        "in_language": language,
        "languages": [(code, shown.LANGUAGE_NAMES[code]) for code in style.languages],
        "tongue": tongue,
        "posture": _posture(tongue),
        "always": [given[name] for name in tongue.always],
        "lengths": [(shown.channel_words(code), most) for code, most in tongue.length.message.items() if code != "any"],
        "moments": [
            {
                "name": name,
                "title": moment.title.said(reader),
                "about": moment.about.said(reader),
                "asks": [marker.missing.said(reader) for marker in moment.markers.values()],
                "phrases": moment.phrases,
            }
            for name, moment in tongue.moments.items()
        ],
        "phone": shown.scenes(tongue.phone, reader),
        "counter": shown.scenes(tongue.counter, reader),
        "rules": _rules(held.brand.rules, language, tongue, reader),
        "version": held.brand.version[:12],
        "path": held.path.name if held.path else "",
        "wrong": held.wrong,
        "unread": brands.missing_reader(held.brand),
        "may_publish": viewer_of(request).can(PUBLISH),
    }
    return render(request, "signature/style.html", context)


def _posture(tongue: Tongue) -> str:
    return {"vous": _("We say “vous”."), "tu": _("We say “tu”."), "you": _("We say “you”.")}[tongue.posture]


def _rules(rules: tuple[Rule, ...], language: str, tongue: Tongue, reader: str) -> list[dict[str, Any]]:
    """By part, each rule with an example of what is not said and how it reads once mended."""
    listed = sorted((one for one in rules if one.language == language), key=lambda one: PARTS.index(one.part))
    return [
        {"words": words.PARTS[part].said(reader), "rules": [_example(one, tongue, reader) for one in some]}
        for part, some in groupby(listed, key=lambda one: one.part)
    ]


def _example(rule: Rule, tongue: Tongue, reader: str) -> dict[str, str]:
    bad = rule.examples.bad[0]
    found = finds(rule, bad, tongue)
    why = found[0].message.said(reader) if found else rule.message.said(reader)
    return {
        "name": rule.rule,
        "why": why,
        "bad": bad,
        "better": taken(bad, found[0]) if found else "",
        "good": rule.examples.good[0],
    }


urlpatterns = [
    path("signature/", write, name="write"),
    path("signature/style/", style_page, name="style"),
    path("signature/style/file/", publishing.edit, name="publish"),
    path("signature/style/file/look/", publishing.look, name="look"),
    path("signature/sent/", sent.sent_page, name="sent"),
    path("signature/sent/<uuid:uuid>/", sent.one, name="one"),
]
