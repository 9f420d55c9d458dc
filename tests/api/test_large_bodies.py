"""A body that is too long is refused before it is read, and at the latest when it passes the limit."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest
from django.conf import settings

from egard.site.asgi import application

CHUNK = b"x" * 65536
HUNDRED_MEGABYTES = 100 * 1024 * 1024


def send(path: str, *headers: tuple[bytes, bytes], total: int) -> tuple[int, dict[bytes, bytes], bytes, int]:
    """Send `total` bytes to the ASGI application: status, headers and body of the answer, and bytes that it took."""
    taken, ended = 0, False
    answer: list[dict] = []

    async def receive():
        nonlocal taken, ended
        if ended:
            await asyncio.sleep(3600)  # the caller stays until it is answered
        if taken >= total:
            ended = True
            return {"type": "http.request", "body": b"", "more_body": False}
        taken += len(CHUNK)
        ended = taken >= total
        return {"type": "http.request", "body": CHUNK, "more_body": not ended}

    async def keep(message):
        answer.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json"), *headers],
        "http_version": "1.1",
        "scheme": "http",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 40000),
        "asgi": {"version": "3.0"},
    }
    # In a thread of its own: a browser of another test may have a loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, application(scope, receive, keep)).result()
    body = b"".join(part.get("body", b"") for part in answer[1:])
    return answer[0]["status"], dict(answer[0]["headers"]), body, taken


@pytest.mark.parametrize("path", ["/api/v1/people", "/api/v1/events", "/people/"])
def test_a_hundred_megabytes_announced_are_refused_before_a_byte_is_read(path):
    status, headers, body, taken = send(
        path, (b"content-length", str(HUNDRED_MEGABYTES).encode()), total=HUNDRED_MEGABYTES
    )
    assert (status, taken) == (413, 0)
    assert headers[b"connection"] == b"close"
    refused = orjson.loads(body)
    assert refused["code"] == "api.too_large"
    assert str(settings.BODY_MAX_BYTES) in refused["detail"]


def test_a_hundred_megabytes_in_pieces_are_refused_when_they_pass_the_limit():
    status, headers, body, taken = send(
        "/api/v1/events", (b"transfer-encoding", b"chunked"), (b"accept-language", b"en"), total=HUNDRED_MEGABYTES
    )
    assert status == 413
    assert taken <= settings.BODY_MAX_BYTES + len(CHUNK)
    assert headers[b"content-type"] == b"application/problem+json"
    assert orjson.loads(body)["title"] == "The body is too large"


def test_an_announced_length_that_is_no_number_does_not_open_the_door():
    status, _headers, _body, taken = send("/api/v1/events", (b"content-length", b"-1"), total=HUNDRED_MEGABYTES)
    assert status == 413
    assert taken <= settings.BODY_MAX_BYTES + len(CHUNK)


@pytest.mark.django_db
def test_django_refuses_a_long_body_too_where_nothing_stands_before_it(program):
    refused = program.post("events", raw=b"[" + b" " * settings.BODY_MAX_BYTES + b"]")
    assert (refused.status, refused.code) == (413, "api.too_large")


@pytest.mark.parametrize("page", ["people", "inbox"])
def test_files_of_a_message_may_be_large_and_no_larger(page):
    what, megabyte = {"people": "said", "inbox": "say"}[page], 1024 * 1024
    path = f"/{page}/01a2068b-9ef5-73f7-a41c-6bd5e018e386/{what}/"
    announced = lambda n: (b"content-length", str(n * megabyte).encode())  # noqa: E731
    assert send(path, announced(25), total=9 * megabyte)[0] == 403  # read whole; nobody is signed in
    refused = send(path, announced(27), total=0)
    assert (refused[0], orjson.loads(refused[2])["code"]) == (413, "api.too_large")
    assert send(f"{path}more/", announced(9), total=0)[0] == 413
