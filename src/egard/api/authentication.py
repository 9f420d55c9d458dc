"""Who asks: a program by its key, or a member of staff by her session."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import cast
from uuid import UUID

from django.http import HttpRequest
from ninja.security import HttpBearer
from ninja.utils import check_csrf

from egard.api.refusals import ForeignForm, NotStaff, TooManyTries
from egard.api.tries import Recent, WrongKeys
from egard.base.clock import utc_now
from egard.kernel.access.actors import Viewer
from egard.kernel.access.models import User
from egard.kernel.access.operations import note_key_used
from egard.kernel.access.queries import KeyRefused, digest, viewer_for, viewer_for_key

wrong_keys = WrongKeys()
valid_keys = Recent()
REASON_HEADER = "Egard-Reason"
KEY_MAX = 500
"""Characters of a key that are looked at; ours have 49."""


class ApiKey(HttpBearer):
    """`Authorization: Bearer <key>`; without that header, the signed-in session of our own pages."""

    def __call__(self, request: HttpRequest) -> Viewer:
        found = getattr(request, "_egard_api_viewer", None)
        if found is None:
            found = replace(self._found(request), reason=_reason(request))
            request._egard_api_viewer = found  # type: ignore[attr-defined]
        return found

    def _found(self, request: HttpRequest) -> Viewer:
        header = request.headers.get("Authorization")
        if header is None:
            return _by_session(request)
        scheme, _space, key = header.strip().partition(" ")
        return self.authenticate(request, key.strip() if scheme.lower() == "bearer" else "")

    def authenticate(self, request: HttpRequest, token: str) -> Viewer:
        address = request.META.get("REMOTE_ADDR", "")
        mark = digest(token) if token.isascii() and 0 < len(token) <= KEY_MAX else b""
        known = valid_keys.holds(mark)
        if not known and (seconds := wrong_keys.wait_seconds(address)):
            raise TooManyTries(seconds=seconds)
        now = utc_now()
        try:
            if not mark:
                raise KeyRefused
            viewer = viewer_for_key(token, now=now)
        except KeyRefused:
            wrong_keys.note(address)
            valid_keys.forget(mark)
            raise
        if not known:
            note_key_used(UUID(viewer.actor.id), now=now)
            valid_keys.add(mark)
        return viewer


def _reason(request: HttpRequest) -> str:
    """Why a protected file is opened. Headers are bytes: whoever writes French in one sends it as UTF-8."""
    said = request.headers.get(REASON_HEADER) or request.GET.get("reason", "")
    with suppress(UnicodeError):
        said = said.encode("latin-1").decode()
    return said.replace("\0", "").strip()


def _by_session(request: HttpRequest) -> Viewer:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        raise KeyRefused
    if not user.is_active or not user.is_staff:
        raise NotStaff
    if check_csrf(request) is not None:
        raise ForeignForm
    return viewer_for(cast(User, user), channel="api")


api_key = ApiKey()


def viewer_of(request: HttpRequest) -> Viewer:
    """The viewer behind a request of the API. Raises `KeyRefused`, `TooManyTries`, `ForeignForm`, `NotStaff`."""
    return api_key(request)
