"""Who has a process the new way while it is rolled out at random. Pure."""

from __future__ import annotations

import hashlib

EVERYBODY = 100


def is_new(change: str, person: str, share: int) -> bool:
    """Whether a person has the new way, of a change that `share` of a hundred have: the same answer whenever it is
    asked, no list to keep, and another draw for each change. More share takes nobody back.
    """
    lot = int(hashlib.sha256(f"{change} {person}".encode()).hexdigest()[:12], 16)
    return lot * EVERYBODY < share << 48
