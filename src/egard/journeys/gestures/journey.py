"""Gestures: what staff give to put something right, decided at once within their authority, controlled later."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.journeys.gestures import control
from egard.kernel.registry import Hooks, Journey

journey = Journey(
    name="gestures",
    label=_("Gestures"),
    permissions=control.PERMISSIONS,
    reactions=control.REACTIONS,
    jobs=control.JOBS,
    live=control.LIVE,
    menu=control.MENU,
    worklists=control.WORKLISTS,
    hooks=Hooks(export=control.export, erase=control.erase),
)
