from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig
from django.conf import settings

DECLARING = (
    "egard.kernel.jobs",
    "egard.kernel.access",
    "egard.kernel.people",
    "egard.kernel.timeline",
    "egard.kernel.delegations",
    "egard.kernel.ledger",
    "egard.kernel.promises",
    "egard.kernel.messages",
    "egard.kernel.payments",
    "egard.kernel.cases",
    "egard.kernel.lifecycle",
    "egard.api",
    "egard.console",
    "egard.portal",
)
"""Packages of the house that declare themselves as journeys do, lowest first."""


class SiteConfig(AppConfig):
    name = "egard.site"
    label = "site"

    def ready(self) -> None:
        """All models are loaded: read every declaration, the kernel's own first, and check them together."""
        from egard.kernel.registry import registry

        for package in DECLARING:
            declaration = import_module(f"{package}.declaration").declaration
            if declaration.name not in registry.journeys:
                registry.add(declaration)
        registry.load(settings.JOURNEYS)
