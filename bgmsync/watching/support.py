"""The support bundle: what somebody who helps needs to know, and nothing that its owner would mind to see posted.

It holds by construction: no text of the database or of the environment is copied. Numbers, times, and words of our own
enumerations are; every other text is left out, whatever it says. Users are numbers.
"""

from __future__ import annotations

import io
import json
import os
import platform
import zipfile
from datetime import datetime
from importlib import metadata
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import checks
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext, override
from prometheus_client import generate_latest

from bgmsync import __version__
from bgmsync.shared import schema
from bgmsync.shared.logs.redaction import redact
from bgmsync.shared.models import ConnectionState
from bgmsync.watching.logfile import last_lines
from bgmsync.watching.metrics import registry
from sync.models import BangumiAccount, RunEvent, SyncItem, SyncRun
from sync.reasons import TEXTS
from trakt.models import TraktConfig

if TYPE_CHECKING:
    from collections.abc import Callable

RUNS = 100
SECRETS = [f"{account}__{field}" for account in ("trakt", "bangumi") for field in ("access_token", "refresh_token")]
"""Not read at all: the keys may be what is broken."""
USERS = 200
LIBRARIES = ("django", "django-q2", "granian", "httpx", "psycopg", "pydantic", "redis", "cryptography", "apprise")
OURS = ("shared", "people", "sync", "trakt", "auth", "sessions", "django_q")

CHOICES: dict[str, tuple[str, ...]] = {
    "REGISTRATION": ("off", "invite", "open"),
    "REQUIRE_TOTP": ("off", "operators", "all"),
    "LOG_FORMAT": ("line", "json"),
    "LOG_LEVEL": ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
}
"""Settings of which the value is shown if it is one of these."""
NUMBERS = (
    "TRAKT_RATE",
    "BANGUMI_RATE",
    "RETRY_SCALE",
    "RUN_HISTORY_DAYS",
    "EXPORT_LIMIT_MB",
    "NOTIFY_PRIVATE",
    "HSTS_SECONDS",
    "HSTS_SUBDOMAINS",
    "HSTS_PRELOAD",
    "WORKERS",
    "JOB_LIMIT",
    "DEBUG",
)
"""Settings whose values are numbers, or yes and no."""
NAMED = (
    "VAR_DIR",
    "DATABASE_URL",
    "PUBLIC_ADDRESS",
    "REDIS_URL",
    "SECRET_KEY",
    "SECRET_KEY_FALLBACKS",
    "TOKEN_KEYS",
    "BASE_URL",
    "ALLOWED_HOSTS",
    "BEHIND_PROXY",
    "SSL_REDIRECT",
    "TRAKT_CLIENT_ID",
    "TRAKT_CLIENT_SECRET",
    "TRAKT_API_URL",
    "TRAKT_AUTH_URL",
    "BANGUMI_CLIENT_ID",
    "BANGUMI_CLIENT_SECRET",
    "BANGUMI_API_URL",
    "BANGUMI_AUTH_URL",
    "MAPPING_DIR",
    "MAPPING_SOURCES",
    "METRICS_TOKEN",
    "SENTRY_DSN",
    "LOG_FILE",
)
"""Settings of which only the name is told, and whether it is set."""
CODES = frozenset(
    {
        *TEXTS,
        *(word for words in (SyncItem.State, SyncItem.Kind) for word in words.values),
        *(word for words in (SyncRun.Status, SyncRun.Trigger, SyncRun.Stage, ConnectionState) for word in words.values),
        *("trakt", "bangumi", "read", "expected", "items", "info", "warning", "error", ""),
    }
)
"""Our own words, which may be shown wherever they stand."""
OTHER = "(other)"
OF_RUN = (
    "id",
    "trigger",
    "status",
    "stage",
    "reason",
    "dry_run",
    "full",
    "only_retry",
    "attempts",
    "read",
    "expected",
    "writes",
    "counts",
    "reasons",
    "by_kind",
    "requests",
    "created_at",
    "started_at",
    "finished_at",
    "heartbeat_at",
    "not_before",
)


def bundle(person: Any = None) -> bytes:
    """Return a ZIP about the whole installation, or about what *person* alone may know."""
    parts: dict[str, Callable[[], Any]] = {
        "about.json": lambda: _about(person),
        "users.json": lambda: _users(person),
        "runs.json": lambda: _runs(person),
    }
    if person is None:
        parts |= {
            "settings.json": _settings,
            "checks.json": _checks,
            "migrations.json": _migrations,
            "rows.json": _rows,
            "figures.txt": _figures,
            "log.json": lambda: last_lines(settings.LOG_FILE),
        }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("README.txt", about())
        for name, make in parts.items():
            data = _made(make)
            target.writestr(name, data if isinstance(data, str) else _as_json(data))
    return packed.getvalue()


def _made(make: Callable[[], Any]) -> Any:
    """Return the part, or by what kind of error it could not be made: a bundle is wanted when something is broken."""
    try:
        return make()
    except Exception as error:  # noqa: BLE001  # whatever is broken, the other parts are to be had
        return {"missing": type(error).__name__}


def about() -> str:
    return gettext(
        "A support bundle of bgmsync: what helps somebody who looks for a fault. It may be posted in public.\n"
        "In it are versions, counts, times, and codes of what happened. Users are numbers.\n"
        "Left out are titles, names, addresses, tokens, and the texts of errors, which may quote any of them.\n"
        "Each file is plain text: look before you post it.\n"
    )


def plain(value: Any) -> Any:
    """Return numbers, times and our own words as they are; any other text as :data:`OTHER`."""
    match value:
        case None | bool() | int() | float() | datetime():
            return value
        case str():
            return value if value in CODES else OTHER
        case dict():
            return {plain(str(key)): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
    return OTHER


def _about(person: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"bgmsync": __version__, "made_at": timezone.now(), "of": "one user" if person else "all"}
    if person:
        return found
    return found | {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "database": f"{connection.vendor} {_database_version()}",
        "broker": "redis" if settings.REDIS_URL else "database",
        "libraries": {name: metadata.version(name) for name in LIBRARIES},
    }


def _database_version() -> str:
    connection.ensure_connection()
    return ".".join(map(str, connection.get_database_version()))


def _settings() -> dict[str, Any]:
    """Return which settings are set; values only of those that can be nothing but a number or a word of ours."""
    given = set(os.environ)
    names = sorted({*CHOICES, *NUMBERS, *NAMED})
    return {name: {"set": bool({name, f"{name}_FILE"} & given), **_value(name)} for name in names}


def _value(name: str) -> dict[str, Any]:
    value = getattr(settings, name, os.environ.get(name))
    if name in NUMBERS and isinstance(value, bool | int | float):
        return {"value": value}
    if name in CHOICES and value is not None:
        return {"value": value if value in CHOICES[name] else OTHER}
    return {}


def _checks() -> list[dict[str, Any]]:
    """Return which checks speak. What they say may quote a setting; the code is in the documentation."""
    return [{"id": message.id, "level": message.level} for message in checks.run_checks()]


def _migrations() -> dict[str, Any]:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    known = executor.loader.disk_migrations
    applied = executor.loader.applied_migrations
    return {
        "applied": [f"{app}.{name}" for app, name in sorted(known) if (app, name) in applied],
        "missing": [f"{step.app_label}.{step.name}" for step, _back in plan],
        "of_a_newer_version": len(schema.newer_than_program()),
    }


def _rows() -> dict[str, int]:
    found = [model for model in apps.get_models() if model._meta.app_label in OURS]  # noqa: SLF001  # Django's documented API
    return {model._meta.label_lower: model._default_manager.count() for model in found}  # noqa: SLF001  # likewise


def _figures() -> str:
    """Return what /metrics says, without the machines' names."""
    lines = generate_latest(registry()).decode().splitlines()
    return "\n".join(line for line in lines if "machine=" not in line) + "\n"


def _users(person: Any) -> list[dict[str, Any]]:
    people = get_user_model().objects.order_by("-pk")
    if person:
        people = people.filter(pk=person.pk)
    rows = list(people.select_related("trakt", "bangumi").defer(*SECRETS)[:USERS])
    items: dict[int, list[Any]] = {}
    counted = SyncItem.objects.filter(user__in=[row.pk for row in rows]).order_by()
    for user, kind, state, reason, n in counted.values_list("user", "kind", "state", "reason").annotate(n=Count("pk")):
        items.setdefault(user, []).append(plain([kind, state, reason, n]))
    return [{**_user(row), "items": items.get(row.pk, [])} for row in rows]


def _user(person: Any) -> dict[str, Any]:
    config = getattr(person, "trakt", None) or TraktConfig()
    account = getattr(person, "bangumi", None) or BangumiAccount()
    return {
        "user": person.pk,
        "active": person.is_active,
        "trakt": _connection(config),
        "bangumi": _connection(account),
        "last_good_at": config.last_good_at,
        "next_run_at": config.next_run_at,
        "listed": account.listed,
        "chosen": _chosen(config),
    }


def _connection(found: Any) -> dict[str, Any]:
    since, until = found.connected_at, found.token_expires_at
    return {"state": plain(found.state), "connected_at": since, "token_expires_at": until}


def _chosen(config: TraktConfig) -> dict[str, Any]:
    """Return the settings that are numbers, switches, or one of several."""
    found = {}
    for field in config._meta.concrete_fields:  # noqa: SLF001  # Django's documented API
        if isinstance(field, models.BooleanField | models.PositiveIntegerField | models.PositiveSmallIntegerField):
            found[field.name] = getattr(config, field.attname)
        elif field.choices and field.name != "state":
            value = getattr(config, field.attname)
            found[field.name] = value if value in dict(field.flatchoices) else OTHER
    return found


def _runs(person: Any) -> list[dict[str, Any]]:
    rows = SyncRun.objects.filter(user=person) if person else SyncRun.objects.all()
    found = {run.pk: run for run in rows.order_by("-pk")[:RUNS]}
    log: dict[int, list[Any]] = {}
    with override("zh-hans"):
        for event in RunEvent.objects.filter(run__in=list(found)).order_by("pk"):
            log.setdefault(event.run_id, []).append(_event(event))
    return [{**_run(run), "log": log.get(pk, [])} for pk, run in found.items()]


def _run(run: SyncRun) -> dict[str, Any]:
    return {"user": run.user_id, "seconds": run.seconds, **{name: plain(getattr(run, name)) for name in OF_RUN}}


def _event(event: Any) -> dict[str, Any]:
    """Return a line of a run's log as we wrote it: what we wrote has a translation, and no other text has."""
    ours = gettext(event.message) != event.message
    message = redact(event.message) if ours else OTHER
    params = {name: plain(value) for name, value in event.params.items()} if ours else {}
    return {"at": event.at, "level": plain(event.level), "message": message, "params": params}


def _as_json(data: Any) -> str:
    return json.dumps(data, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1) + "\n"
