"""Gestures: what staff give to put something right, decided at once within their authority, controlled later."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.kernel.registry import Journey

journey = Journey(name="gestures", label=_("Gestures"))
