"""In whose name messages and the portal speak."""

from __future__ import annotations

from django.conf import settings
from django.utils.module_loading import import_string


def organisation() -> str:
    """The organisation's name: `EGARD_NAME`, else the demo's brand where the demo is, else the product's."""
    if settings.ORGANISATION:
        return settings.ORGANISATION
    return import_string(settings.EGARD_DEMO_BRAND)() or "Egard"
