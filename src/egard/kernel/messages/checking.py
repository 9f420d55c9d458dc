"""What the declared checks say of a message before it is sent."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from egard.base.refusal import Refusal
from egard.kernel.registry import Checked, Draft, Finding, registry

FINDINGS_MAX = 50


class StyleRefused(Refusal):
    """The house does not let this message go as it is: what each finding names must be put otherwise."""

    code = "messages.style"
    message = _("This message cannot be sent as it is: {why}")

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        self.findings = findings
        why = " ".join(dict.fromkeys(str(finding.message) for finding in findings[:5]))
        super().__init__(fields={"text": why}, why=why)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What all checks say together: the lowest of their scores, and their findings in the order of the text."""

    score: int | None
    findings: tuple[Finding, ...]
    blocking: tuple[Finding, ...]

    @property
    def blocks(self) -> bool:
        return bool(self.blocking)


def check(draft: Draft) -> Verdict:
    """Ask every declared check; nothing is written."""
    said: list[Checked] = [declared.check(draft) for declared in registry.message_checks.values()]
    scores = [one.score for one in said if one.score is not None]
    findings = sorted((f for one in said for f in one.findings), key=lambda f: (f.start, f.end))
    blocking = tuple(finding for one in said if one.blocks for finding in one.findings)
    return Verdict(min(scores, default=None), tuple(findings[:FINDINGS_MAX]), blocking[:FINDINGS_MAX])


def moments() -> list[tuple[str, str]]:
    """The occasions that the declared checks know, each once: code and words in the reader's language."""
    found = {code: str(words) for declared in registry.message_checks.values() for code, words in declared.moments()}
    return list(found.items())


def require(draft: Draft) -> Verdict:
    """As `check`; raises `StyleRefused` where a check does not let the message go."""
    verdict = check(draft)
    if verdict.blocks:
        raise StyleRefused(verdict.blocking)
    return verdict
