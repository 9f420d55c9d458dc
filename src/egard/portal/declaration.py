"""What the portal declares: its messages and jobs, and what happens on export, erasure and merge."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.kernel.registry import Hooks, Job, Journey, MessageKind
from egard.portal import operations

_TOLD = ("given_name", "at")
_CODE = ("code", "minutes")

declaration = Journey(
    name="portal",
    label=_("Portal"),
    jobs=(
        Job("portal.send_code", operations.send_code, waits=(1, 5, 30), priority=20),
        Job("portal.tidy", operations.tidy, every="23 * * * *"),
    ),
    messages=(
        MessageKind("portal.code", _("Sign-in code"), "portal/messages/code", _CODE, secret=True),
        MessageKind("portal.address", _("Code for a new address"), "portal/messages/address", _CODE, secret=True),
        MessageKind("portal.address_changed", _("Address changed"), "portal/messages/address_changed", _TOLD),
        MessageKind("portal.address_added", _("Address added"), "portal/messages/address_added", _TOLD),
    ),
    hooks=Hooks(export=operations.export, erase=operations.erase),
)
