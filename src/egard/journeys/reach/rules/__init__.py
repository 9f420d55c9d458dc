"""Rules of reaching one's adviser. Pure."""

from __future__ import annotations

PRESENCES = ("available", "busy", "away")
STATES = ("asking", "ringing", "talking", "waiting", "ended")
"""Of a call: it hears what can be done for it; a line rings; somebody talks; it waits for its adviser; it is over."""
OUTCOMES = ("own", "deputy", "welcome", "call_back", "message", "abandoned")
"""What became of a call that is over."""
ON_THE_LINE = ("ringing", "talking")
