"""A user's Trakt side: the connection, what to fetch and when, how far it has been read; and the titles seen."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bgmsync.shared.models import Connection, Service
from trakt import rules, schedule

if TYPE_CHECKING:
    from datetime import datetime, timedelta


class Scope(models.TextChoices):
    ANIME = "anime", _("anime and donghua only")
    ALL = "all", _("live action as well")


class Threshold(models.IntegerChoices):
    """Written by itself at or above; the numbers are those of ``sync.matching.facts.Confidence``."""

    LOW = 1, _("low: write whatever looks likely")
    MEDIUM = 2, _("medium: write when one rule speaks and nothing contradicts")
    HIGH = 3, _("high: write only when date and number agree")


def valid_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(_("%(name)s is not a time zone; use one like Asia/Shanghai."), params={"name": name})


def valid_cron(expression: str) -> None:
    try:
        schedule.parse(expression)
    except schedule.CronError as error:
        raise ValidationError(str(error)) from error


class TraktConfig(Connection):
    """One a user: the Trakt account, its schedule, and what is carried over from it."""

    service = Service.TRAKT

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, verbose_name=_("user"), on_delete=models.CASCADE, related_name="trakt"
    )

    enabled = models.BooleanField(
        _("sync by schedule"), default=True, help_text=_("Off: only when you select “Run sync now”.")
    )
    cron = models.CharField(
        _("cron expression"),
        max_length=100,
        blank=True,
        default="",
        validators=[valid_cron],
        help_text=_("Minute, hour, day, month, day of week: “30 4 * * *” is every day at 4:30. Empty: the interval."),
    )
    interval_minutes = models.PositiveIntegerField(
        _("interval in minutes"),
        default=360,
        validators=[MinValueValidator(5)],
        help_text=_("Used when there is no cron expression. A run without news costs one request to Trakt."),
    )
    timezone = models.CharField(
        _("time zone"),
        max_length=64,
        default="UTC",
        validators=[valid_zone],
        help_text=_("Your own, such as Asia/Shanghai: the cron expression is read in it."),
    )
    quiet_from = models.TimeField(
        _("quiet from"),
        null=True,
        blank=True,
        help_text=_("In your time zone. What would come in the quiet hours comes when they end. Empty: at any hour."),
    )
    quiet_to = models.TimeField(_("quiet until"), null=True, blank=True)
    next_run_at = models.DateTimeField(_("next run"), null=True, editable=False, db_index=True)

    history = models.BooleanField(_("watch history"), default=True)
    since = models.DateField(
        _("only plays since"), null=True, blank=True, help_text=_("Empty: everything you ever watched.")
    )
    ratings = models.BooleanField(_("ratings"), default=True)
    rating_conflict = models.CharField(
        _("when Bangumi has another rating"),
        max_length=8,
        choices=rules.Conflict.choices,
        default=rules.Conflict.KEEP,
        help_text=_(
            "Bangumi does not tell when a rating was given, only when the entry last changed: Trakt's is the newest "
            "when it was given after that."
        ),
    )
    rating_split = models.CharField(
        _("a season that is several subjects"),
        max_length=8,
        choices=rules.Split.choices,
        default=rules.Split.ALL,
        help_text=_("Bangumi has a subject for each cour: which of them the rating of the season goes to."),
    )
    rating_show = models.CharField(
        _("the rating of a whole show"),
        max_length=8,
        choices=rules.ShowRating.choices,
        default=rules.ShowRating.SINGLE,
        help_text=_("A season's own rating goes before that of its show."),
    )
    rating_episodes = models.CharField(
        _("ratings of episodes"),
        max_length=8,
        choices=rules.EpisodeRatings.choices,
        default=rules.EpisodeRatings.SKIP,
        help_text=_("Bangumi has no ratings of episodes."),
    )
    rating_episodes_least = models.PositiveSmallIntegerField(
        _("at least so many rated episodes"), default=rules.LEAST_RATED, validators=[MinValueValidator(1)]
    )
    collected = models.CharField(
        _("what you own"), max_length=8, choices=rules.Collected.choices, default=rules.Collected.WISH
    )
    watchlisted = models.CharField(
        _("your watchlist"), max_length=8, choices=rules.Watchlisted.choices, default=rules.Watchlisted.WISH
    )
    hidden = models.CharField(
        _("what you dropped or hid"), max_length=8, choices=rules.Hidden.choices, default=rules.Hidden.NOTHING
    )
    finished = models.CharField(
        _("when all main episodes are watched"),
        max_length=8,
        choices=rules.Finished.choices,
        default=rules.Finished.DONE,
        help_text=_("A film that was watched is always done."),
    )
    resumed = models.CharField(
        _("a play of what is on hold or dropped"),
        max_length=8,
        choices=rules.Resumed.choices,
        default=rules.Resumed.LEAVE,
    )
    removed = models.CharField(
        _("a rating or tag that you removed on Trakt"),
        max_length=10,
        choices=rules.Removed.choices,
        default=rules.Removed.NOTHING,
        help_text=_(
            "Taken back only when two runs agree; when a list shrank by more than a tenth, you are asked first."
        ),
    )
    scope = models.CharField(
        _("what to carry over"),
        max_length=8,
        choices=Scope.choices,
        default=Scope.ANIME,
        help_text=_("Live action is recognised by Trakt's genres; what is left out is listed with its reason."),
    )
    threshold = models.PositiveSmallIntegerField(
        _("write by itself when sure at least"),
        choices=Threshold.choices,
        default=Threshold.MEDIUM,
        help_text=_("What is less sure waits in review with its candidates. Specials always need high."),
    )
    ask_first = models.BooleanField(
        _("show me the first plan"),
        default=True,
        help_text=_("Nothing is written to a Bangumi account for the first time before you have approved it."),
    )
    ask_above = models.PositiveIntegerField(
        _("show me plans above"),
        default=300,
        help_text=_("A run that would carry over more than so many plays and other facts waits for your yes. 0: never"),
    )
    private = models.BooleanField(
        _("new entries are private"),
        default=False,
        help_text=_("Only for entries this program adds to your Bangumi list; existing ones keep their setting."),
    )

    mark_private = models.CharField(
        _("episodes of private entries"),
        max_length=8,
        choices=rules.PrivateMarks.choices,
        default=rules.PrivateMarks.ASK,
        help_text=_(
            "Bangumi shows a ticked episode in your public timeline even when the entry is private. Ratings, states "
            "and tags of private entries are not shown."
        ),
    )
    quiet_first = models.BooleanField(
        _("first import without noise"),
        default=False,
        help_text=_(
            "New entries of the first import are added hidden and then shown, so that followers do not see them in the "
            "timeline. Each costs one request more; Bangumi still shows a line for ticked episodes."
        ),
    )
    adult = models.BooleanField(
        _("adults-only titles as well"), default=False, help_text=_("Off: they are not added to your list.")
    )

    activities = models.JSONField(default=dict, editable=False)
    """Trakt's activity stamps as of the last complete read; only what moved since is read again."""
    read_to = models.DateTimeField(null=True, editable=False)
    """The latest ``watched_at`` that has been read and stored; a window of a week before it is read again."""
    last_good_at = models.DateTimeField(_("last good sync"), null=True, editable=False)

    class Meta:
        db_table = "trakt_config"
        verbose_name = _("Trakt account and schedule")
        verbose_name_plural = _("Trakt accounts and schedules")

    def __str__(self) -> str:
        return str(self.user)

    @property
    def jitter(self) -> timedelta:
        """How much later than its times this user's schedule starts."""
        return schedule.jitter_of(self.user_id or 0)

    @property
    def quiet(self) -> schedule.Quiet | None:
        """The quiet hours, where both ends are set and leave some of the day."""
        start, end = self.quiet_from, self.quiet_to
        if start is None or end is None or start == end or schedule.awake(start, end) < schedule.LEAST_AWAKE:
            return None
        return schedule.Quiet(start, end, ZoneInfo(self.timezone))

    def clean(self) -> None:
        """Refuse half of the quiet hours, and such as leave nothing of the day."""
        super().clean()
        start, end = self.quiet_from, self.quiet_to
        if (start is None) != (end is None):
            missing = "quiet_from" if start is None else "quiet_to"
            raise ValidationError({missing: _("Quiet hours have a beginning and an end. Fill in both, or neither.")})
        if (
            start is not None
            and end is not None
            and (start == end or schedule.awake(start, end) < schedule.LEAST_AWAKE)
        ):
            raise ValidationError({"quiet_to": _("Quiet hours must leave at least an hour of the day.")})

    def next_times(self, count: int = 5, after: datetime | None = None) -> list[datetime]:
        """Return the next *count* times this schedule comes due, without the jitter."""
        return schedule.next_times(
            self.cron,
            self.interval_minutes,
            self.timezone,
            after or timezone.now(),
            count,
            quiet=self.quiet,
            jitter=self.jitter,
        )

    def plan_next(self, after: datetime | None = None) -> None:
        """Set (and do not save) when the schedule comes due next."""
        self.next_run_at = self.next_times(1, after)[0] + self.jitter if self.enabled else None

    def is_quiet(self, moment: datetime) -> bool:
        return self.quiet is not None and self.quiet.covers(moment)

    def out_of_quiet(self, moment: datetime) -> datetime:
        """Return *moment*, or, where it lies in the quiet hours, when this user's runs start after them."""
        if self.quiet is None or not self.quiet.covers(moment):
            return moment
        return self.quiet.leave(moment, self.jitter) + self.jitter


class Title(models.Model):
    """A show or a movie as Trakt names it: only what somebody here watched, shared by all users."""

    class Kind(models.TextChoices):
        SHOW = "show", _("show")
        MOVIE = "movie", _("movie")

    kind = models.CharField(max_length=5, choices=Kind.choices)
    trakt_id = models.BigIntegerField()
    slug = models.CharField(max_length=200, blank=True, default="")
    tmdb_id = models.BigIntegerField(null=True)
    tvdb_id = models.BigIntegerField(null=True)
    imdb_id = models.CharField(max_length=20, blank=True, default="")
    title = models.CharField(_("title"), max_length=500)
    original_title = models.CharField(max_length=500, blank=True, default="")
    year = models.IntegerField(null=True)
    genres = models.JSONField(null=True, help_text="Null when Trakt did not say, which is not the same as none.")
    language = models.CharField(max_length=10, blank=True, default="")
    country = models.CharField(max_length=10, blank=True, default="")
    released = models.DateField(null=True)
    seasons = models.JSONField(null=True, help_text="Trakt's season list, read only when numbers fit no candidate.")
    seasons_read_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("title")
        verbose_name_plural = _("titles")
        constraints = [models.UniqueConstraint(fields=["kind", "trakt_id"], name="one_title_per_trakt_id")]

    def __str__(self) -> str:
        return f"{self.title} ({self.year})" if self.year else self.title
