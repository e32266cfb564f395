"""Settings, all from the environment or a ``.env`` file; ``.env.example`` says what each one means."""

from __future__ import annotations

import ssl
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.utils.translation import gettext_lazy as _

from bgmsync.environment import FileEnv
from bgmsync.keys import kept
from bgmsync.shared import logs
from bgmsync.shared.logs.redaction import keep_out, keep_out_password_of

PACKAGE_DIR = Path(__file__).resolve().parent
ROOT = PACKAGE_DIR.parent
CHECKOUT = (ROOT / "manage.py").exists()

env = FileEnv()
environ.Env.read_env((ROOT if CHECKOUT else Path.cwd()) / ".env")

VAR_DIR = Path(env.str("VAR_DIR", default=str((ROOT if CHECKOUT else Path.cwd()) / "var")))

SECRET_KEY = env.str("SECRET_KEY", default="") or kept(VAR_DIR / "secret_key", "secret")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
GIVEN_KEYS = env.str("TOKEN_KEYS", default="").replace(",", " ").split()
TOKEN_KEYS_ARE_KEPT = not GIVEN_KEYS
"""They stand in ``VAR_DIR/token_key``, newest first, one a line, and not in the environment."""
TOKEN_KEYS = GIVEN_KEYS or kept(VAR_DIR / "token_key", "fernet").split()
DEBUG = env.bool("DEBUG", default=False)
BASE_URL = env.str("BASE_URL", default="http://localhost:8000").rstrip("/")
HTTPS = BASE_URL.startswith("https://")
ALLOWED_HOSTS = [
    *env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"]),
    urlsplit(BASE_URL).hostname or "localhost",
]

TRAKT_CLIENT_ID = env.str("TRAKT_CLIENT_ID", default="")
TRAKT_CLIENT_SECRET = env.str("TRAKT_CLIENT_SECRET", default="")
TRAKT_API_URL = env.str("TRAKT_API_URL", default="https://api.trakt.tv").rstrip("/")
TRAKT_AUTH_URL = env.str("TRAKT_AUTH_URL", default="https://auth.trakt.tv").rstrip("/")
TRAKT_RATE = env.float("TRAKT_RATE", default=1.5)
BANGUMI_CLIENT_ID = env.str("BANGUMI_CLIENT_ID", default="")
BANGUMI_CLIENT_SECRET = env.str("BANGUMI_CLIENT_SECRET", default="")
BANGUMI_API_URL = env.str("BANGUMI_API_URL", default="https://api.bgm.tv").rstrip("/")
BANGUMI_AUTH_URL = env.str("BANGUMI_AUTH_URL", default="https://bgm.tv").rstrip("/")
BANGUMI_RATE = env.float("BANGUMI_RATE", default=2.0)
PUBLIC_ADDRESS = env.str("PUBLIC_ADDRESS", default="")
RETRY_SCALE = env.float("RETRY_SCALE", default=1.0)
IN_FLIGHT = 8
"""Requests under way at once to one host, on different subjects; politeness is the rate's business."""

MAPPING_DIR = Path(env.str("MAPPING_DIR", default=str(VAR_DIR / "mappings")))
MAPPING_SOURCES = env.list("MAPPING_SOURCES", default=[])
RUN_HISTORY_DAYS = env.int("RUN_HISTORY_DAYS", default=365)
EXPORT_LIMIT_MB = env.int("EXPORT_LIMIT_MB", default=200)
REGISTRATION = env.str("REGISTRATION", default="off")
NOTIFY_PRIVATE = env.bool("NOTIFY_PRIVATE", default=False)

WORKERS = env.int("WORKERS", default=2)
JOB_LIMIT = env.int("JOB_LIMIT", default=3600)
"""Seconds a run may take before it stops itself and goes on in a next one."""

INSTALLED_APPS = [
    "bgmsync.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "bgmsync.apps.ProjectConfig",  # before django_q, whose command `qcluster` it takes over
    "django_q",
    "bgmsync.shared.apps.SharedConfig",
    "trakt.apps.TraktAppConfig",
    "sync.apps.SyncAppConfig",
    "bgmsync.people.apps.PeopleConfig",
]

MIDDLEWARE = [
    "bgmsync.middleware.Proxy",
    "bgmsync.watching.requests.RequestLog",
    "bgmsync.middleware.Headers",
    "bgmsync.middleware.BodyLimit",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "bgmsync.people.middleware.LanguageAndZone",
    "django.contrib.messages.middleware.MessageMiddleware",
    "bgmsync.people.middleware.RequireTwoStep",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "bgmsync.urls"
WSGI_APPLICATION = "bgmsync.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'db.sqlite3'}")}
# Without a kept connection the ORM broker opens a new one for every poll: 8 times slower on PostgreSQL.
DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
SQLITE = DATABASES["default"]["ENGINE"].endswith("sqlite3")
if SQLITE:
    # A transaction that reads and then writes fails at once under contention unless it begins IMMEDIATE.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
    }
    Path(DATABASES["default"]["NAME"]).parent.mkdir(parents=True, exist_ok=True)
else:
    # PostgreSQL's default is of spinning disks: with it, a user's list walks the whole table backwards instead of the
    # index that is there for it (`make bench-admin`). Another value, or none for a pooler that refuses it: ?options=
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("options", "-c random_page_cost=1.1")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default="")
if REDIS_URL:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}

# A plan is approved by one form with a tick box for each subject; Django's 1,000 would refuse a long list.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 12_000

Q_CLUSTER = {
    "name": "bgmsync",
    "label": _("Jobs"),
    # Prefetch as little as possible: `retry` counts from the prefetch, and a prefetched job dies with its worker.
    "workers": WORKERS,
    "queue_limit": 1,
    "bulk": 1,
    "timeout": JOB_LIMIT,
    "retry": 3 * JOB_LIMIT,
    # Runs are put back by the dispatcher, from our own ledger; the broker must not do it a second time.
    "max_attempts": 1,
    "ack_failures": True,
    "catch_up": False,
    "save_limit": -1,
    "poll": 0.5,
} | ({"redis": REDIS_URL} if REDIS_URL else {"orm": "default"})

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "bgmsync.people.passwords.EndsSessions"},
]
LOGIN_URL = "admin:login"
REQUIRE_TOTP = env.str("REQUIRE_TOTP", default="off")
SESSION_ENGINE = "bgmsync.people.sessionstore"

# The program itself speaks plain http alone: an address with https means that a proxy stands before it.
BEHIND_PROXY = env.bool("BEHIND_PROXY", default=HTTPS)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_SSL_REDIRECT = HTTPS and env.bool("SSL_REDIRECT", default=BEHIND_PROXY)
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=3600) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("HSTS_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = env.bool("HSTS_PRELOAD", default=False)
# Other names below this one, and the list that browsers ship with, are for whoever owns the domain to decide.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True  # no script of ours reads it: forms carry the token
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
# A browser keeps a cookie of such a name only from this very host: no neighbour below the same domain can plant one.
COOKIE_PREFIX = "__Host-" if HTTPS else ""
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}sessionid"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}csrftoken"
CSRF_TRUSTED_ORIGINS = [BASE_URL]
X_FRAME_OPTIONS = "DENY"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [PACKAGE_DIR / "locale"]
USE_I18N = True
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # WhiteNoise warns at every start if it is missing
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

# What others see of this installation while it works (docs/operating.md, "Watching it").
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
SENTRY_DSN = env.str("SENTRY_DSN", default="")
LOG_FORMAT = env.str("LOG_FORMAT", default="line")
LOG_FILE = env.str("LOG_FILE", default="")
LOGGING = logs.config(LOG_FORMAT, env.str("LOG_LEVEL", default="INFO"), LOG_FILE)
keep_out(
    SECRET_KEY,
    *SECRET_KEY_FALLBACKS,
    *TOKEN_KEYS,
    TRAKT_CLIENT_SECRET,
    BANGUMI_CLIENT_SECRET,
    METRICS_TOKEN,
    SENTRY_DSN,
    always=True,
)
keep_out(str(DATABASES["default"].get("PASSWORD", "")), always=True)
keep_out_password_of(REDIS_URL)

# Making a TLS context costs 20 ms; one for the process is enough.
TLS = ssl.create_default_context()
