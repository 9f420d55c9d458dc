"""Rules of reaching one's adviser. Pure."""

from __future__ import annotations

PRESENCES = ("available", "busy", "away")
STATES = ("asking", "ringing", "talking", "waiting", "ended")
"""Of a call: it hears what can be done for it; a line rings; somebody talks; it waits for its adviser; it is over."""
OUTCOMES = ("own", "deputy", "call_back", "message", "abandoned", "unknown")
"""What became of a call that is over; the last: nobody knows who called from where, so nothing could be promised."""
ON_THE_LINE = ("ringing", "talking")
