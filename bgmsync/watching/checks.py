"""System checks of what watches the installation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.checks import Error, register
from django.core.checks import Warning as CheckWarning

from bgmsync.shared import logs
from bgmsync.shared.command import TAG
from bgmsync.watching import errors

if TYPE_CHECKING:
    from django.core.checks import CheckMessage

SHORTEST_TOKEN = 16


@register(TAG)
def log_format(**_kwargs: Any) -> list[CheckMessage]:
    if settings.LOG_FORMAT in logs.FORMATS:
        return []
    return [
        Error(
            f"LOG_FORMAT is {settings.LOG_FORMAT!r}, which is no form of a log.",
            hint="Set it to line or json.",
            id="bgmsync.E006",
        )
    ]


@register(TAG)
def metrics_token(**_kwargs: Any) -> list[CheckMessage]:
    if not settings.METRICS_TOKEN or len(settings.METRICS_TOKEN) >= SHORTEST_TOKEN:
        return []
    return [
        CheckWarning(
            "METRICS_TOKEN is short enough to be guessed: whoever does can read this installation's figures.",
            hint=f"Use {SHORTEST_TOKEN} characters or more, such as those of: openssl rand -hex 24",
            id="bgmsync.W003",
        )
    ]


@register(TAG)
def sentry_dsn(**_kwargs: Any) -> list[CheckMessage]:
    if not settings.SENTRY_DSN:
        return []
    if not errors.is_installed():
        return [
            CheckWarning(
                "SENTRY_DSN is set, but no errors are sent: the library for it is not installed.",
                hint="Install the extra: pip install 'bgmsync[sentry]', or uv sync --extra sentry.",
                id="bgmsync.W004",
            )
        ]
    from sentry_sdk.utils import BadDsn, Dsn  # noqa: PLC0415  # an extra

    try:
        Dsn(settings.SENTRY_DSN)
    except BadDsn:
        return [
            CheckWarning(
                "SENTRY_DSN is not an address that errors can be sent to, so none are.",
                hint="Copy it from the settings of the project at Sentry: https://KEY@HOST/NUMBER.",
                id="bgmsync.W005",
            )
        ]
    return []
