"""Public ids: UUIDv7, made in Python because PostgreSQL makes them only from 18."""

from __future__ import annotations

from uuid import UUID

import uuid_utils.compat as _uuid


def new_id() -> UUID:
    """A new time-ordered id (RFC 9562, version 7)."""
    return _uuid.uuid7()
