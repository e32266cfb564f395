"""What the page of a comparison says: the verdict, the filters, and each difference in a person's words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from bgmsync.shared.html import Look
from sync.admin.remedies import remedy_of
from sync.admin.review import spans
from sync.admin.subjects import Card, cards_of
from sync.bangumi.schemas import CollectionType
from sync.parity.rules import Kind, What
from sync.reasons import text_of
from sync.words import LISTED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.db.models import QuerySet

    from sync.admin.remedies import Button
    from sync.models import ParityReport, ParityRow

IN_STEP = "in_step"
LOOKS = {
    Kind.MISSING: Look("bad", "minus"),
    Kind.CONFLICTING: Look("warn", "alert"),
    Kind.WAITING: Look("info", "clock"),
    Kind.EXTRA: Look("quiet", "plus"),
}
KINDS = {
    Kind.MISSING: _("missing"),
    Kind.CONFLICTING: _("conflicting"),
    Kind.WAITING: _("not written yet"),
    Kind.EXTRA: _("only on Bangumi"),
}
PLAIN = {
    What.ENTRY: (
        _("not on your list any more"),
        _("It was on your list. You, or something, removed it since, with its ticks and its rating."),
    ),
    What.TAG: (_("tag “owned”"), _("It was given before. You, or something, took it away since.")),
    What.ONLY_THERE: (
        _("on your Bangumi list alone"),
        _("Nothing on Trakt that was carried over leads to it. It stays."),
    ),
}
"""What is said of differences that have nothing to count."""
NO_FINDING = {kind.value: False for kind in Kind}
FILTERS: dict[str, Callable[[QuerySet[ParityRow]], QuerySet[ParityRow]]] = {
    "": lambda rows: rows.filter(alone=False),
    **{kind.value: lambda rows, kind=kind: rows.filter(**{kind.value: True}) for kind in Kind},
    IN_STEP: lambda rows: rows.filter(**NO_FINDING),
}
ABOUT = {
    "": "",
    Kind.MISSING: _(
        "This came over from Trakt and is not on Bangumi now. Perhaps you took it away yourself: nothing is written "
        "again unless you choose it."
    ),
    Kind.CONFLICTING: _(
        "Both sides say something, and not the same. What you set on Bangumi stays, unless you choose Trakt's."
    ),
    Kind.WAITING: _("This is not on Bangumi yet. Each says why, and what comes next."),
    Kind.EXTRA: _("Bangumi has this, and no play that was carried over speaks of it. It is never removed."),
    IN_STEP: _("What you watched on Trakt is ticked on Bangumi, and the ratings agree."),
}


class Tab(NamedTuple):
    value: str
    text: object
    count: int
    look: Look | None
    here: bool


@dataclass(slots=True)
class Said:
    """One difference to show. ``choice`` is what its check box sends; empty where there is nothing to mend."""

    look: Look
    kind: object
    text: object
    why: object = ""
    choice: str = ""
    asked: bool = False
    link: str = ""
    link_text: object = ""
    remedy: Button | None = None


@dataclass(slots=True)
class Line:
    """One subject to show."""

    row: ParityRow
    card: Card | None
    trakt: str
    state: object
    said: list[Said] = field(default_factory=list)


def verdict_of(report: ParityReport) -> dict[str, Any]:
    """Say in a sentence how the two sides stand."""
    counts = report.counts
    if not report.subjects:
        return {
            "look": Look("info", "dot"),
            "text": gettext("Nothing was carried over yet, so there is nothing to compare."),
        }
    if report.in_step == report.subjects:
        return {"look": Look("good", "check"), "text": gettext("Everything is in step.")}
    if not any(counts.get(kind) for kind in (Kind.MISSING, Kind.CONFLICTING, Kind.WAITING)):
        return {
            "look": Look("good", "check"),
            "text": gettext("Everything from Trakt is on Bangumi, which has some more."),
        }
    bad = bool(counts.get(Kind.MISSING))
    look = Look("warn", "alert") if bad or counts.get(Kind.CONFLICTING) else Look("info", "clock")
    text = ngettext("%(n)s of %(all)s subject is in step.", "%(n)s of %(all)s subjects are in step.", report.subjects)
    return {"look": look, "text": text % {"n": report.in_step, "all": report.subjects}}


def tabs_of(report: ParityReport, shown: str) -> list[Tab]:
    counts = [(kind.value, KINDS[kind], report.counts.get(kind.value, 0), LOOKS[kind]) for kind in Kind]
    counts.append((IN_STEP, _("in step"), report.in_step, Look("good", "check")))
    everything = Tab("", _("all from Trakt"), report.subjects, None, not shown)
    return [everything, *(Tab(*values, values[0] == shown) for values in counts)]


def lines_of(rows: Sequence[ParityRow]) -> list[Line]:
    cards = cards_of(row.subject_id for row in rows)
    return [_line(row, cards.get(row.subject_id or 0)) for row in rows]


def _line(row: ParityRow, card: Card | None) -> Line:
    state = LISTED[row.listed] if row.listed else ""
    said = [_said(row, place, finding) for place, finding in enumerate(row.findings)]
    return Line(row, card, _on_trakt(row), state, said)


def _on_trakt(row: ParityRow) -> str:
    if row.title is None:
        return ""
    if not row.seasons:
        return str(row.title)
    return gettext("%(title)s · season %(seasons)s") % {"title": row.title, "seasons": row.seasons}


def _said(row: ParityRow, place: int, finding: dict[str, Any]) -> Said:
    kind = Kind(finding["kind"])
    said = Said(LOOKS[kind], KINDS[kind], "", asked=bool(finding.get("asked")))
    if finding["fixable"] and not said.asked:
        said.choice = f"{row.pk}-{place}"
    what = What(finding["what"])
    if what in PLAIN:
        said.text, said.why = PLAIN[what]
    else:
        WORDS[what](said, finding)
    return said


def _say_unticked(said: Said, finding: dict[str, Any]) -> None:
    said.text = _episodes(finding)
    said.why = gettext("It was ticked before. You, or something, took the tick away since.")


def _say_remarked(said: Said, finding: dict[str, Any]) -> None:
    said.text = _episodes(finding)
    said.why = gettext("It was ticked before, and is marked as wished or dropped since.")


def _say_rating(said: Said, finding: dict[str, Any]) -> None:
    rates = {"trakt": finding["on_trakt"], "bangumi": finding["on_bangumi"]}
    if finding["on_bangumi"]:
        said.text = gettext("rated %(trakt)s on Trakt, %(bangumi)s on Bangumi") % rates
        said.why = gettext("Choosing it takes Trakt's rating.")
    else:
        said.text = gettext("rated %(trakt)s on Trakt, not rated on Bangumi") % rates
        said.why = gettext("You, or something, took the rating away since.")
    if not finding["fixable"]:
        said.why = gettext("Bangumi keeps no rating for a wish.")


def _say_state(said: Said, finding: dict[str, Any]) -> None:
    known = {"bangumi": LISTED[finding["on_bangumi"]]}
    if finding["on_trakt"] == CollectionType.DONE:
        said.text = gettext("watched to the end on Trakt, “%(bangumi)s” on Bangumi") % known
    else:
        said.text = gettext("begun on Trakt, “%(bangumi)s” on Bangumi") % known
    said.why = gettext("The state of your list is your own word and is not changed. You can change it on Bangumi.")


def _say_dropped(said: Said, finding: dict[str, Any]) -> None:
    known = {"bangumi": LISTED[finding["on_bangumi"]]}
    said.text = gettext("dropped on Trakt, “%(bangumi)s” on Bangumi") % known
    said.why = gettext("Choosing it takes Trakt's state.")


def _say_items(said: Said, finding: dict[str, Any]) -> None:
    text = ngettext("%(n)s item is not written yet", "%(n)s items are not written yet", finding["count"])
    said.text = text % {"n": finding["count"]}
    said.why = _reason(finding["reason"]) if finding["reason"] else gettext("No run has written it yet.")
    said.remedy = remedy_of(finding["reason"]) if finding["reason"] else None
    if finding["items"]:
        said.link, said.link_text = reverse("admin:sync_syncitem_change", args=finding["items"][:1]), _("explain")


def _say_unread(said: Said, finding: dict[str, Any]) -> None:
    said.text = gettext("could not be compared closely")
    said.why = _reason(finding["reason"])


def _say_ticks(said: Said, finding: dict[str, Any]) -> None:
    said.text = _episodes(finding)
    said.why = gettext("Ticked on Bangumi, without a play that was carried over. It stays.")


WORDS: dict[What, Callable[[Said, dict[str, Any]], None]] = {
    What.UNTICKED: _say_unticked,
    What.REMARKED: _say_remarked,
    What.RATING: _say_rating,
    What.STATE: _say_state,
    What.DROPPED: _say_dropped,
    What.ITEMS: _say_items,
    What.UNREAD: _say_unread,
    What.TICKS: _say_ticks,
}


def _episodes(finding: dict[str, Any]) -> str:
    """Name the episodes by their positions; what has none, as specials have not, is counted."""
    places = finding["positions"]
    others = finding["count"] - len(places)
    parts = []
    if places:
        parts.append(ngettext("episode %(list)s", "episodes %(list)s", len(places)) % {"list": spans(places)})
    if others:
        parts.append(ngettext("%(n)s other", "%(n)s others", others) % {"n": others})
    return ", ".join(parts)


def _reason(code: str) -> str:
    text = text_of(code)
    return f"{text.short}: {text.long}"
