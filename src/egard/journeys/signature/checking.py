"""The brand's style asked before a message is sent: advice, or for templates what the brand decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django.utils.translation import get_language

from egard.journeys.signature import brands, shown
from egard.journeys.signature.rules import LANGUAGES, Language
from egard.journeys.signature.rules.check import Checked as Judged
from egard.journeys.signature.rules.check import check as judge
from egard.kernel import registry

PERSONAL = ("given_name", "family_name")


def spoken(language: str) -> Language | None:
    """`fr-FR` as `fr`; None where the brand's engine does not speak it, so that it is told by the words."""
    short = language[:2].lower()
    return cast("Language", short) if short in LANGUAGES else None


def judged(draft: registry.Draft) -> Judged:
    """A draft by the brand that holds. What is known of its person by name is told, so that it counts as her own."""
    return judge(
        draft.text,
        brands.judging(),
        language=spoken(draft.language or ""),
        moment=draft.moment,
        channel=draft.channel,
        named=named_of(draft.person),
    )


def check(draft: registry.Draft) -> registry.Checked:
    """Advice; a template is held back below the brand's score, or for an error, where the brand says so."""
    try:
        found = judged(draft)
    except brands.ReaderMissing as missing:
        return _unread(draft, missing)
    findings = tuple(
        registry.Finding(
            one.rule,
            one.start,
            one.end,
            one.text,
            one.suggestion,
            one.message.said(get_language() or "en"),
            shown.TONES[one.level],
        )
        for one in found.findings
    )
    rules = brands.held().brand.style.templates
    has_errors = any(one.level == "error" for one in found.findings)
    blocks = draft.template and (found.score < rules.below or (rules.errors and has_errors))
    return registry.Checked(found.score, findings, blocks)


def _unread(draft: registry.Draft, missing: brands.ReaderMissing) -> registry.Checked:
    """A letter leaves without a score, and says why; a template waits until it can be judged."""
    remark = registry.Finding(missing.code, 0, 0, "", "", missing.detail, "broken")
    return registry.Checked(None, (remark,), blocks=draft.template)


def moments() -> list[tuple[str, str]]:
    """The occasions of the brand that holds, in the reader's words."""
    return shown.moments(brands.held().brand.style)


def named_of(person: Any) -> Mapping[str, str]:
    """What is known of somebody by name, as merge fields."""
    return {name: getattr(person, name) for name in PERSONAL if getattr(person, name, "")}
