"""What the templates are built of: icons, badges, times, the menu, the cards of connections and runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django import template
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext

from bgmsync.shared import consent, html, pictures
from bgmsync.shared.models import ConnectionState, Service, ServiceApp
from sync.admin.home import home_of
from sync.admin.installation import operator_view
from sync.connect import TOKEN_PAGE
from sync.models import BangumiAccount, SyncItem, SyncRun
from sync.reasons import text_of
from trakt.admin import connection_badge

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

    from bgmsync.shared.models import Connection
    from sync.admin.subjects import Card
    from trakt.models import TraktConfig

register = template.Library()
register.simple_tag(html.icon, name="icon")
register.filter("reason", text_of)
register.filter("ago", html.ago)

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
REVIEWS_COUNTED = 99


@register.simple_tag
def badge(look: html.Look, text: object) -> SafeString:
    return html.badge(look, text)


@register.inclusion_tag("ui/cover.html", takes_context=True)
def cover(context: dict[str, Any], card: Card) -> dict[str, Any]:
    """Show the subject's cover, or that it has none, to a person who allowed covers; nothing to others."""
    request = context["request"]
    allowed = pictures.are_allowed(request)
    if allowed and card.image:
        pictures.show(request)
    return {"card": card, "allowed": allowed}


@register.inclusion_tag("ui/menu.html", takes_context=True)
def menu(context: dict[str, Any]) -> dict[str, Any]:
    """List the pages of a user, with how many decisions wait."""
    request = context["request"]
    rows = SyncItem.objects.filter(user=request.user, state=SyncItem.State.REVIEW)
    waiting = rows.order_by()[: REVIEWS_COUNTED + 1].count()
    items = reverse("admin:sync_syncitem_changelist")
    review = reverse("admin:sync_syncitem_review")
    statistics = reverse("admin:sync_syncitem_statistics")
    in_statistics = request.path.startswith(statistics)
    listed = request.path == items and request.GET.get("state__exact") == SyncItem.State.REVIEW
    in_review = listed or request.path == review or "back" in request.POST
    places = [
        (gettext("Home"), reverse("admin:index"), "home", request.path == reverse("admin:index")),
        (gettext("Runs"), reverse("admin:sync_syncrun_changelist"), "sync", "/syncrun/" in request.path),
        (gettext("Items"), items, "list", "/syncitem/" in request.path and not (in_review or in_statistics)),
        (gettext("Review"), review, "question", in_review),
        (
            gettext("Rules"),
            reverse("admin:sync_mappingoverride_changelist"),
            "link",
            "/mappingoverride/" in request.path,
        ),
        (gettext("Stats"), statistics, "bars", in_statistics),
        (gettext("Settings"), reverse("admin:trakt_traktconfig_mine"), "gear", "/traktconfig/" in request.path),
    ]
    return {
        "places": [
            {
                "text": text,
                "address": address,
                "icon": icon,
                "here": here,
                "count": waiting if icon == "question" else 0,
            }
            for text, address, icon, here in places
        ],
        "most": REVIEWS_COUNTED,
    }


@register.inclusion_tag("ui/languages.html", takes_context=True)
def languages(context: dict[str, Any]) -> dict[str, Any]:
    return {"request": context["request"], "languages": settings.LANGUAGES, "csrf_token": context.get("csrf_token")}


@register.inclusion_tag("ui/home.html", takes_context=True)
def home(context: dict[str, Any]) -> dict[str, Any]:
    return {**_shared(context), "home": home_of(context["request"].user)}


@register.inclusion_tag("ui/operator.html", takes_context=True)
def operator(context: dict[str, Any]) -> dict[str, Any]:
    return {**_shared(context), **operator_view()}


@register.inclusion_tag("ui/connections.html", takes_context=True)
def connections(context: dict[str, Any], config: TraktConfig) -> dict[str, Any]:
    """Show the two connections of the page's user; whoever looks at another's page can't touch them."""
    account = BangumiAccount.objects.filter(user_id=config.user_id).first() or BangumiAccount(user_id=config.user_id)
    own = context["request"].user.pk == config.user_id
    return {**_shared(context), "cards": [_card(config, own=own), _card(account, own=own)], "token_page": TOKEN_PAGE}


@register.inclusion_tag("ui/run_buttons.html", takes_context=True)
def run_buttons(context: dict[str, Any], user_id: int) -> dict[str, Any]:
    return {**_shared(context), "user_id": user_id, "active": _active(user_id)}


def _active(user_id: int) -> SyncRun | None:
    return SyncRun.objects.filter(user_id=user_id, status__in=SyncRun.ACTIVE).first()


def _card(connection: Connection, *, own: bool) -> dict[str, Any]:
    service = connection.service
    app = ServiceApp.for_service(service)
    return {
        "service": service.value,
        "name": service.label,
        "connection": connection,
        "badge": connection_badge(connection),
        "is_bad": connection.state not in {ConnectionState.NONE, ConnectionState.CONNECTED},
        "own": own,
        "has_app": bool(app.client_id),
        "redirect_uri": consent.callback_uri(service),
        "by_code": service == Service.TRAKT and not redirects_work(),
        "disconnect": reverse(f"{service.value}:disconnect"),
    }


def redirects_work() -> bool:
    """Tell whether Trakt will redirect to this installation: over https, or to this very machine."""
    return settings.HTTPS or urlsplit(settings.BASE_URL).hostname in LOOPBACK


def _shared(context: dict[str, Any]) -> dict[str, Any]:
    return {"request": context["request"], "user": context["request"].user, "csrf_token": context.get("csrf_token")}
