"""Kinds of friction, reasons and processes in words."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from egard.kernel.registry import registry

KINDS: dict[str, Any] = {
    "wait": _("waited"),
    "transfer": _("was put through to somebody else"),
    "asked_again": _("was asked the same thing twice"),
    "promise_broken": _("a promise was not kept"),
    "forced_channel": _("could not use the channel of her choice"),
    "unanswered": _("got no answer"),
}
REASONS: dict[str, Any] = {
    "unhappy": _("unhappy with us"),
    "price": _("price"),
    "elsewhere": _("a better offer elsewhere"),
    "moved": _("moved away"),
    "died": _("died"),
    "inactive": _("is no longer heard of"),
    "other": _("another reason, or not said"),
}


def process(name: str) -> str:
    """A journey by its label, else the name that another system gave."""
    declared = registry.journeys.get(name)
    return str(declared.label) if declared else name.replace("_", " ").replace("-", " ").capitalize()
