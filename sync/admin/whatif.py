"""What settings that are being edited would write, before they are saved: a part of the settings page, or a page."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from asgiref.sync import async_to_sync, sync_to_async
from django.core.exceptions import PermissionDenied
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from bgmsync.shared.html import ago
from bgmsync.shared.http import RemoteError
from sync.admin.changes import changes_of
from sync.admin.remedies import remedy_of
from sync.admin.subjects import cards_of
from sync.engine.index import current_index
from sync.engine.kinds import KINDS
from sync.engine.kinds.preview import difference
from sync.models import BangumiAccount, SubjectPlan, SyncItem
from sync.reasons import Reason, text_of
from trakt.admin import TraktConfigAdmin
from trakt.forms import RULES, TraktConfigForm
from trakt.models import TraktConfig
from trakt.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.http import HttpRequest, HttpResponse
    from django.urls import URLPattern

    from sync.admin.remedies import Button
    from sync.admin.subjects import Card
    from sync.engine.kinds.preview import Difference, Would
    from sync.reasons import Text

PATIENCE = 40
"""Seconds that a page may take over Bangumi's answers before the user is sent to a run, which has all the time."""
MOST_SHOWN = 200
MATTERS = (*RULES, "scope", "threshold", "private")
"""The settings that decide what is written; mistakes in others, such as the schedule, do no harm here."""


@dataclass(frozen=True, slots=True)
class Row:
    card: Card
    changes: list[str]
    anyway: bool = False


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is no answer, and what to do."""

    text: Text | str
    remedy: Button | None = None
    when: object = ""


class WhatIf(TraktConfigAdmin):
    """Adds "What would this change?" to the settings."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.what_if))
        return [path("<int:pk>/what-if/", view, name="trakt_traktconfig_what_if"), *super().get_urls()]

    def what_if(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Say what the settings that are sent would write. They are not saved, and nothing is."""
        saved = self._own(request, pk)
        if not self.has_change_permission(request, saved):
            raise PermissionDenied
        context = {"original": saved, "opts": self.opts, **_answer(saved, request.POST)}
        if "fragment" in request.GET:
            return render(request, "admin/trakt/traktconfig/what_if_part.html", context)
        back = reverse("admin:trakt_traktconfig_change", args=[saved.pk])
        page = {**self.admin_site.each_context(request), "title": gettext("What would this change?"), "back": back}
        return TemplateResponse(request, "admin/trakt/traktconfig/what_if.html", {**page, **context})


def _answer(saved: TraktConfig, sent: Any) -> dict[str, Any]:
    form = TraktConfigForm(sent, instance=TraktConfig.objects.get(pk=saved.pk))
    wrong = [
        f"{form.fields[name].label}: {text}" for name in form.errors for text in form.errors[name] if name in MATTERS
    ]
    if wrong:
        return {"wrong": wrong}
    config = form.instance
    account = BangumiAccount.objects.filter(user_id=saved.user_id).first()
    if account is None or not account.access_token:
        return {"trouble": _trouble(str(Reason.BANGUMI_NOT_CONNECTED))}
    try:
        found = async_to_sync(_ask)(config, saved, account)
    except RemoteError as error:
        return {"trouble": _trouble(error.reason, error)}
    except TimeoutError:
        text = gettext(
            "Bangumi answers too slowly now for a page to wait. Nothing was changed; a preview (dry run) takes its "
            "time."
        )
        return {"trouble": Trouble(text)}
    return {**_told(found), "unread": _unread(config), "notes": _notes(config, saved)}


async def _ask(config: TraktConfig, saved: TraktConfig, account: BangumiAccount) -> Difference:
    index = await sync_to_async(current_index)()
    async with asyncio.timeout(PATIENCE):
        return await difference(config, saved, account, index)


def _trouble(reason: str, error: RemoteError | None = None) -> Trouble:
    when = ""
    if error is not None and error.retry_after:
        when = ago(timezone.now() + timedelta(seconds=error.retry_after))
    return Trouble(text_of(reason), remedy_of(reason), when)


def _told(found: Difference) -> dict[str, Any]:
    shown, no_more = found.would[:MOST_SHOWN], found.no_more[:MOST_SHOWN]
    cards = cards_of(would.subject_id for would in (*shown, *no_more))
    rows = [_row(would, cards, anyway=would.subject_id in found.anyway) for would in shown]
    return {
        "rows": sorted(rows, key=lambda row: row.anyway),
        "no_more": [_row(would, cards) for would in no_more],
        "count": len(found.would) - len(found.anyway),
        "anyway": len(found.anyway),
        "left_out": len(found.would) - len(shown),
    }


def _row(would: Would, cards: Mapping[int, Card], *, anyway: bool = False) -> Row:
    return Row(cards[would.subject_id], list(_words(would)), anyway)


def _words(would: Would) -> Iterable[str]:
    entry, change = would.entry, would.change
    yield from changes_of(
        SubjectPlan(
            before={
                "list": int(entry.type) if entry else None,
                "rate": entry.rate if entry else 0,
                "tags": list(entry.tags) if entry else [],
            },
            collect=change.type,
            rate=change.rate,
            tags=None if change.tags is None else list(change.tags),
        )
    )
    if would.ticks:
        yield gettext("episodes ticked: up to %(n)s") % {"n": would.ticks}


def _unread(config: TraktConfig) -> list[object]:
    """Return the kinds that these settings would bring over and that were never read: of them nothing is known."""
    rules = Rules.of(config)
    read = config.activities
    return [SyncItem.Kind(kind.name).label for kind in KINDS.values() if kind.is_on(rules) and kind.name not in read]


def _notes(config: TraktConfig, saved: TraktConfig) -> list[str]:
    """Say of each changed setting that is not in the answer why it is not."""
    changed = {name for name in (*MATTERS, "history", "since") if getattr(config, name) != getattr(saved, name)}
    return [str(text) for names, text in NOT_TOLD.items() if changed.intersection(names)]


NOT_TOLD: dict[tuple[str, ...], Any] = {
    ("finished",): _(
        "When all main episodes are watched: this decides about plays to come. Changing it writes nothing."
    ),
    ("removed",): _(
        "What you removed on Trakt: this decides about what you remove from now on, and two runs must agree first."
    ),
    ("private", "quiet_first"): _("Private entries and the first import: these say how entries are added, not which."),
    ("history", "scope", "since", "threshold"): _(
        "Watch history, its first day, live action and how sure it must be: plays have to be matched first, which a "
        "run does. Only ratings and lists are told here."
    ),
    ("resumed", "mark_private", "adult"): _(
        "Plays that were left out so far: told by the ticks as they were last seen. What you ticked since is not "
        "ticked again."
    ),
}
"""By the names of settings: what the answer does not tell of them, and why."""
