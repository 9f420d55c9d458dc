"""Django's settings. Everything that an operator may change comes from the environment (see the manual)."""

from __future__ import annotations

import os
from email.utils import formataddr
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _
from psycopg.conninfo import conninfo_to_dict

from egard.kernel.registry import find_journeys
from egard.site import conversations, mail, paths

DEBUG = os.environ.get("EGARD_DEBUG") == "1"
SECRET_KEY = paths.secret_key()
URL = os.environ.get("EGARD_URL", "").rstrip("/")
"""The public address, when the product stands behind a proxy: https://clients.example.org"""

_host = urlsplit(URL).hostname
ALLOWED_HOSTS = [
    *(os.environ.get("EGARD_HOSTS") or "127.0.0.1,localhost,[::1]").split(","),
    *([_host] if _host else []),
]
CSRF_TRUSTED_ORIGINS = [URL] if URL else []

EMBED_ORIGINS = [one.rstrip("/") for one in os.environ.get("EGARD_EMBED", "").replace(",", " ").split()]
"""The sites whose pages may hold that of booking a visit: https://www.example.org https://shop.example.org"""

# --- applications: the kernel, the shells, then one per journey folder -------------------------------------
JOURNEYS = find_journeys()
INSTALLED_APPS = [
    "egard.site",
    "egard.kernel.access",
    "egard.kernel.people",
    "egard.kernel.timeline",
    "egard.kernel.delegations",
    "egard.kernel.ledger",
    "egard.kernel.promises",
    "egard.kernel.messages",
    "egard.kernel.payments",
    "egard.kernel.cases",
    "egard.kernel.lifecycle",
    "egard.api",
    "egard.console",
    "egard.portal",
    *JOURNEYS,
    "procrastinate.contrib.django",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "csp",
    "django_htmx",
    "ninja",
    "allauth",
    "allauth.account",
    "allauth.mfa",
]

MIDDLEWARE = [
    "egard.api.middleware.ApiMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "egard.console.middleware.LanguageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "egard.console.middleware.RefusalMiddleware",
]
ROOT_URLCONF = "egard.site.urls"
ASGI_APPLICATION = "egard.site.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "egard.console.context.shell",
            ],
            "builtins": ["egard.console.templatetags.quick_url"],
        },
    },
]

# --- database: one PostgreSQL; the embedded one unless DATABASE_URL names another -------------------------
DATABASE_URL = os.environ.get("DATABASE_URL", "")
POOL_MAX_CONNECTIONS = int(os.environ.get("EGARD_POOL", "12"))
"""Connections of one web process at most; a worker uses two, and one listens. See the manual on the budget."""


def _database() -> dict[str, Any]:
    if DATABASE_URL:
        named = conninfo_to_dict(DATABASE_URL)
        parts: dict[str, Any] = {
            "NAME": named.pop("dbname", ""),
            "USER": named.pop("user", ""),
            "PASSWORD": named.pop("password", ""),
            "HOST": named.pop("host", ""),
            "PORT": named.pop("port", ""),
        }
    else:
        named = {}
        parts = {
            "NAME": "egard",
            "USER": "egard",
            "PASSWORD": paths.secret_file(paths.password_file()),
            "HOST": str(paths.socket_dir()),
            "PORT": "5432",
        }
    pooled = os.environ.get("EGARD_PROCESS") == "web"
    options: dict[str, Any] = dict(named)
    if pooled:
        options["pool"] = {"min_size": 2, "max_size": POOL_MAX_CONNECTIONS, "timeout": 10}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 0 if pooled else None,
        "OPTIONS": options,
        **parts,
    }


DATABASES = {"default": _database()}
if template := os.environ.get("EGARD_TEST_TEMPLATE"):
    DATABASES["default"]["TEST"] = {"TEMPLATE": template}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- people who sign in ------------------------------------------------------------------------------------
AUTH_USER_MODEL = "access.User"
AUTHENTICATION_BACKENDS = ["egard.site.demo_accounts.DemoStaysHere"]
SILENCED_SYSTEM_CHECKS = ["auth.W004"]  # an address is unique whatever its capitals: a constraint on lower(email)
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
EGARD_DEMO_LOADED, EGARD_DEMO_LOGINS = "egard.site.demo.is_loaded", "egard.site.demo.logins_for"
"""Who tells the console of the demo; it does not know the site."""
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "egard.console.accounts.StaffAccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # accounts are made by an administrator, never by sign-up
ACCOUNT_LOGOUT_ON_GET = False
PASSWORD_RESET_TIMEOUT = 3600
"""Seconds for which the way to a new password, sent by mail, is open."""
SESSION_ENGINE = "egard.kernel.access.sessions"
ACCOUNT_SESSION_REMEMBER = None
MFA_ADAPTER = "egard.console.accounts.StaffMFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Egard"
SESSION_COOKIE_NAME = "egard_staff"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = URL.startswith("https://")
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = False
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if URL.startswith("https://") else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
    },
}

# --- e-mail, and in whose name --------------------------------------------------------------------------------
ORGANISATION = os.environ.get("EGARD_NAME", "")
"""The name under which people know the organisation; the portal and messages speak in it."""
EGARD_DEMO_BRAND, EGARD_DEMO_PORTAL = "egard.site.demo.brand", "egard.site.demo_portal.told"
PORTAL_SHOWS_STAFF_NAMES = os.environ.get("EGARD_PORTAL_STAFF_NAMES") == "1"
"""Whether a person reads the names of those who saw her file; else their roles and teams."""
globals().update(mail.from_url(os.environ.get("EGARD_SMTP_URL", "")))
DEFAULT_FROM_EMAIL = os.environ.get("EGARD_MAIL_FROM") or formataddr((ORGANISATION, f"no-reply@{_host or 'localhost'}"))
if _backend := os.environ.get("EGARD_MAIL_BACKEND"):
    MAIL_DRIVER, EMAIL_BACKEND = "provider", _backend
globals().update(conversations.from_environment(os.environ, DEFAULT_FROM_EMAIL))

# --- limits: what one request may carry ---------------------------------------------------------------------
BODY_MAX_BYTES = 8 * 1024 * 1024
"""One request's body; a longer one is refused with 413 before it is read (files go by `egard import`)."""
FILES_PATH = r"/people/[0-9a-f-]{36}/said/|/inbox/[0-9a-f-]{36}/say/"
"""Where a form with the files of a message is sent: these may weigh `FILES_MAX_BYTES` (see `conversations`) together,
words beside them a megabyte. What comes is written to the disk.
"""
DATA_UPLOAD_MAX_MEMORY_SIZE = BODY_MAX_BYTES
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000

# --- languages, time, static files ----------------------------------------------------------------------------
LANGUAGE_CODE = os.environ.get("EGARD_LANGUAGE", "fr")
LANGUAGES = [("fr", _("French")), ("en", _("English"))]
USE_I18N = True
USE_TZ = True
TIME_ZONE = os.environ.get("EGARD_ZONE", "Europe/Paris")
"""The zone in which staff read times; everything is stored in UTC."""
COUNTRY = os.environ.get("EGARD_COUNTRY", "FR")
"""The country of phone numbers written without one."""
CURRENCY = os.environ.get("EGARD_CURRENCY", "EUR")
ASK_WHY = os.environ.get("EGARD_ASK_WHY", "protected")
"""Before which files staff and programs say why they open them: `protected` ones, `always`, `never`."""
IMPORT_MAX_BYTES = int(os.environ.get("EGARD_IMPORT_MAX_MB", "2048")) * 1024 * 1024
"""A file brought in through the import page; the command takes any."""
IMPORT_KEPT_DAYS = int(os.environ.get("EGARD_IMPORT_KEPT_DAYS", "7"))
"""How long refused rows, and files that were never brought in, are kept."""
STATIC_URL = "/static/"
STATIC_ROOT = paths.data_dir() / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "egard.site.static.HashedStaticFiles"},
}
MEDIA_ROOT = paths.data_dir() / "files"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("EGARD_LOG", "WARNING")},
}

# --- payments: drivers by name; the sandbox moves no money ------------------------------------------------------
PAYMENT_PROVIDERS = {"sandbox": "egard.kernel.payments.sandbox.Sandbox"}
PAYMENT_PROVIDER = "sandbox"
