"""What the declared checks say of a message before it is sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from threading import Thread

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from egard.base.clock import utc_now
from egard.base.refusal import Refusal
from egard.kernel.access.actors import system
from egard.kernel.messages.rules import fields
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


class UnknownMoment(Refusal):
    """No check knows this occasion; the refusal names those that are known."""

    code = "messages.unknown_moment"
    message = _("“{moment}” is no occasion that is known here. Known: {known}.")


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
    return _together([declared.check(draft) for declared in registry.message_checks.values()])


def warm() -> None:
    """Let every check read a word in each language, beside the first work of a process: what they read from files, and
    the patterns that they make ready, nobody waits for later. Nothing is kept; who fails here says so when asked.
    """
    for language, _name in settings.LANGUAGES:
        with suppress(Exception):
            check(Draft(text="Bonjour", language=language, channel="email", author=system("messages"), now=utc_now()))


def begin_warming() -> None:
    """`warm`, in a thread of its own."""
    Thread(target=warm, name="warm", daemon=True).start()


class OneText:
    """One text with merge fields to many people: checks that read it `by_fields` are asked once for all of whom the
    same is known, the others for each.
    """

    def __init__(self, text: str, *, fixed: Collection[str] = ()) -> None:
        """`fixed`: fields that say the same to everybody."""
        self.text, self.fixed = text, fixed
        self.names = [name for name in fields.named(text) if name not in fixed]
        self.said: dict[tuple[str, ...], list[Checked]] = {}

    def check(self, draft: Draft, values: Mapping[str, str]) -> Verdict:
        """As `check`, of the `draft` that is this text filled with `values`."""
        known = tuple(name for name in self.names if values.get(name))
        if known not in self.said:
            bare = replace(draft, text=fields.left(self.text, values, self.fixed), person=None)
            self.said[known] = [one.check(bare) for one in registry.message_checks.values() if one.by_fields]
        each = [one.check(draft) for one in registry.message_checks.values() if not one.by_fields]
        return _together([*self.said[known], *each])


def moments() -> list[tuple[str, str]]:
    """The occasions that the declared checks know, each once: code and words in the reader's language."""
    found = {code: str(words) for declared in registry.message_checks.values() for code, words in declared.moments()}
    return list(found.items())


def require_moment(moment: str) -> None:
    """Raises `UnknownMoment` for an occasion that none of the checks knows; none named is fine."""
    known = [code for code, _words in moments()]
    if moment and known and moment not in known:
        raise UnknownMoment(moment=moment[:64], known=", ".join(known), fields={"moment": ", ".join(known)})


def require(draft: Draft) -> Verdict:
    """As `check`; raises `StyleRefused` where a check does not let the message go."""
    verdict = check(draft)
    if verdict.blocks:
        raise StyleRefused(verdict.blocking)
    return verdict


def _together(said: Sequence[Checked]) -> Verdict:
    scores = [one.score for one in said if one.score is not None]
    findings = sorted((f for one in said for f in one.findings), key=lambda f: (f.start, f.end))
    blocking = tuple(finding for one in said if one.blocks for finding in one.findings)
    return Verdict(min(scores, default=None), tuple(findings[:FINDINGS_MAX]), blocking[:FINDINGS_MAX])
