"""Whether a call of a provider of short messages is its own: the signature that Twilio puts on its requests."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha1


def twilio(url: str, form: Mapping[str, str], token: str) -> str:
    """HMAC-SHA1 of the whole address and of the form's names and values in order, in base 64 (Twilio's own rule)."""
    told = url + "".join(f"{name}{form[name]}" for name in sorted(form))
    return b64encode(hmac.digest(token.encode(), told.encode(), sha1)).decode()


def is_twilios(url: str, form: Mapping[str, str], token: str, signature: str) -> bool:
    return bool(token) and hmac.compare_digest(twilio(url, form, token).encode(), signature.encode())
