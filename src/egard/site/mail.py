"""The e-mail server, as one address in the environment: `EGARD_SMTP_URL`."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
HERE = {"127.0.0.1", "::1", "localhost"}


def from_url(url: str) -> dict[str, Any]:
    """Django's settings for `smtps://user:password@mail.example.org`; the sandbox where `url` is empty.

    `smtps` speaks TLS from the first byte, `smtp+starttls` before it says anything, `smtp` never. Raises
    `ImproperlyConfigured`, also for a password that would travel in the clear.
    """
    if not url:
        return {"MAIL_DRIVER": "sandbox"}
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS[parts.scheme]
    except (KeyError, ValueError):
        known = ", ".join(f"{scheme}://" for scheme in PORTS)
        raise ImproperlyConfigured(f"EGARD_SMTP_URL begins with one of {known} and names host and port") from None
    if not parts.hostname:
        raise ImproperlyConfigured("EGARD_SMTP_URL names no host: smtps://user:password@mail.example.org")
    if parts.scheme == "smtp" and parts.password and parts.hostname not in HERE:
        raise ImproperlyConfigured("EGARD_SMTP_URL would send the password in the clear: use smtps or smtp+starttls")
    return {
        "MAIL_DRIVER": "smtp",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": port,
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp+starttls",
    }
