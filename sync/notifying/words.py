"""What a note says: short, in the user's language, with the page that says more. It names no token and no address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext, ngettext, pgettext

from sync.models.channel import Event, Signal
from sync.reasons import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Facts = dict[str, Any]
SERVICES = {"trakt": "Trakt", "bangumi": "Bangumi"}


@dataclass(frozen=True, slots=True)
class Message:
    title: str
    body: str


def word(about: str, facts: Mapping[str, Any], language: str) -> Message:
    """Return the note about *about*, an :class:`Event` or a :class:`Signal`, in *language*."""
    with translation.override(language):
        title, lines = WORDS[about](dict(facts))
        return Message(f"bgmsync: {title}", "\n".join(line for line in lines if line))


def _page(name: str, *arguments: object) -> str:
    return settings.BASE_URL + reverse(f"admin:{name}", args=arguments or None)


def _titles(facts: Facts) -> str:
    return pgettext("between titles", ", ").join(facts.get("titles", ()))


def _failing(facts: Facts) -> tuple[str, list[str]]:
    text = text_of(facts.get("reason") or "internal")
    return gettext("a sync failed"), [f"{text.short}: {text.long}", _page("sync_syncrun_change", facts["run"])]


def _recovered(facts: Facts) -> tuple[str, list[str]]:
    said = gettext("The last run succeeded. What had waited was taken up with it.")
    return gettext("it works again"), [said, _page("sync_syncrun_change", facts["run"])]


def _reconnect(facts: Facts) -> tuple[str, list[str]]:
    names = " + ".join(SERVICES[service] for service in facts["services"])
    title = gettext("%(name)s needs you") % {"name": names}
    said = gettext(
        "The connection does not work any more, and only you can mend it. Nothing is lost: syncing goes on from where "
        "it stopped once you have connected again."
    )
    return title, [said, _page("trakt_traktconfig_mine")]


def _ending(facts: Facts) -> tuple[str, list[str]]:
    names = " + ".join(SERVICES[service] for service in facts["services"])
    title = gettext("the access token of %(name)s ends soon") % {"name": names}
    said = gettext(
        "It ends within a week, and nothing renews it by itself. Store a new one before that, and no sync is missed; "
        "later, nothing is lost either, but syncing waits for you."
    )
    return title, [said, _page("trakt_traktconfig_mine")]


def _review(facts: Facts) -> tuple[str, list[str]]:
    n = facts["n"]
    title = ngettext("%(n)s thing waits for your decision", "%(n)s things wait for your decision", n) % {"n": n}
    said = gettext("It was not sure enough which Bangumi entry is meant, so nothing was written for it.")
    return title, [said, _titles(facts), _page("sync_syncitem_review")]


def _awaiting(facts: Facts) -> tuple[str, list[str]]:
    n = facts["n"]
    said = ngettext(
        "It would write to %(n)s subject. Nothing is written before you say yes.",
        "It would write to %(n)s subjects. Nothing is written before you say yes.",
        n,
    )
    return gettext("a plan waits for your approval"), [said % {"n": n}, _page("sync_syncrun_change", facts["run"])]


def _digest(facts: Facts) -> tuple[str, list[str]]:
    done, all_runs = facts["done"], facts["runs"]
    title = ngettext("%(n)s thing carried over this week", "%(n)s things carried over this week", done) % {"n": done}
    lines = [
        _titles(facts),
        ngettext("%(good)s of %(n)s run succeeded.", "%(good)s of %(n)s runs succeeded.", all_runs)
        % {"n": all_runs, "good": facts["good"]},
    ]
    if n := facts["waiting"]:
        text = ngettext("%(n)s waits and is tried again by itself.", "%(n)s wait and are tried again by themselves.", n)
        lines.append(text % {"n": n})
    if n := facts["review"]:
        lines.append(ngettext("%(n)s waits for your decision.", "%(n)s wait for your decision.", n) % {"n": n})
    return title, [*lines, _page("index")]


def _test(_facts: Facts) -> tuple[str, list[str]]:
    return gettext("this is a test"), [gettext("It arrived, so notes will arrive as well."), _page("index")]


def _signal(facts: Facts) -> tuple[str, list[str]]:
    if not facts.get("status"):
        return gettext("a run"), []
    counts = " ".join(f"{state}={n}" for state, n in sorted(facts.get("counts", {}).items()))
    reason = text_of(facts["reason"]).short if facts.get("reason") else ""
    return gettext("a run"), [f"{facts['status']} {counts}".strip(), str(reason)]


WORDS: dict[str, Callable[[Facts], tuple[str, list[str]]]] = {
    Event.FAILING: _failing,
    Event.RECOVERED: _recovered,
    Event.RECONNECT: _reconnect,
    Event.ENDING: _ending,
    Event.REVIEW: _review,
    Event.AWAITING: _awaiting,
    Event.DIGEST: _digest,
    Event.TEST: _test,
    Signal.START: _signal,
    Signal.SUCCESS: _signal,
    Signal.FAIL: _signal,
}
