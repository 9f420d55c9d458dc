"""What holds for every resource: keys, problems, bodies, languages, paths and methods."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest
from django.test import Client

from egard.api import authentication
from egard.api.bodies import DEPTH_MAX
from egard.api.tries import KNOWN_SECONDS, REMEMBERED_MAX, TRIES_MAX, WINDOW_SECONDS, Recent, WrongKeys
from egard.base.clock import utc_now
from egard.kernel.access.models import ApiKey
from egard.kernel.access.operations import revoke_api_key

pytestmark = pytest.mark.django_db


# --- keys and sessions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer wrong", "Basic YTpi", "Bearer é", "Bearer " + "x" * 5000, "wrong"]
)
def test_without_a_valid_key_nothing_is_answered(stranger, header):
    refused = stranger.get("people", **({"Authorization": header} if header else {}))
    assert (refused.status, refused.code) == (401, "access.key_refused")
    assert refused.headers["WWW-Authenticate"] == "Bearer"


def test_an_expired_and_a_revoked_key_are_refused_like_a_wrong_one(make_program, me):
    late = make_program("all", expires_at=utc_now() - timedelta(seconds=1))
    assert late.get("people").code == "access.key_refused"
    program = make_program("people.read")
    assert program.get("people").status == 200
    revoke_api_key(ApiKey.objects.order_by("created_at").last(), by=me, now=utc_now())
    assert program.get("people").code == "access.key_refused"


def test_too_many_wrong_keys_are_told_when_to_come_back_and_a_good_key_goes_on(program, stranger):
    assert program.get("people").status == 200
    for _n in range(TRIES_MAX):
        assert stranger.get("people", Authorization="Bearer wrong").status == 401
    refused = stranger.get("people", Authorization="Bearer wrong")
    assert (refused.status, refused.code) == (429, "api.too_many_tries")
    assert 0 < int(refused.headers["Retry-After"]) <= WINDOW_SECONDS
    assert program.get("people").status == 200


def test_wrong_keys_are_forgotten_after_their_window_and_bounded_in_number():
    moment = 1000.0
    tries = WrongKeys(lambda: moment)
    for _n in range(TRIES_MAX):
        tries.note("a")
    assert tries.wait_seconds("a") == WINDOW_SECONDS
    assert tries.wait_seconds("b") == 0
    moment += WINDOW_SECONDS
    assert tries.wait_seconds("a") == 0
    tries.note("a")
    assert tries.wait_seconds("a") == 0
    for n in range(REMEMBERED_MAX + 5):
        tries.note(f"x{n}")
    assert len(tries._windows) == REMEMBERED_MAX


def test_what_was_seen_recently_is_known_for_a_while():
    moment = 1000.0
    recent = Recent(lambda: moment)
    recent.add("k")
    assert recent.holds("k")
    moment += KNOWN_SECONDS
    assert not recent.holds("k")
    recent.add("k")
    recent.forget("k")
    assert not recent.holds("k")


def test_staff_use_the_api_with_their_session_and_change_things_only_with_the_csrf_token(make_user):
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user("agent"))
    assert client.get("/api/v1/people").status_code == 200
    assert client.get("/api/v1/people/019a0000-0000-7000-8000-000000000000/export").status_code == 403
    refused = client.post("/api/v1/people", {}, content_type="application/json")
    assert (refused.status_code, orjson.loads(refused.content)["code"]) == (403, "api.csrf")
    token = "a" * 32
    client.cookies["csrftoken"] = token
    done = client.post("/api/v1/people", {}, content_type="application/json", headers={"X-CSRFToken": token})
    assert done.status_code == 201


def test_a_session_that_is_not_of_staff_is_refused(make_user):
    user = make_user()
    user.is_staff = False
    user.save()
    client = Client()
    client.force_login(user)
    refused = client.get("/api/v1/people")
    assert (refused.status_code, orjson.loads(refused.content)["code"]) == (403, "api.not_staff")


# --- bodies --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"{'family_name': 'x'}",
        b'{"family_name": NaN}',
        b'{"family_name": Infinity}',
        b'{"family_name": "\xff\xfe"}',
        b'{"family_name": "\\ud800"}',
        b'{"family_name": "a\x00b"}',
        b'{"family_name": "x"} {"family_name": "y"}',
        '{"family_name": "x"}'.encode("utf-16"),
    ],
)
@pytest.mark.parametrize("path", ["people", "events"])
def test_what_is_no_json_is_refused_with_where_and_why(program, raw, path):
    refused = program.post(path, raw=raw)
    if raw == b"" and path == "people":
        assert (refused.status, refused.code) == (422, "api.invalid")
    else:
        assert (refused.status, refused.code) == (422, "api.bad_json")
        assert "line 1" in refused.json["detail"]


def test_the_character_nul_is_refused_and_its_name_written_out_is_not(program):
    refused = program.post("people", raw=b'{"family_name": "a\\u0000b"}')
    assert (refused.status, refused.code) == (422, "api.bad_json")
    assert "NUL" in refused.json["detail"]
    assert program.post("people", raw=b'{"\\u0000": "b"}').code == "api.bad_json"
    assert program.post("people", raw=b'{"family_name": "a\\\\u0000b"}').json["family_name"] == "a\\u0000b"


@pytest.mark.parametrize("depth", [DEPTH_MAX + 1, 1000, 5000, 200_000])
@pytest.mark.parametrize("path", ["people", "events"])
def test_json_nested_too_deep_is_refused_at_any_depth(program, depth, path):
    for opened, closed in ((b"[", b"]"), (b'{"a":', b"}")):
        refused = program.post(path, raw=opened * depth + b"1" + closed * depth)
        assert (refused.status, refused.code) == (422, "api.bad_json")
        assert "64" in refused.json["detail"] or "line" in refused.json["detail"]


@pytest.mark.parametrize("path", ["people", "events"])
def test_brackets_inside_a_text_nest_nothing_and_hide_nothing(program, path):
    harmless = {"kind": '[{"' * 200, "family_name": '"[[' + "\\" * 99}
    assert program.post(path, harmless).code != "api.bad_json"
    hidden = b'{"kind": "]]", "family_name": ' + b"[" * DEPTH_MAX + b"]" * DEPTH_MAX + b"}"
    assert program.post(path, raw=hidden).code == "api.bad_json"
    wide = b'{"family_name": [' + b",".join([b"[[],{}]"] * 500) + b"]}"
    assert program.post(path, raw=wide).code != "api.bad_json"


@pytest.mark.parametrize("type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
@pytest.mark.parametrize("path", ["people", "events"])
def test_a_body_that_is_not_announced_as_json_is_refused(program, type, path):
    refused = program.post(path, {"family_name": "x"}, type=type)
    assert (refused.status, refused.code) == (415, "api.wrong_type")
    assert "application/json" in refused.json["detail"]


def test_json_with_a_suffix_or_a_charset_is_json(program):
    for type in ("application/json; charset=utf-8", "application/merge-patch+json"):
        assert program.post("people", {"family_name": "x"}, type=type).status == 201


# --- paths, methods, languages -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/api/", "/api/v1/", "/api/v2/people", "/api/v1/nothing", "/api/v1/people/", "/api/v1/people/a/b/c"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_address_is_a_404_that_says_where_the_list_is(program, path, method):
    refused = program.call(method, path)
    assert (refused.status, refused.code) == (404, "api.unknown_path")
    assert "/api/v1/docs" in refused.json["detail"]


@pytest.mark.parametrize(("method", "path", "allowed"), [("DELETE", "people", "GET, POST"), ("PUT", "events", "POST")])
def test_a_wrong_method_is_told_which_are_right(program, method, path, allowed):
    refused = program.call(method, path)
    assert (refused.status, refused.code) == (405, "api.wrong_method")
    assert refused.headers["Allow"] == allowed


@pytest.mark.parametrize(
    "path",
    [
        "people?q=%00",
        "people?q=a%00b",
        "people?identifier=email:%00",
        "people/%00",
        "people?q=%ff%fe",
        "people?q=%ed%a0%80",
    ],
)
def test_bad_characters_in_an_address_are_never_our_fault(program, path):
    assert program.get(path).status in (200, 404, 422)


def test_a_refusal_speaks_the_callers_language(make_program):
    french = make_program("people.read", language="fr-CA,fr;q=0.9,en;q=0.5").post("people", {})
    assert french.headers["Content-Language"] == "fr"
    assert "permission" in french.json["detail"]
    english = make_program("people.read", language="en-GB").post("people", {})
    assert english.json["title"] == "You may not do this"
    assert french.json["title"] != english.json["title"]


def test_a_fault_of_ours_is_a_problem_without_its_inside(program, monkeypatch, caplog):
    from egard.kernel.people import search

    def broken(*args, **kwargs):
        raise RuntimeError("the secret inside")

    monkeypatch.setattr(search, "search", broken)
    refused = program.get("people")
    assert (refused.status, refused.code) == (500, "api.failure")
    assert b"secret" not in refused.content
    assert "the secret inside" in caplog.text


def test_a_database_that_does_not_answer_is_a_503_that_says_when_to_come_back(program, monkeypatch):
    from django.db import OperationalError

    from egard.kernel.people import search

    def away(*args, **kwargs):
        raise OperationalError("timeout")

    monkeypatch.setattr(search, "search", away)
    refused = program.get("people")
    assert (refused.status, refused.code) == (503, "api.unavailable")
    assert refused.headers["Retry-After"] == "5"


def test_an_unknown_host_is_refused_as_a_problem(program):
    refused = program.get("people", Host="evil.example")
    assert (refused.status, refused.code) == (400, "api.bad_request")


def test_what_the_browser_would_frame_or_run_is_not_there(program):
    docs = Client().get("/api/v1/docs")
    assert docs.status_code == 200
    page = docs.content.decode()
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    assert "script-src 'self'" in docs.headers["Content-Security-Policy"]


# --- alive and ready ----------------------------------------------------------------------------------------------


def test_the_process_says_that_it_lives_without_asking_the_database(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert Client().get("/healthz").json() == {"status": "alive"}


def test_it_is_ready_only_while_a_worker_listens(transactional_db):
    import psycopg
    from django.db import connection

    from egard.kernel.timeline.worker import APPLICATION_NAME

    alone = Client().get("/readyz")
    assert (alone.status_code, alone.json()["workers"]) == (503, 0)
    assert alone.json()["migrations"] == "ok"
    parameters = connection.get_connection_params()
    for name in ("cursor_factory", "context", "prepare_threshold"):
        parameters.pop(name, None)
    with psycopg.connect(**{**parameters, "application_name": APPLICATION_NAME}):
        ready = Client().get("/readyz")
        assert (ready.status_code, ready.json()["status"], ready.json()["waiting"]) == (200, "ready", 0)


def test_the_known_keys_of_this_process_are_not_trusted_without_the_database(program, me):
    program.get("people")
    assert len(authentication.valid_keys._seen) == 1
    revoke_api_key(ApiKey.objects.get(), by=me, now=utc_now())
    assert program.get("people").status == 401
    assert not authentication.valid_keys._seen
