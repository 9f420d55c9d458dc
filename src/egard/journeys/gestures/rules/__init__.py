"""Rules of gestures. Pure."""

from __future__ import annotations

STATES = ("waiting", "granted", "refused", "reversed")
FORMS = ("credit", "voucher", "refund", "redelivery", "upgrade", "letter", "gift")
RESPONSIBILITIES = ("ours", "shared", "theirs", "nobody")
"""Whose fault it was: the house's, both sides', the client's, nobody's (weather, strike)."""
