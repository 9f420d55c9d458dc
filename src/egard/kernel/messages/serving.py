"""Handing out files that others sent: to be saved, never shown, whatever they are."""

from __future__ import annotations

from django.http import FileResponse

from egard.base.refusal import NotFound
from egard.kernel.messages.files import path_of
from egard.kernel.messages.models import Attachment


def file(attachment: Attachment) -> FileResponse:
    """The bytes with their true type, as a download that no browser guesses at. Raises `NotFound`."""
    try:
        stream = path_of(attachment.sha256).open("rb")
    except FileNotFoundError:
        raise NotFound from None
    answer = FileResponse(stream, as_attachment=True, filename=attachment.name, content_type=attachment.type)
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer["Cache-Control"] = "private, no-store"
    return answer
