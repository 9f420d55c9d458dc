"""Names that travel as codes (roles, channels, purposes), in words. An unknown code is shown as it is, readable."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from egard.base.text import fold

ROLES: dict[str, Any] = {
    "customer": _("Customer"),
    "candidate": _("Candidate"),
    "employee": _("Employee"),
    "member": _("Member"),
    "driver": _("Driver"),
    "partner": _("Partner"),
}
ROLES_AWAITING: dict[str, Any] = {
    "analyst": _("Figures on everybody, without names, come with a later release; this role will read them here."),
}
"""What a role of staff will see, where no page is there for it yet."""
CHANNELS: dict[str, Any] = {
    "email": _("E-mail"),
    "sms": _("Text message"),
    "voice": _("Phone"),
    "phone": _("Phone"),
    "web": _("Web site"),
    "counter": _("In the shop"),
    "shop": _("In the shop"),
    "post": _("Post"),
    "mobile": _("Mobile application"),
    "app": _("Mobile application"),
    "api": _("Application"),
    "import": _("File"),
}
PURPOSES: dict[str, Any] = {
    "news": _("News"),
    "newsletter": _("Newsletter"),
    "offers": _("Offers"),
    "marketing": _("Offers"),
    "events": _("Invitations"),
    "service": _("Service messages"),
    "surveys": _("Surveys"),
    "survey": _("Surveys"),
}
PURPOSES_OFFERED = ("offers", "newsletter", "events", "surveys", "service")
REACH_CHANNELS = ("email", "sms", "voice", "post")
"""What a consent recorded by hand may be for, and on which channels."""
LANGUAGES: dict[str, Any] = {"fr": _("French"), "en": _("English")}


def channels_named(q: str) -> list[str]:
    """The channels whose words, as the reader sees them, hold the typed text; none where nothing is typed."""
    text = fold(q.strip())
    return [code for code, said in CHANNELS.items() if text and text in fold(str(said))]


def word(table: dict[str, Any], code: str) -> str:
    return str(table.get(code) or code.replace("_", " ").replace("-", " ").capitalize())
