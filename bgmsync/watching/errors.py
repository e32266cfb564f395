"""Errors sent to where the operator reads them: Sentry, or what speaks as it does (GlitchTip, Bugsink).

What leaves the machine is made anew from what is known to be harmless: which kind of error, where in the program, about
which run, our own message without what was filled into it. An error's text stays here, for it may quote a title or what
somebody typed; so do local variables, requests, cookies, users and what was logged before.
"""

from __future__ import annotations

import importlib.util
from typing import Any

from django.conf import settings

from bgmsync import __version__
from bgmsync.shared.logs import topic
from bgmsync.shared.logs.forms import is_ours
from bgmsync.shared.logs.redaction import redact

EXTRA = "sentry_sdk"
OF_EVENT = ("event_id", "timestamp", "level", "platform", "release", "environment", "sdk")
OF_FRAME = ("filename", "module", "function", "lineno", "in_app")


def is_installed() -> bool:
    return importlib.util.find_spec(EXTRA) is not None


def start() -> None:
    """Begin to send errors, where ``SENTRY_DSN`` says where to; a check says so if the extra is not installed."""
    if not settings.SENTRY_DSN or not is_installed():
        return
    import sentry_sdk  # noqa: PLC0415  # an extra
    from sentry_sdk.integrations.django import DjangoIntegration  # noqa: PLC0415  # likewise
    from sentry_sdk.utils import BadDsn  # noqa: PLC0415  # likewise

    try:
        sentry_sdk.init(
            dsn=settings.SENTRY_DSN,
            release=f"bgmsync@{__version__}",
            integrations=[DjangoIntegration(transaction_style="url", middleware_spans=False, signals_spans=False)],
            auto_enabling_integrations=False,
            before_send=what_may_leave,
            before_breadcrumb=lambda _crumb, _hint: None,
            send_default_pii=False,
            include_local_variables=False,
            include_source_context=False,
            max_request_body_size="never",
            max_breadcrumbs=0,
            auto_session_tracking=False,
            send_client_reports=False,
            server_name="",
        )
    except BadDsn:
        return  # a check says so; a wrong address for errors is no reason not to sync


def what_may_leave(event: Any, _hint: Any) -> Any:
    """Return the event as it is sent: nothing of the one given but what is picked here."""
    sent: dict[str, Any] = {name: event[name] for name in OF_EVENT if name in event}
    logger = str(event.get("logger") or "")
    sent["logger"] = redact(logger)
    sent["tags"] = {name: str(value) for name, value in topic.current().items() if name != "user"}
    if event.get("transaction"):
        sent["transaction"] = redact(str(event["transaction"]))  # the address's pattern, or the job's name
    if is_ours(logger) and (said := _template(event)):
        sent["logentry"] = {"message": redact(said)}
    values = (event.get("exception") or {}).get("values") or []
    if values:
        sent["exception"] = {"values": [_exception(value) for value in values]}
    return sent


def _template(event: Any) -> str:
    """Return the message before its arguments were filled in."""
    return str((event.get("logentry") or {}).get("message") or "")


def _exception(value: Any) -> dict[str, Any]:
    frames = (value.get("stacktrace") or {}).get("frames") or []
    return {
        "type": value.get("type"),
        "module": value.get("module"),
        "mechanism": {"type": "generic", "handled": True},
        "stacktrace": {"frames": [{name: frame[name] for name in OF_FRAME if name in frame} for frame in frames]},
    }
