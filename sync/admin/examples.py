"""The examples beside the rules on the settings page, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from bgmsync.shared.html import icon
from sync.admin.subjects import cards_of
from sync.engine.index import current_index
from sync.engine.kinds.entry import Rank
from sync.engine.kinds.examples import RULES, examples
from sync.models import SyncItem
from sync.reasons import text_of
from sync.words import LISTED
from trakt.rules import Conflict, Finished, PrivateMarks, Removed, Resumed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.utils.safestring import SafeString

    from sync.admin.subjects import Card
    from sync.engine.kinds.entry import Ask
    from sync.engine.kinds.examples import Example, Would
    from trakt.models import TraktConfig

Kind = SyncItem.Kind
SHOWN = (
    "history",
    "scope",
    "adult",
    "finished",
    "resumed",
    *("ratings", "rating_conflict", "rating_split", "rating_show", "rating_episodes", "rating_episodes_least"),
    *("collected", "watchlisted", "hidden", "removed"),
    *("private", "mark_private", "quiet_first"),
)
"""The settings that an example stands beside."""
ENTRIES = ("private", "quiet_first")
"""Those that are about whatever is added to the list."""
MOST_NAMED = 4

WORDS: dict[tuple[str, Any], Any] = {
    ("history", True): _("is ticked on %(subject)s"),
    ("history", False): _("stays on Trakt"),
    ("scope", "anime"): _("is left out"),
    ("scope", "all"): _("is carried over, if Bangumi has it"),
    ("adult", True): _("is carried over like everything else"),
    ("adult", False): _("is not added to your list"),
    ("rating_conflict", Conflict.KEEP): _("Bangumi's %(theirs)s stays"),
    ("rating_conflict", Conflict.TRAKT): _("%(mine)s replaces Bangumi's %(theirs)s"),
    ("finished", Finished.DOING): _("%(subject)s stays in “watching”"),
    ("resumed", Resumed.LEAVE): _("the episode is ticked, and %(subject)s stays in %(was)s"),
    ("resumed", Resumed.DOING): _("the episode is ticked, and %(subject)s goes back to “watching”"),
    ("resumed", Resumed.SKIP): _("nothing is written"),
    ("removed", Removed.NOTHING): _("it stays on Bangumi"),
    ("removed", Removed.TAKE_BACK): _("it is taken away from %(subject)s, unless you changed it there since"),
    ("mark_private", PrivateMarks.ASK): _("nothing is written before you have answered"),
    ("mark_private", PrivateMarks.ALLOW): _("the episode is ticked, and your followers may see a line of it"),
    ("mark_private", PrivateMarks.SKIP): _("nothing is written"),
    ("private", True): _("is added so that only you see it; your followers see no line of the new entry"),
    ("private", False): _("is added for everybody to see, and your followers see a line of it in your timeline"),
    ("quiet_first", True): _(
        "is added hidden and shown afterwards: your followers see no line of the new entry. Ticked episodes leave one."
    ),
    ("quiet_first", False): _("your followers see a line in your timeline: that you began, finished or want to see it"),
}
"""What becomes of the thing, by rule and choice, where no other fact makes a difference."""


@dataclass(frozen=True, slots=True)
class Line:
    choice: str
    text: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """An example as it is shown. Without ``about`` there is none, and ``note`` says why."""

    about: str = ""
    lines: Sequence[Line] = ()
    note: str = ""


def shown_beside(config: TraktConfig) -> dict[str, Shown]:
    """Return the example of each setting. Costs some fifty queries at most, and nothing is fetched."""
    found = examples(config, current_index())
    cards = cards_of(s for example in found.values() for would in example.choices for s in would.subjects)
    if not found and not SyncItem.objects.filter(user_id=config.user_id).exists():
        nothing = gettext("No example yet: nothing of yours was read so far. A preview (dry run) reads it all.")
    else:
        nothing = gettext("No example yet: none of your data is of this kind.")
    shown = {rule: Shown(note=nothing) for rule in SHOWN} | {rule: _of_any_entry(rule, config) for rule in ENTRIES}
    return shown | {rule: _Words(rule, found[rule], config, cards).shown() for rule in SHOWN if rule in found}


def _of_any_entry(rule: str, config: TraktConfig) -> Shown:
    """Say the same of new entries as such: before a first import is when one wants to know what others will see."""
    labels = {True: gettext("On"), False: gettext("Off")}
    lines = [Line(labels[on], str(WORDS[rule, on]), chosen=getattr(config, rule) == on) for on in labels]
    return Shown(gettext("A new entry:"), lines)


def as_html(shown: Shown) -> SafeString:
    if not shown.about:
        return format_html('<div class="example none">{}</div>', shown.note)
    lines = format_html_join(
        "",
        "<li{}><b>{}</b> {} {}</li>",
        (
            (format_html(' class="{}"', "chosen") if line.chosen else "", line.choice, icon("arrow"), line.text)
            for line in shown.lines
        ),
    )
    note = format_html("<p>{}</p>", shown.note) if shown.note else ""
    items = format_html("<ul>{}</ul>", lines) if shown.lines else ""
    return format_html('<div class="example"><p>{}</p>{}{}</div>', shown.about, items, note)


@dataclass(frozen=True, slots=True)
class _Words:
    rule: str
    example: Example
    config: TraktConfig
    cards: Mapping[int, Card]

    def shown(self) -> Shown:
        lines = [self._line(would) for would in self.example.choices]
        return Shown(self._about(), lines, self._note())

    def _about(self) -> str:
        item, facts = self.example.item, self.example.facts
        words = {"title": item, "rating": item.told.get("rating", "")}
        if self.rule == "removed" and not facts["gone"]:
            text = _("If you removed your %(rating)s for %(title)s on Trakt:")
            if item.kind == Kind.COLLECTION:
                text = _("If you removed %(title)s from what you own on Trakt:")
            return str(text % words)
        if self.rule == "finished":
            return gettext("%(title)s, of which you watched all %(main)s main episodes:") % {
                "title": item.title, "main": facts["main"]
            }  # fmt: skip
        if self.rule in ENTRIES:
            return gettext("A new entry such as %(title)s:") % {"title": item.title}
        if self.rule == "rating_episodes_least":
            return self._least()
        return gettext("%(thing)s:") % {"thing": str(ABOUT[Kind(item.kind)] % words)}

    def _least(self) -> str:
        facts = self.example.facts
        if not facts:
            return gettext("%(title)s: none of its rated episodes leads to a subject.") % {"title": self.example.item}
        text = ngettext(
            "%(title)s: %(n)s episode of it is rated. If you ask for no more than that, the mean is %(mean)s.",
            "%(title)s: %(n)s episodes of it are rated. If you ask for no more than that, the mean is %(mean)s.",
            facts["rated"],
        )
        return text % {"title": self.example.item.title, "n": facts["rated"], "mean": facts["mean"]}

    def _line(self, would: Would) -> Line:
        field = self.config._meta.get_field(self.rule)  # noqa: SLF001  # Django's documented API
        labels = dict(getattr(field, "choices", None) or ())
        label = labels.get(would.choice, gettext("On") if would.choice else gettext("Off"))
        return Line(str(label), self._text(would), chosen=getattr(self.config, self.rule) == would.choice)

    def _text(self, would: Would) -> str:
        if self.rule in RULES:
            return self._of_list(would)
        facts = self.example.facts
        if (self.rule, would.choice) == ("rating_conflict", Conflict.NEWEST):
            return self._newest()
        if (self.rule, would.choice) == ("finished", Finished.DONE):
            text = _("%(subject)s becomes “watched”")
            if not facts["ended"]:
                text = _("%(subject)s stays in “watching” until its last episode has aired, and then becomes “watched”")
        else:
            text = WORDS[self.rule, would.choice]
        was = LISTED.get(facts.get("was") or 0, _("“on hold” or “dropped”"))
        words = {"subject": self._named(would), "theirs": self._theirs(), "was": was}
        return str(text % {**words, "mine": self.example.item.told.get("rating", "")})

    def _theirs(self) -> object:
        theirs = self.example.facts.get("theirs")
        return gettext("own rating") if theirs is None else theirs or gettext("lack of a rating")

    def _newest(self) -> str:
        item = self.example.item
        words = {"mine": item.told.get("rating", ""), "theirs": self._theirs()}
        if self.example.facts["older"]:
            return gettext("Bangumi's %(theirs)s stays: its entry changed after you had rated on Trakt") % words
        if item.watched_at is None:
            return gettext("Bangumi's %(theirs)s stays: Trakt does not say when you rated") % words
        words["day"] = date_format(item.watched_at, "DATE_FORMAT")
        return gettext("%(mine)s, if you have not changed the entry on Bangumi since %(day)s") % words

    def _of_list(self, would: Would) -> str:
        """Say where a fact of a list goes, and what it asks for there."""
        if would.asked:
            return gettext("you are asked which subject it is")
        if would.ask is None:
            return _sentence(would.reason) if would.reason else gettext("stays on Trakt")
        words = {"subject": self._named(would), "rating": would.ask.rate}
        if would.ask.rank is Rank.EPISODES and self.example.facts:
            facts = self.example.facts
            text = TOO_FEW if facts["rated"] < facts["least"] else MEAN
            return str(text % {**words, **facts})
        return str(_asks_for(would.ask) % {**words, "tag": would.ask.tag})

    def _named(self, would: Would) -> str:
        names = [str(self.cards[subject]) for subject in would.subjects[:MOST_NAMED] if subject in self.cards]
        more = " …" if len(would.subjects) > MOST_NAMED else ""
        return ", ".join(names) + more

    def _note(self) -> str:
        if self.rule == "adult":
            return gettext("Bangumi is asked about titles that no list of broadcasts and cinemas knows.")
        if self.rule != "quiet_first":
            return ""
        if self.example.facts["private"]:
            return gettext("Your new entries are private anyway, so this makes no difference.")
        if self.example.facts["over"]:
            return gettext("Your first import is over, so this makes no difference any more.")
        return ""


ABOUT = {
    Kind.HISTORY: _("%(title)s, which you watched"),
    Kind.RATINGS: _("Your %(rating)s for %(title)s"),
    Kind.COLLECTION: _("%(title)s, which you own"),
    Kind.WATCHLIST: _("%(title)s on your watchlist"),
    Kind.HIDDEN: _("%(title)s, which you dropped or hid"),
}


TOO_FEW = _("nothing yet: %(rated)s episodes of %(subject)s are rated, of at least %(least)s")
MEAN = _("%(subject)s gets %(mean)s, the mean of its %(rated)s rated episodes")


def _asks_for(ask: Ask) -> Any:
    if ask.rate:
        return _("becomes %(rating)s for %(subject)s")
    if ask.tag:
        return _("%(subject)s gets the tag “%(tag)s”")
    if ask.drop:
        return _("%(subject)s becomes “dropped”, unless it is “watched”")
    return _("%(subject)s becomes a wish, if it is not on your list yet")


def _sentence(reason: str) -> str:
    return gettext("nothing is written: %(why)s") % {"why": text_of(reason).short}
