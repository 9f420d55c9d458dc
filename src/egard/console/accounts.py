"""How accounts behave: no sign-up (an administrator makes them), the product's own words, secrets encrypted."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language

from egard.base import browsers
from egard.base.clock import utc_now
from egard.base.ids import new_id
from egard.kernel.access.actors import Actor
from egard.kernel.access.live import tell
from egard.kernel.access.operations import log_change
from egard.kernel.messages import texts
from egard.kernel.messages.notices import warn_user
from egard.kernel.messages.operations import send
from egard.kernel.registry import registry

TOLD = {
    "account/email/password_changed": ("messages.password_changed", {}),
    "account/email/password_set": ("messages.password_changed", {}),
    "account/email/password_reset": ("messages.password_changed", {}),
    "mfa/email/totp_activated": ("messages.two_step", {"what": "on"}),
    "mfa/email/totp_deactivated": ("messages.two_step", {"what": "off"}),
    "mfa/email/recovery_codes_generated": ("messages.two_step", {"what": "codes"}),
}
"""What allauth would write of, and the warning that stands for it."""
NEW_WORD = "messages.new_password"
KNOWN_COOKIE, KNOWN_MAX, KNOWN_SECONDS = "egard_known", 8, 365 * 24 * 3600
"""Who signed in with this browser before: signed, so that nobody makes a browser known."""

SAID = {"account/messages/password_changed.txt", "account/messages/password_set.txt"}


class StaffAccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def logout(self, request: HttpRequest) -> None:
        """Pages that she left open elsewhere hear at once that they are closed to her."""
        user = request.user
        super().logout(request)
        if user.is_authenticated:
            tell(f"user:{user.pk}")

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        """Signing in and out shows by itself, and what fails is said by the form; a new password shows nowhere else."""
        if message_template in SAID:
            super().add_message(request, level, message_template, *args, **kwargs)

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Under the house's public address where it has one: what a request calls its host is anybody's word."""
        address = super().get_reset_password_from_key_url(key)
        return settings.URL + urlsplit(address).path if settings.URL else address

    def send_mail(self, template_prefix: str, email: str, context: Any) -> None:
        """Of what allauth would send, the way to a new password alone: by the outbox, like every message. An address
        that nobody has costs the same work, so that the time taken tells nothing.
        """
        told = {"minutes": settings.PASSWORD_RESET_TIMEOUT // 60}
        if template_prefix == "account/email/unknown_account":
            texts.written(
                registry.messages[NEW_WORD], texts.language_for(), dict.fromkeys(("name", "address"), "") | told
            )
        if template_prefix != "account/email/password_reset_key":
            return
        user, now = context["user"], utc_now()
        send(
            NEW_WORD,
            user.email,
            key=f"{NEW_WORD}:{new_id()}",
            fields={"name": user.get_short_name(), "address": context["password_reset_url"], **told},
            language=user.language or get_language() or "",
            expires_at=now + timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT),
            by=Actor("user", str(user.pk)),
            now=now,
        )

    def set_password(self, user: Any, password: str) -> None:
        """Her own new one; pages open elsewhere hear that they are closed to her."""
        super().set_password(user, password)
        log_change("access.password_set", by=Actor("user", str(user.pk)), now=utc_now(), subject=str(user.pk))
        tell(f"user:{user.pk}")

    def send_notification_mail(self, template_prefix: str, user: Any, context: Any = None, email: Any = None) -> None:
        """A password or second step that changed is told to its owner."""
        if template_prefix in TOLD:
            kind, fields = TOLD[template_prefix]
            warn_user(user, kind, by=Actor("user", str(user.pk)), now=utc_now(), **fields)

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        """Who signs in with a browser that never was hers is told of it."""
        response = super().post_login(request, user, **kwargs)
        known = _known(request)
        if str(user.pk) not in known:
            device = browsers.device(request.headers.get("User-Agent", ""))
            warn_user(user, "messages.new_browser", by=Actor("user", str(user.pk)), now=utc_now(), device=device)
            known = [str(user.pk), *known][:KNOWN_MAX]
        response.set_signed_cookie(
            KNOWN_COOKIE,
            ".".join(known),
            max_age=KNOWN_SECONDS,
            httponly=True,
            samesite="Lax",
            secure=request.is_secure(),
        )
        return response


def _known(request: HttpRequest) -> list[str]:
    held = request.get_signed_cookie(KNOWN_COOKIE, default="", max_age=KNOWN_SECONDS) or ""
    return [part for part in held.split(".") if part]


class StaffMFAAdapter(DefaultMFAAdapter):
    """Secrets of the second step are of no use to whoever reads the database, or a copy of it, without SECRET_KEY."""

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Raises cryptography's InvalidToken where the key is another one."""
        return _cipher().decrypt(encrypted_text.encode()).decode()


def _cipher() -> MultiFernet:
    """Of a key derived from SECRET_KEY for this alone; what SECRET_KEY_FALLBACKS encrypted is still read."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    derived = [HKDF(SHA256(), 32, salt=None, info=b"egard.mfa").derive(key.encode()) for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in derived])


def no_mail(request: HttpRequest) -> HttpResponse:
    """In the place of the pages by which one would change one's own address: an administrator does that (404)."""
    return render(request, "account/no_mail.html", status=404)
