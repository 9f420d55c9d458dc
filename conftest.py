"""What every test may count on: a database of its own, printed seeds, a word where a browser is missing."""

from __future__ import annotations

import os
import shutil

import pytest
from hypothesis import HealthCheck, settings

from egard.site import testing

pytest_plugins = [
    "tests.fixtures",
    "tests.browsing",
    "tests.mailbox",
    "tests.dovecot",
]  # people, viewers, a moment: for tests in journeys' folders too
DEEP = os.environ.get("EGARD_DEEP") == "1"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

settings.register_profile(
    "quick", max_examples=30, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "deep", max_examples=1000, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("deep" if DEEP else "quick")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None,
    django_db_blocker: object,
) -> None:
    """Before pytest-django makes this process's database: the server and the template it is copied from."""
    with django_db_blocker.unblock():
        testing.ensure_database()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: object) -> None:
    """A server named by DATABASE_URL has no template: what follows `migrate` is done here."""
    from egard.kernel.lifecycle.setup import after_migrate

    with django_db_blocker.unblock():
        after_migrate()


@pytest.fixture(scope="session", autouse=True)
def _repeated_queries_fail() -> None:
    """Any request of any test that asks the same thing of the database once a row ends in zeal's NPlusOneError."""
    from django.conf import settings as django_settings
    from zeal.constants import initialize_app_registry
    from zeal.patch import patch

    initialize_app_registry()
    patch()
    django_settings.MIDDLEWARE.insert(0, "zeal.middleware.zeal_middleware")
    # A session that was ended elsewhere is looked for again by each that needs it: two or three, whatever the rows.
    django_settings.ZEAL_ALLOWLIST = [{"model": "sessions.Session"}]


@pytest.fixture(scope="session", autouse=True)
def _plain_names_of_static_files() -> None:
    """An `egard web` that a test starts collects them into the data directory that the tests share; pages of this
    process are served from the folders, whichever came first.
    """
    from django.contrib.staticfiles.storage import staticfiles_storage

    staticfiles_storage.hashed_files = {}


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium; the test is skipped where there is none."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine (Debian: apt install chromium)")
    return CHROMIUM


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if CHROMIUM is None and item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason="no Chromium on this machine (Debian: apt install chromium)"))
        if not DEEP and item.get_closest_marker("deep"):
            item.add_marker(pytest.mark.skip(reason="full counts: bin/test --deep"))
