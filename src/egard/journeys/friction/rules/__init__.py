"""Rules of friction: what a contact costs whom it concerns, and how that goes with leaving. Pure."""

from __future__ import annotations

KINDS = ("wait", "transfer", "asked_again", "promise_broken", "forced_channel", "unanswered")
REASONS = ("unhappy", "price", "elsewhere", "moved", "died", "inactive", "other")
"""Why somebody left, as far as we know."""
NOT_LEAVING = ("died",)
"""Ends without being a leaving: it says nothing of how we are to deal with."""
