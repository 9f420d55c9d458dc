"""Django's sessions in the database; the one question that every page asks is written by hand."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends import db
from django.utils import timezone

from egard.base.quickread import quick_rows

_HELD = "select session_data from django_session where session_key = %s and expire_date > %s"


class SessionStore(db.SessionStore):
    def load(self) -> dict[str, Any]:
        for (held,) in quick_rows(_HELD, [self.session_key, timezone.now()]):
            return self.decode(held)
        self._session_key = None
        return {}
