"""What a code is worth: pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

CODE_DIGITS = 6
CODE_LIVES = timedelta(minutes=10)
CHOICE_LIVES = timedelta(minutes=10)
"""How long one may choose, after the code, who one is."""
GUESSES_MAX = 5
"""Of one code. With the limits below a stranger finds one address's code once in ten thousand days, trying all day."""
CODES_PER_HOUR = 5
CODES_PER_DAY = 20
"""For one address."""
PLACE_CODES_PER_HOUR = 40
PLACE_GUESSES_PER_HOUR = 60
"""From one place: a family, a shop's free network, a library."""
KEPT = timedelta(days=1)
IDLE = timedelta(days=30)
LIFETIME = timedelta(days=180)
SEEN_EVERY = timedelta(minutes=15)
"""How precisely it is noted when a device was last used."""


def digits(typed: str) -> str:
    """What was typed of a code, without spaces and signs; empty where it cannot be one."""
    found = re.sub(r"[\s.\u00a0\u202f-]", "", typed)
    return found if len(found) == CODE_DIGITS and found.isdecimal() else ""


def lives_until(*, began_at: datetime, now: datetime) -> datetime:
    """When a session ends that was used now: after a month without use, and after half a year in any case."""
    return min(now + IDLE, began_at + LIFETIME)
