"""What a journey declares of promises: the kinds that it makes, and that it wants to hear what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

Words = Any


@dataclass(frozen=True, slots=True)
class Escalation:
    """Who is told once a promise is overdue for `after` (amounts of time as in `egard.base.calendars`).

    `to`: `owner`; `team` (everybody in it); `lead` (the supervisors of the team, else the manager of the site);
    `role:<name>` (whoever holds that role and reaches the promise by it).
    """

    after: str
    to: tuple[str, ...] = ("owner",)


@dataclass(frozen=True, slots=True)
class PromiseKind:
    """A kind of promise. `label` says what is owed, as a noun: "Answer to the complaint".

    `within` and `calendar` (the code of a calendar) hold where whoever makes the promise says nothing else; `warnings`
    are how long before the due moment its owner is warned. `permission` is asked of staff who see or keep it, beside
    those of promises. With `portal` it is made to the person herself: she sees it, and it stands on her timeline.
    `url(subject)` is where one works on it.
    """

    name: str
    label: Words
    within: str = ""
    calendar: str = ""
    warnings: tuple[str, ...] = ()
    escalation: tuple[Escalation, ...] = ()
    permission: str = "promises.read"
    portal: bool = True
    url: Callable[[str], str] | None = None
    icon: str = "clock"
    describe: Callable[[Collection[str]], Mapping[str, Words]] | None = None
    """What each of some subjects is, in words of its own, at a constant number of queries; the label stands for the
    others.
    """
    says_when: bool = False
    """Those words say when: the person herself is told no due moment beside them, while it is not broken."""


@dataclass(frozen=True, slots=True)
class PromiseListener:
    """Hears each event of the promises whose subject begins with `prefix` (`case:`), in the same transaction, also from
    the sweeper: `handler(promise, event)`.

    A handler that locks what the subject names declares `lock(subjects, wait)`: it is called before the promise is
    locked, so that the order is always the same, and answers the subjects that are locked now; without `wait` those
    that somebody else holds are left out, and their promises are swept a little later.
    """

    prefix: str
    handler: Callable[[Any, Any], None]
    lock: Callable[[Collection[str], bool], Collection[str]] | None = None
