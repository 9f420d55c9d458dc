"""Reaching one's own adviser."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.kernel.registry import Journey

journey = Journey(name="reach", label=_("Reaching one’s adviser"))
