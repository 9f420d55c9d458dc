"""`Idempotency-Key` on every POST: one transaction holds what is done and the answer that is remembered."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from egard.api import operations
from egard.api.authentication import viewer_of
from egard.api.problems import problem
from egard.api.refusals import BadIdempotencyKey
from egard.base.clock import utc_now
from egard.base.refusal import Refusal

HEADER = "Idempotency-Key"
_KEY = re.compile(r"[\x21-\x7e]{1,200}")

Run = Callable[..., HttpResponse]
_LATER = "_egard_after_refusal"


def after_refusal(request: HttpRequest, work: Callable[[], None]) -> None:
    """Do something because a request is refused (count it): where all of it is rolled back, afterwards."""
    later = getattr(request, _LATER, None)
    if later is None:
        work()
    else:
        later.append(work)


def once(run: Run) -> Run:
    """Wrap the running of a request: same key and body = the first answer again. Refusals are not remembered."""

    @wraps(run)
    def wrapped(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        key = request.headers.get(HEADER)
        if request.method != "POST" or key is None:
            return run(request, **kwargs)
        try:
            viewer = viewer_of(request)
            if not _KEY.fullmatch(key):
                raise BadIdempotencyKey
            body = request.body
        except RequestDataTooBig:
            return run(request, **kwargs)  # refuses it, in the words of every other request
        except Refusal as refusal:
            return problem(refusal)
        later: list[Callable[[], None]] = []
        setattr(request, _LATER, later)
        try:
            with transaction.atomic():
                held = operations.claim(viewer.actor, key, path=request.get_full_path(), body=body, now=utc_now())
                if isinstance(held, operations.Remembered):
                    return _again(held)
                response = run(request, **kwargs)
                if response.status_code >= 400:
                    transaction.set_rollback(True)
                else:
                    operations.remember(
                        held,
                        status=response.status_code,
                        content_type=response.headers.get("Content-Type", ""),
                        content=response.content,
                    )
        except Refusal as refusal:
            response = problem(refusal)
        for work in later:
            work()
        return response

    return wrapped


def _again(held: operations.Remembered) -> HttpResponse:
    response = HttpResponse(held.content, status=held.status, content_type=held.content_type)
    response["Idempotent-Replayed"] = "true"
    return response
