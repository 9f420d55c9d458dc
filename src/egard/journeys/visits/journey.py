"""Visits: booked on line, expected in the shop."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.kernel.registry import Journey

journey = Journey(name="visits", label=_("Visits"))
