"""Demo logins, an administrator among them, sign in at this very machine and nowhere else; only there are they shown.

Wired in settings: `AUTHENTICATION_BACKENDS = ["egard.site.demo_accounts.DemoStaysHere"]`.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from allauth.account.auth_backends import AuthenticationBackend
from django.conf import settings
from django.http import HttpRequest

from egard.kernel.access.actors import system
from egard.kernel.access.models import Change, User

ACTOR = system("demo")
"""Who made the demo's users, teams and shops: by this the log of changes knows them."""

FORWARDED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Forwarded", "Via")
"""Headers by which a proxy says that it speaks for somebody else."""


def is_demo_user(user: User) -> bool:
    """Whether the demo made this user, whatever name or address she has today."""
    return Change.objects.filter(actor=str(ACTOR), what="access.user_created", subject=str(user.pk)).exists()


def demo_users() -> list[User]:
    """Everybody whom the demo made."""
    made = Change.objects.filter(actor=str(ACTOR), what="access.user_created").values_list("subject", flat=True)
    return list(User.objects.filter(pk__in=list(made)))


def is_public() -> bool:
    """Whether the product's own address (`EGARD_URL`) is another than this machine's."""
    return bool(settings.URL) and not _is_own_name(urlsplit(settings.URL).netloc)


def is_at_this_machine(request: HttpRequest | None) -> bool:
    """Whether a request was made on this machine, to this machine's own name, with no proxy between.

    Where the product has a public address (`is_public`), nobody counts as being here. A proxy may hide (nginx, with
    nothing but `proxy_pass`, names this machine as the host and adds no header): its HTTP/1.0 gives it away, which no
    browser has spoken for twenty years.
    """
    if request is None or is_public() or any(name in request.headers for name in FORWARDED):
        return False
    if getattr(request, "scope", {}).get("http_version") == "1.0":
        return False
    return _is_loopback(request.META.get("REMOTE_ADDR", "")) and _is_own_name(request.META.get("HTTP_HOST", ""))


def _is_loopback(address: str) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback


def _is_own_name(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return name == "localhost" or _is_loopback(name)


class DemoStaysHere(AuthenticationBackend):
    """Signing in as always, but for the demo's users, whom it does not know when asked from elsewhere."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:
        user = super().authenticate(request, **credentials)
        if not isinstance(user, User) or (is_demo_user(user) and not is_at_this_machine(request)):
            return None
        return user
