"""How accounts behave: no sign-up (an administrator makes them), the product's own words, secrets encrypted."""

from __future__ import annotations

import base64
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from egard.kernel.access.live import tell

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
    """In the place of pages that would send an e-mail, as none goes out: whom to ask instead (404)."""
    return render(request, "account/no_mail.html", status=404)
