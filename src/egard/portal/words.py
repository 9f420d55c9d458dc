"""The portal's own pages and plain words for what a person may agree to."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from egard.kernel.registry import PortalItem

MENU = (
    PortalItem(_("My data"), _("See, correct or erase what is held on you"), "portal:data", "id", order=10),
    PortalItem(_("My messages"), _("What was said; write to us"), "portal:messages", "message-circle", order=5),
    PortalItem(_("My choices"), _("What we may write or call you about"), "portal:consents", "bell", order=20),
    PortalItem(_("Who saw my file"), _("Who opened it, and when"), "portal:sights", "eye", order=30),
    PortalItem(_("My devices"), _("Where you are signed in"), "portal:devices", "device-mobile", order=40),
)

PURPOSES: dict[str, Any] = {
    "offers": _("Offers that may suit you"),
    "newsletter": _("The newsletter"),
    "events": _("Invitations to events"),
    "surveys": _("Questions on how we did"),
}
"""What may be agreed to or not; what must be told anyway (an order, a security warning) is no choice."""


def purpose(code: str) -> Any:
    return PURPOSES.get(code) or code.replace("_", " ").replace("-", " ").capitalize()
