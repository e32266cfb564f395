"""Why an item was skipped, waits, failed or is in review: one enumeration, one text and one remedy for each code.

Codes of remote errors come from ``bgmsync.shared.http``, those of matching from ``sync.matching.codes``; both are
looked up here, so that a person reads one language everywhere.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from sync.matching.codes import MatchReason


class Remedy(StrEnum):
    """What a person can do about it: each is a button or a link."""

    NONE = ""
    RETRY = "retry"
    RECONNECT_TRAKT = "reconnect_trakt"
    RECONNECT_BANGUMI = "reconnect_bangumi"
    UPLOAD = "upload"
    MAP = "map"
    SETTINGS = "settings"
    WAIT = "wait"
    OPERATOR = "operator"


REMEDY_TEXT = {
    Remedy.NONE: "",
    Remedy.RETRY: _("Retry now"),
    Remedy.RECONNECT_TRAKT: _("Reconnect Trakt"),
    Remedy.RECONNECT_BANGUMI: _("Reconnect Bangumi"),
    Remedy.UPLOAD: _("Import the archive again"),
    Remedy.MAP: _("Choose the subject"),
    Remedy.SETTINGS: _("Change the settings"),
    Remedy.WAIT: _("Nothing to do: it is tried again by itself"),
    Remedy.OPERATOR: _("Ask the operator"),
}


class Text(NamedTuple):
    """``short`` names the reason; ``long`` says what happened, what it means for the data, and what to do."""

    short: object
    long: object
    remedy: Remedy = Remedy.NONE


class Reason(StrEnum):
    # what the user chose to leave out
    LIVE_ACTION = "live_action"
    NOT_ANIME = "not_anime"
    BEFORE_SINCE = "before_since"
    IGNORED = "ignored"
    UNDONE = "undone"
    DECLINED = "declined"
    KIND_OFF = "kind_off"
    EPISODE_RATING = "episode_rating"
    TOO_FEW_RATED = "too_few_rated"
    SHOW_RATING = "show_rating"
    SPECIALS_AS_A_WHOLE = "specials_as_a_whole"
    ZERO_RATING = "zero_rating"
    HELD_BACK = "held_back"
    ADULT = "adult"
    # what is the user's own, and stays
    RATING_KEPT = "rating_kept"
    RATING_OLDER = "rating_older"
    OUTRANKED = "outranked"
    TAKEN_OFF_LIST = "taken_off_list"
    CHANGED_BY_HAND = "changed_by_hand"
    TAG_KEPT = "tag_kept"
    TAG_REMOVED = "tag_removed"
    TAGS_FULL = "tags_full"
    NOT_DROPPED = "not_dropped"
    PLAYED_SINCE = "played_since"
    NO_WISH = "no_wish"
    PRIVATE_SKIPPED = "private_skipped"
    # what has to be asked (what matching itself asks is in sync.matching.codes)
    BELOW_THRESHOLD = "below_threshold"
    SUBJECT_LOCKED = "subject_locked"
    SUBJECT_MISSING = "subject_missing"
    EPISODE_MISSING = "episode_missing"
    SEASON_UNKNOWN = "season_unknown"
    SEVERAL_SUBJECTS = "several_subjects"
    PRIVATE_ASKED = "private_asked"
    LIST_SHRANK = "list_shrank"
    # what failed or waits
    UNREADABLE_ROW = "unreadable_row"
    NOT_CONFIRMED = "not_confirmed"
    TO_MEND = "to_mend"
    PLAN_CHANGED = "plan_changed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    TIME_UP = "time_up"
    INTERNAL = "internal"
    # of a run
    TRAKT_NOT_CONNECTED = "trakt_not_connected"
    BANGUMI_NOT_CONNECTED = "bangumi_not_connected"
    ARCHIVE_LOST = "archive_lost"
    COUNT_DIFFERS = "count_differs"
    ITEMS_LEFT = "items_left"
    UNDO_LEFT = "undo_left"
    REPLACED = "replaced"


_AGAIN = _("Nothing is lost: it is kept and tried again by itself.")

TEXTS: dict[str, Text] = {
    Reason.LIVE_ACTION: Text(
        _("live action"),
        _(
            "Trakt's genres say that this is not animation, and your settings carry over anime only. "
            "Nothing was written. If it is anime after all, choose its subject."
        ),
        Remedy.MAP,
    ),
    Reason.NOT_ANIME: Text(
        _("not anime"),
        _(
            "It is animation, but neither Japanese nor Chinese, and Bangumi's data sets do not know it. "
            "Nothing was written."
        ),
        Remedy.MAP,
    ),
    Reason.BEFORE_SINCE: Text(
        _("before your start date"),
        _("You asked for plays since a date, and this one is older. Nothing was written."),
        Remedy.SETTINGS,
    ),
    Reason.IGNORED: Text(
        _("left out by your rule"), _("A mapping override says that this is to be left out."), Remedy.MAP
    ),
    Reason.UNDONE: Text(
        _("undone"),
        _("You undid this. It is not written again by itself; retry it if you change your mind."),
        Remedy.RETRY,
    ),
    Reason.DECLINED: Text(
        _("left out of the plan"),
        _("You left this subject out when you approved the plan. It is not asked again; retry it to have it written."),
        Remedy.RETRY,
    ),
    Reason.KIND_OFF: Text(
        _("your rule says nothing"),
        _("Your settings say that this is not carried over. Nothing was written."),
        Remedy.SETTINGS,
    ),
    Reason.EPISODE_RATING: Text(
        _("an episode's rating"),
        _(
            "Bangumi has no ratings of episodes. Nothing was written; your settings can have their mean rate the "
            "season's subject."
        ),
        Remedy.SETTINGS,
    ),
    Reason.TOO_FEW_RATED: Text(
        _("too few episodes are rated"),
        _("Fewer episodes of the subject are rated than your settings ask for, so their mean says too little."),
        Remedy.SETTINGS,
    ),
    Reason.SHOW_RATING: Text(
        _("a whole show's rating"),
        _(
            "On Bangumi each season is a subject of its own, and your settings do not carry the rating of this show "
            "over to them. Nothing was written."
        ),
        Remedy.SETTINGS,
    ),
    Reason.SPECIALS_AS_A_WHOLE: Text(
        _("the specials as a whole"),
        _("Trakt's specials are no single subject on Bangumi. Nothing was written; you can choose one."),
        Remedy.MAP,
    ),
    Reason.ZERO_RATING: Text(
        _("a rating of zero"),
        _("On Bangumi 0 means “not rated”, and would take a rating away. Nothing was written."),
    ),
    Reason.HELD_BACK: Text(
        _("the play is left out"),
        _("The subject is on hold or dropped on Bangumi, and your settings leave out its plays. Nothing was written."),
        Remedy.SETTINGS,
    ),
    Reason.ADULT: Text(
        _("adults only"),
        _("Bangumi marks this subject as adults only, and your settings do not add such. Nothing was written."),
        Remedy.SETTINGS,
    ),
    Reason.RATING_KEPT: Text(
        _("your rating on Bangumi stays"),
        _("You gave, changed or removed the rating on Bangumi yourself, so it was left as it is."),
        Remedy.SETTINGS,
    ),
    Reason.RATING_OLDER: Text(
        _("Bangumi's may be newer"),
        _("The entry on Bangumi changed after you rated on Trakt, so its rating was left as it is."),
        Remedy.SETTINGS,
    ),
    Reason.OUTRANKED: Text(
        _("another rating goes first"),
        _("A film's or season's own rating goes before that of its show, and both before that of its episodes."),
    ),
    Reason.TAKEN_OFF_LIST: Text(
        _("you took it off your list"),
        _("This program had added it to your list on Bangumi, and you removed it there. It is not added again."),
    ),
    Reason.CHANGED_BY_HAND: Text(
        _("you changed it on Bangumi"),
        _("You changed its state on Bangumi after this program had set it. It was left as it is."),
    ),
    Reason.TAG_KEPT: Text(
        _("the tag is your own"), _("You gave this tag on Bangumi yourself, so it was not taken away.")
    ),
    Reason.TAG_REMOVED: Text(
        _("you removed the tag"), _("You removed this tag on Bangumi, so it was not given again.")
    ),
    Reason.TAGS_FULL: Text(
        _("no room for a tag"), _("Bangumi allows ten tags, and you have used them. None of them was touched.")
    ),
    Reason.NOT_DROPPED: Text(_("done stays done"), _("It was watched to the end, so it was not made dropped.")),
    Reason.PLAYED_SINCE: Text(
        _("watched again since"), _("You watched it on Trakt after you had dropped or hidden it. Nothing was written.")
    ),
    Reason.NO_WISH: Text(
        _("watched already"),
        _("You have watched it, at least in part, so it is no wish any more. Nothing was written."),
    ),
    Reason.PRIVATE_SKIPPED: Text(
        _("private entry"),
        _(
            "The entry is private, and Bangumi would show its ticks in your public timeline. By your settings its "
            "episodes are left alone."
        ),
        Remedy.SETTINGS,
    ),
    Reason.PRIVATE_ASKED: Text(
        _("would show a private entry"),
        _(
            "The entry is private, but Bangumi shows every ticked episode in your public timeline. Nothing was "
            "written: please say in your settings whether episodes of private entries may be ticked."
        ),
        Remedy.SETTINGS,
    ),
    Reason.SEASON_UNKNOWN: Text(
        _("no known subject"),
        _("No data set says which subject this season or show is, and no play of it tells. Please choose."),
        Remedy.MAP,
    ),
    Reason.SEVERAL_SUBJECTS: Text(
        _("several subjects"),
        _("On Bangumi this season is several subjects, and your settings ask you which of them is meant."),
        Remedy.MAP,
    ),
    Reason.LIST_SHRANK: Text(
        _("the list on Trakt shrank"),
        _(
            "Much more than usual is missing from the list on Trakt at once. Nothing was taken back; if you removed it "
            "yourself, retry this and it is."
        ),
        Remedy.RETRY,
    ),
    Reason.BELOW_THRESHOLD: Text(
        _("not sure enough"),
        _("There is a likely subject, but less sure than your settings ask for. Nothing was written; please choose."),
        Remedy.MAP,
    ),
    Reason.SUBJECT_LOCKED: Text(
        _("locked on Bangumi"),
        _("Bangumi has locked or merged this subject, so nobody can add it. Choose another subject, or leave it out."),
        Remedy.MAP,
    ),
    Reason.SUBJECT_MISSING: Text(
        _("not visible on Bangumi"),
        _(
            "Bangumi does not show this subject to your account: it was deleted, or is adults only and the account too "
            "young. Nothing was written."
        ),
        Remedy.MAP,
    ),
    Reason.EPISODE_MISSING: Text(
        _("no such episode"),
        _("Bangumi's list of this subject has no such episode yet, or counts otherwise. Nothing was written."),
        Remedy.MAP,
    ),
    Reason.UNREADABLE_ROW: Text(
        _("unreadable"),
        _("Trakt sent a row that does not say what was watched. It is kept with what could be read."),
        Remedy.RETRY,
    ),
    Reason.NOT_CONFIRMED: Text(
        _("not confirmed"),
        _("Bangumi accepted the write but does not show it. It is not counted as done, and is tried again."),
        Remedy.RETRY,
    ),
    Reason.TO_MEND: Text(
        _("to be written again"),
        _("You chose this in the comparison of both sides. The next run writes it."),
        Remedy.RETRY,
    ),
    Reason.PLAN_CHANGED: Text(
        _("changed since you approved"),
        _(
            "Between the plan and your yes the entry on Bangumi changed, and writing it now would do more than you "
            "were shown. Nothing was written; the next run plans it anew."
        ),
        Remedy.WAIT,
    ),
    Reason.CANCELLED: Text(_("cancelled"), _("The run was cancelled before this was written."), Remedy.RETRY),
    Reason.INTERRUPTED: Text(
        _("interrupted"),
        _("The process stopped before this was finished. The next run goes on from there."),
        Remedy.WAIT,
    ),
    Reason.TIME_UP: Text(
        _("time was up"), _("The run reached its time limit and goes on in a next one. Nothing is lost."), Remedy.WAIT
    ),
    Reason.INTERNAL: Text(
        _("program error"),
        _(
            "Something went wrong in the program itself. It is kept and tried again; the operator's log "
            "has the details."
        ),
        Remedy.OPERATOR,
    ),
    Reason.TRAKT_NOT_CONNECTED: Text(
        _("Trakt is not connected"),
        _("There is no Trakt account to read from. Connect it; nothing was changed."),
        Remedy.RECONNECT_TRAKT,
    ),
    Reason.ARCHIVE_LOST: Text(
        _("the archive is not there any more"),
        _(
            "The export archive was lost before all of it was taken over. What had been stored stays and is tried "
            "again by itself. Please import the archive again: nothing of it is taken twice."
        ),
        Remedy.UPLOAD,
    ),
    Reason.BANGUMI_NOT_CONNECTED: Text(
        _("Bangumi is not connected"),
        _("There is no Bangumi account to write to. What was read from Trakt is kept; connect Bangumi and run again."),
        Remedy.RECONNECT_BANGUMI,
    ),
    Reason.COUNT_DIFFERS: Text(
        _("counts differ"),
        _("Trakt says it has more than it sent. What arrived is kept; the rest is read again in the next run."),
        Remedy.WAIT,
    ),
    Reason.UNDO_LEFT: Text(
        _("not all was put back"),
        _(
            "Some subjects could not be read or written just now, and are as they were. What was put back stays so; "
            "the rest is tried again by itself."
        ),
        Remedy.WAIT,
    ),
    Reason.ITEMS_LEFT: Text(
        _("some items are left"),
        _("Some items failed or wait; each says why, and is tried again by itself."),
        Remedy.WAIT,
    ),
    Reason.REPLACED: Text(
        _("replaced"),
        _("A newer run took its place. What this one had found and not written is in the newer one."),
    ),
    # what matching asks
    MatchReason.NO_IDS: Text(
        _("no ids"),
        _("Trakt gives this title no id of TMDB, TVDB or IMDb, and no title to search for. Please choose its subject."),
        Remedy.MAP,
    ),
    MatchReason.UNKNOWN_WORK: Text(
        _("unknown title"),
        _("No data set knows this title, and Bangumi's search found nothing like it. Please choose its subject."),
        Remedy.MAP,
    ),
    MatchReason.NO_SEASON: Text(
        _("no season"), _("Trakt does not say which season this episode is in. Please choose its subject."), Remedy.MAP
    ),
    MatchReason.BAD_NUMBER: Text(
        _("no usable number"), _("Trakt gives this episode no usable number. Please choose its subject."), Remedy.MAP
    ),
    MatchReason.AMBIGUOUS: Text(
        _("several fit"),
        _("More than one subject or episode fits as well as the others. Nothing was written; please choose."),
        Remedy.MAP,
    ),
    MatchReason.NUMBER_FITS_NOBODY: Text(
        _("the number fits nowhere"),
        _(
            "No subject of this show has an episode of this number, or Bangumi's list is shorter than Trakt's season. "
            "Nothing was written; please choose."
        ),
        Remedy.MAP,
    ),
    MatchReason.SPECIAL_UNKNOWN: Text(
        _("a special that must be asked"),
        _(
            "Trakt and Bangumi number specials without any relation, and no date or title tells which one this is. "
            "Please choose it, or leave it out."
        ),
        Remedy.MAP,
    ),
    MatchReason.TITLE_ONLY: Text(
        _("found by title only"),
        _("No id is known; a search by title found candidates, which proves nothing about the season. Please choose."),
        Remedy.MAP,
    ),
    MatchReason.DATE_DISAGREES: Text(
        _("the date disagrees"),
        _("The number points at one episode and the air date at another. Nothing was written; please choose."),
        Remedy.MAP,
    ),
    MatchReason.IGNORED: Text(
        _("left out by your rule"), _("A mapping rule says that this is to be left out."), Remedy.MAP
    ),
    MatchReason.GATE_OTHER_EPISODE: Text(
        _("the date is another episode's"),
        _(
            "The number fits, but in Bangumi's list the air date is that of another episode. Nothing was written; "
            "please choose."
        ),
        Remedy.MAP,
    ),
    MatchReason.GATE_OTHER_SUBJECT: Text(
        _("the date is another subject's"),
        _(
            "The number fits, but the air date is that of an episode of another subject. Nothing was written; "
            "please choose."
        ),
        Remedy.MAP,
    ),
    MatchReason.GATE_NO_SUCH_EPISODE: Text(
        _("no such episode yet"),
        _("Bangumi's list of this subject has no episode at this place yet, or counts otherwise. Nothing was written."),
        Remedy.MAP,
    ),
    # errors of the services: service, underscore, code
    "trakt_unreachable": Text(_("Trakt can't be reached"), _AGAIN, Remedy.WAIT),
    "trakt_server_trouble": Text(_("Trakt has trouble"), _AGAIN, Remedy.WAIT),
    "trakt_rate_limited": Text(_("Trakt asks us to wait"), _AGAIN, Remedy.WAIT),
    "trakt_put_off": Text(_("waiting for Trakt"), _AGAIN, Remedy.WAIT),
    "trakt_reconnect": Text(
        _("Trakt: reconnect needed"),
        _("Trakt no longer accepts the connection. Schedule, history and settings are kept; connect again."),
        Remedy.RECONNECT_TRAKT,
    ),
    "trakt_app_refused": Text(
        _("Trakt: the operator's app is gone"),
        _("Trakt does not know the app of this installation any more. The operator must register it again."),
        Remedy.OPERATOR,
    ),
    "trakt_vip_only": Text(
        _("Trakt: VIP only"),
        _("Trakt allows this to VIP members only. Nothing was changed; the export archive is another way."),
        Remedy.NONE,
    ),
    "trakt_account_locked": Text(
        _("Trakt: account locked"),
        _("Trakt has locked or deactivated this account. Only Trakt's support can open it."),
        Remedy.NONE,
    ),
    "trakt_account_limit": Text(
        _("Trakt: account limit"), _("Trakt's limit for this account is reached."), Remedy.NONE
    ),
    "trakt_forbidden": Text(_("Trakt refuses"), _("Trakt refuses this request for this account."), Remedy.OPERATOR),
    "trakt_not_found": Text(_("not on Trakt"), _("Trakt has no such record any more."), Remedy.NONE),
    "trakt_rejected": Text(_("Trakt rejected the request"), _AGAIN, Remedy.OPERATOR),
    "bangumi_unreachable": Text(_("Bangumi can't be reached"), _AGAIN, Remedy.WAIT),
    "bangumi_server_trouble": Text(_("Bangumi has trouble"), _AGAIN, Remedy.WAIT),
    "bangumi_rate_limited": Text(_("Bangumi asks us to wait"), _AGAIN, Remedy.WAIT),
    "bangumi_put_off": Text(_("waiting for Bangumi"), _AGAIN, Remedy.WAIT),
    "bangumi_outcome_unknown": Text(
        _("the answer was lost"),
        _("A write was sent and its answer was lost. Bangumi is read again before anything is repeated."),
        Remedy.WAIT,
    ),
    "bangumi_reconnect": Text(
        _("Bangumi: reconnect needed"),
        _("Bangumi no longer accepts the connection. What was read is kept; connect again and it is written."),
        Remedy.RECONNECT_BANGUMI,
    ),
    "bangumi_app_refused": Text(
        _("Bangumi: the operator's app is gone"),
        _("Bangumi does not know the app of this installation any more. The operator must register it again."),
        Remedy.OPERATOR,
    ),
    "bangumi_forbidden": Text(
        _("Bangumi refuses"),
        _("Bangumi does not let this account or token write. A personal access token usually helps."),
        Remedy.RECONNECT_BANGUMI,
    ),
    "bangumi_not_found": Text(_("not on Bangumi"), _("Bangumi has no such subject for this account."), Remedy.MAP),
    "bangumi_rejected": Text(_("Bangumi rejected the write"), _AGAIN, Remedy.RETRY),
}


def text_of(code: str) -> Text:
    """Return the texts of *code*; a code from an older version is shown as it is."""
    return TEXTS.get(code) or Text(code.replace("_", " "), "", Remedy.NONE)
