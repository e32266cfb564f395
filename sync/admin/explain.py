"""Why an item is where it is: every step of the way in order, told from what is stored. Pure: no query, no request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from bgmsync.shared.html import Look
from sync.admin.evidence import Sentence, sentences
from sync.admin.looks import CONFIDENCES
from sync.matching import kinds
from sync.matching.codes import EvidenceCode as E
from sync.matching.facts import Confidence
from sync.models import SyncItem
from sync.reasons import Reason, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

State = SyncItem.State
DONE, NOTE, ASKED, SKIPPED = (
    Look("good", "check"),
    Look("quiet", "dot"),
    Look("warn", "question"),
    Look("quiet", "skip"),
)
LEADS = {E.TMDB_SEASON, E.TMDB_EPISODE, E.SAME_SHOW, E.TMDB_MOVIE, E.IMDB, E.SEARCH}
NUMBERS = {E.RANK, E.COUNTED, E.SORT, E.RANGE, E.ABSOLUTE, E.SHOW_COUNT, E.SEASON_LENGTH, E.NEIGHBOURS, E.ONLY_EPISODE}
NUMBERS |= {E.TOO_MANY, E.OFF_LINE}
KINDS = {
    kinds.BY_GENRE: _("Trakt's genres say so: %(genres)s."),
    kinds.BY_ORIGIN: _("Trakt calls it animation, and it comes from Japan or China."),
    kinds.BY_DATA: _("Trakt does not say where the animation is from, but the data sets know the title."),
    kinds.NOT_DRAWN: _("None of Trakt's genres is a drawn one: %(genres)s."),
    kinds.NOT_TOLD: _("Trakt gives no genres, and no data set knows the title."),
}
KIND_NAMES = {
    "anime": _("anime"),
    "donghua": _("donghua"),
    "animation": _("other animation"),
    "live_action": _("live action"),
    "unknown": _("unknown"),
}
LEFT_OUT = {Reason.LIVE_ACTION, Reason.NOT_ANIME, Reason.BEFORE_SINCE}
MOST_NAMED = 8


class Step(NamedTuple):
    title: str
    look: Look
    text: str
    sentences: Sequence[Sentence] = ()
    rivals: Sequence[Rival] = ()


class Rival(NamedTuple):
    """A candidate that was not chosen, and what it lacked."""

    subject_id: int
    name: str
    why: str
    sentences: Sequence[Sentence]


@dataclass(frozen=True, slots=True)
class Written:
    """The write that ticked the item."""

    run: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """What is stored about an item and its match."""

    state: str
    reason: str = ""
    of_list: bool = False
    """Whether it is no play, but a rating or an entry of a list: then there is no episode to be found."""
    season: int | None = None
    by_person: bool = False
    rule: str = ""
    """What the rule that applies now is about; empty without one."""
    rules: int = 0
    """How many rules there are about this title."""
    kind: str = "unknown"
    kind_reason: str = kinds.NOT_TOLD
    genres: Sequence[str] = ()
    ids: Mapping[str, Any] = field(default_factory=dict)
    keyed: Sequence[int] = ()
    """Subjects that the data sets give this very season, or film."""
    pool: Sequence[int] = ()
    """All subjects that any id leads to."""
    versions: Mapping[str, str] = field(default_factory=dict)
    data_changed: bool = False
    """Whether the data sets were swapped since the item was judged."""
    evidence: Sequence[Mapping[str, Any]] = ()
    candidates: Sequence[Mapping[str, Any]] = ()
    subject_id: int | None = None
    position: int | None = None
    confidence: int = 0
    threshold: int = Confidence.MEDIUM
    written: Written | None = None
    names: Mapping[int, str] = field(default_factory=dict)

    def name(self, subject_id: int) -> str:
        return self.names.get(subject_id) or f"bgm.tv/subject/{subject_id}"


def explain(told: Told) -> list[Step]:
    """Return the steps in the order in which they were gone, up to the one that settled it."""
    if told.by_person or told.reason == Reason.IGNORED:
        return [_decided(told), *([_end_of_fact(told)] if told.of_list else _end(told))]
    steps = [_no_rule(told), _kind(told)]
    if told.reason in LEFT_OUT:
        return [*steps, Step(gettext("Your settings"), SKIPPED, str(text_of(told.reason).long))]
    if told.state == State.NEW:
        return [*steps, Step(gettext("Judging it"), NOTE, gettext("It waits for the next run, which judges it."))]
    if told.of_list:
        return [*steps, _leads(told), _end_of_fact(told)]
    return [*steps, _leads(told), _numbers(told), _dates(told), *_rivals(told), _sure(told), *_gate(told), *_end(told)]


def _decided(told: Told) -> Step:
    title = gettext("A rule of yours")
    if told.rule:
        return Step(title, DONE, gettext("A person decided this, for %(extent)s; no further step was needed.") % {
            "extent": told.rule
        })  # fmt: skip
    return Step(title, DONE, gettext("A person decided this by a rule that was deleted or changed since."))


def _no_rule(told: Told) -> Step:
    text = gettext("There is none about this title.")
    if told.rule:
        text = gettext("One was made since, for %(extent)s; the next run goes by it.") % {"extent": told.rule}
    elif told.rules:
        text = ngettext(
            "There is %(n)s about this title, but not about this episode.",
            "There are %(n)s about this title, but none about this episode.",
            told.rules,
        ) % {"n": told.rules}
    return Step(gettext("Rules of yours"), NOTE, text)


def _kind(told: Told) -> Step:
    why = str(KINDS[told.kind_reason]) % {"genres": ", ".join(told.genres)}
    look = NOTE if told.kind in {"anime", "donghua"} else ASKED
    text = gettext("%(kind)s. %(why)s") % {"kind": str(KIND_NAMES[told.kind]).capitalize(), "why": why}
    return Step(gettext("What kind it is"), look, text)


def _leads(told: Told) -> Step:
    ids = ", ".join(f"{name} {value}" for name, value in told.ids.items() if value)
    versions = ", ".join(f"{name} {version}" for name, version in told.versions.items())
    words = {"ids": ids or gettext("none"), "versions": versions}
    text = gettext("Ids from Trakt: %(ids)s. Looked up in %(versions)s.") % words
    if told.keyed:
        text += " " + gettext("They give this very season or film to: %(subjects)s.") % {
            "subjects": _named(told, told.keyed)
        }
    elif told.pool:
        text += " " + gettext("They lead to the show only: %(subjects)s.") % {"subjects": _named(told, told.pool)}
    else:
        text += " " + gettext("No data set knows any of them, so Bangumi was searched by title.")
    if told.data_changed:
        text += " " + gettext("The data sets were changed since this was judged.")
    found = _of(told, LEADS)
    return Step(gettext("Candidates"), DONE if told.keyed else NOTE, text, found)


def _named(told: Told, subjects: Sequence[int]) -> str:
    names = ", ".join(told.name(subject) for subject in subjects[:MOST_NAMED])
    return f"{names} …" if len(subjects) > MOST_NAMED else names


def _numbers(told: Told) -> Step:
    found = _of(told, NUMBERS)
    speaks = any(sentence.supports for sentence in found)
    text = "" if found else gettext("No number rule says where it would be.")
    return Step(gettext("Numbers"), DONE if speaks else NOTE, text, found)


def _dates(told: Told) -> Step:
    codes = {str(e.get("code")) for e in told.evidence} - LEADS - NUMBERS - {E.RIVAL, E.OVERRIDE}
    found = _of(told, codes)
    speaks = any(sentence.supports for sentence in found)
    text = "" if found else gettext("There was no date to compare: Trakt or Bangumi's list has none.")
    return Step(gettext("Dates and titles"), DONE if speaks else NOTE, text, found)


def _of(told: Told, codes: Iterable[str]) -> list[Sentence]:
    return sentences(e for e in told.evidence if e.get("code") in set(codes))


def _rivals(told: Told) -> list[Step]:
    chosen = (told.subject_id, told.position)
    others = [c for c in told.candidates if (c.get("subject_id"), c.get("position")) != chosen]
    if not others:
        return [Step(gettext("Rivals"), NOTE, gettext("No other subject or episode was in question."))]
    best = sum(bool(e.get("supports")) for e in told.evidence)
    rivals = [_rival(told, other, best) for other in others]
    equal = any(e.get("code") == E.RIVAL for e in told.evidence)
    return [Step(gettext("Rivals"), ASKED if equal else NOTE, "", _of(told, [E.RIVAL]), rivals)]


def _rival(told: Told, other: Mapping[str, Any], best: int) -> Rival:
    evidence = [e for e in other.get("evidence", ()) if e.get("code") not in LEADS]
    against = [e for e in evidence if not e.get("supports")]
    name = told.name(other["subject_id"])
    if other.get("position"):
        name = gettext("%(name)s, position %(position)s") % {"name": name, "position": other["position"]}
    if against:
        why = gettext("this speaks against it:")
    elif sum(bool(e.get("supports")) for e in other.get("evidence", ())) < best:
        why = gettext("less speaks for it.")
    else:
        why = gettext("as much speaks for it.")
    return Rival(other["subject_id"], name, why, sentences(against))


def _sure(told: Told) -> Step:
    title = gettext("How sure that is")
    if told.subject_id is None:
        return Step(title, ASKED, str(text_of(told.reason).long) or gettext("Nothing could be chosen."))
    several = len({c.get("subject_id") for c in told.candidates}) > 1
    words = {"confidence": CONFIDENCES[told.confidence], "threshold": CONFIDENCES[told.threshold]}
    text = gettext("%(confidence)s; your settings ask for %(threshold)s.") % words
    if told.season == 0:
        text += " " + gettext("Specials always need high.")
    elif several:
        text += " " + gettext("Where several subjects are in question, high is needed.")
    asked = told.state == State.REVIEW and not told.reason.startswith("gate_")
    return Step(title, ASKED if asked else DONE, text[:1].upper() + text[1:])


def _gate(told: Told) -> list[Step]:
    title = gettext("A last look at Bangumi's list")
    if told.reason.startswith("gate_") or told.reason == Reason.EPISODE_MISSING:
        return [Step(title, ASKED, str(text_of(told.reason).long))]
    if told.state in {State.DONE, State.ALREADY, State.PLANNED}:
        return [Step(title, DONE, gettext("Its dates did not point at another episode or subject."))]
    return []


def _end(told: Told) -> list[Step]:
    title = gettext("Writing")
    if told.written:
        words = {"run": told.written.run, "at": f"{told.written.at:%Y-%m-%d %H:%M}"}
        text = gettext("Ticked by run #%(run)s at %(at)s, and read back.") % words
        if told.state not in {State.DONE, State.ALREADY}:
            text += " " + gettext("It no longer belongs there: the next run takes that tick back.")
        return [Step(title, DONE, text)]
    texts = {
        State.DONE: (DONE, gettext("Ticked, and read back. The run that did it is no longer kept.")),
        State.ALREADY: (DONE, gettext("It was ticked already; nothing was written.")),
        State.SKIPPED: (SKIPPED, gettext("Nothing was written.")),
        State.REVIEW: (ASKED, gettext("Nothing was written. It waits for your decision.")),
    }
    look, text = texts.get(State(told.state), (NOTE, gettext("Nothing was written yet.")))
    return [Step(title, look, text)]


def _end_of_fact(told: Told) -> Step:
    why = str(text_of(told.reason).long) if told.reason else ""
    texts = {
        State.DONE: (DONE, gettext("Written by this program, and read back.")),
        State.ALREADY: (DONE, gettext("Bangumi had it so already; nothing was written.")),
        State.SKIPPED: (SKIPPED, why or gettext("Nothing was written.")),
        State.REVIEW: (ASKED, why or gettext("Nothing was written. It waits for your decision.")),
    }
    look, text = texts.get(State(told.state), (NOTE, gettext("Nothing was written yet.")))
    return Step(gettext("Writing"), look, text)
