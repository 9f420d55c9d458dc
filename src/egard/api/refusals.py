"""What the API itself refuses, before any operation is asked."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from egard.base.refusal import Forbidden, NotFound, Refusal


class Invalid(Refusal):
    """A field is missing, unknown or of the wrong form; `fields` says which and why."""

    code = "api.invalid"
    title = _("Some fields are not right")
    message = _("Correct these fields and send the request again: {names}.")


class BadJson(Refusal):
    """The body is no JSON that can be stored: not JSON, not UTF-8, nested too deep, or with the character NUL."""

    code = "api.bad_json"
    title = _("The body is not readable JSON")
    message = _("The body cannot be read: {why}")


class WrongType(Refusal):
    """The body is not announced as JSON."""

    code = "api.wrong_type"
    status = 415
    title = _("The body must be JSON")
    message = _("Send the body as JSON, with the header “Content-Type: application/json”.")


class TooLarge(Refusal):
    """The body is longer than one request may be: send less at once, or a file by `egard import`."""

    code = "api.too_large"
    status = 413
    title = _("The body is too large")
    message = _("One request holds at most {limit} bytes. Send it in parts; import files with “egard import”.")


class UnknownPath(NotFound):
    """No resource of the API has this address."""

    code = "api.unknown_path"
    title = _("No such address")
    message = _("The API has nothing at this address. Its resources are listed at /api/v1/docs.")


class WrongMethod(Refusal):
    """The resource is there, but does not do this; the header `Allow` says what it does."""

    code = "api.wrong_method"
    status = 405
    title = _("Wrong method")
    message = _("This resource does not answer {method}. It answers: {allowed}.")


class BadRequest(Refusal):
    """The request itself is broken: an unknown host, a header that cannot be read."""

    code = "api.bad_request"
    status = 400
    title = _("The request cannot be read")
    message = _("The request cannot be read. Check its address and its headers.")


class TooManyTries(Refusal):
    """Too many wrong keys came from this address; the header `Retry-After` says when to come back, in seconds."""

    code = "api.too_many_tries"
    status = 429
    title = _("Too many wrong keys")
    message = _("Too many wrong keys came from your address. Try again in {seconds} seconds, with a valid key.")


class ForeignForm(Forbidden):
    """A signed-in browser must prove that the request comes from our own pages."""

    code = "api.csrf"
    title = _("The request does not come from our pages")
    message = _("With a signed-in session, send the CSRF token as “X-CSRFToken”; programs use an API key instead.")


class NotStaff(Forbidden):
    """The session is not one of staff."""

    code = "api.not_staff"
    title = _("You may not do this")
    message = _("Only staff may use the API with a session. Use an API key.")


class Unavailable(Refusal):
    """The database does not answer, or not in time. Nothing was changed."""

    code = "api.unavailable"
    status = 503
    title = _("Not available just now")
    message = _("The service cannot answer just now. Nothing was changed; try again in a few seconds.")


class Failure(Refusal):
    """A fault of ours; it stands in the log."""

    code = "api.failure"
    status = 500
    title = _("A fault of ours")
    message = _("Something broke on our side. Nothing was changed; the fault is in the log.")


class Mismatch(Refusal):
    """The key was used for another request; a new request needs a new key."""

    code = "idempotency.mismatch"
    title = _("This Idempotency-Key was used for another request")
    message = _("This Idempotency-Key was already used with another body or address. Use a new key for a new request.")


class BadIdempotencyKey(Refusal):
    """The key has 1 to 200 visible ASCII characters; a UUID is a good one."""

    code = "idempotency.bad_key"
    title = _("This Idempotency-Key cannot be used")
    message = _("An Idempotency-Key has 1 to 200 visible ASCII characters, for example a UUID.")


class EmptyBatch(Refusal):
    """No event in the batch."""

    code = "events.empty"
    message = _("Send at least one event.")


class BatchTooLong(Refusal):
    """More events than one call may hold."""

    code = "events.too_many"
    message = _("Send at most {limit} events at once; this batch has {count}.")
