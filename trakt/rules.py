"""The rules a user chooses between: the first of each is the default, and none of them damages a tended list."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from trakt.models import TraktConfig

LEAST_RATED = 5
"""Rated episodes from which on their mean says something of a season."""


class Conflict(models.TextChoices):
    KEEP = "keep", _("keep Bangumi's if you set it there")
    NEWEST = "newest", _("the newest wins")
    TRAKT = "trakt", _("Trakt wins")


class Split(models.TextChoices):
    ALL = "all", _("all of them")
    FIRST = "first", _("the first")
    ASK = "ask", _("ask me")


class ShowRating(models.TextChoices):
    SINGLE = "single", _("only when the show is one subject")
    FIRST = "first", _("its first season")
    EVERY = "every", _("every season")
    NEVER = "never", _("never")


class EpisodeRatings(models.TextChoices):
    SKIP = "skip", _("skip them, and say so")
    MEAN = "mean", _("their rounded mean rates the season's subject")


class Collected(models.TextChoices):
    WISH = "wish", _("wish, if not on your list yet")
    TAG = "tag", _("the tag “owned”")
    NOTHING = "nothing", _("nothing")


class Watchlisted(models.TextChoices):
    WISH = "wish", _("wish, if not on your list yet")
    NOTHING = "nothing", _("nothing")


class Hidden(models.TextChoices):
    NOTHING = "nothing", _("nothing")
    DROPPED = "dropped", _("dropped, unless it is done")


class Finished(models.TextChoices):
    DONE = "done", _("done, once the subject has ended")
    DOING = "doing", _("leave it as doing")


class Resumed(models.TextChoices):
    LEAVE = "leave", _("leave the state, tick the episode")
    DOING = "doing", _("back to doing")
    SKIP = "skip", _("skip the play")


class Removed(models.TextChoices):
    NOTHING = "nothing", _("nothing")
    TAKE_BACK = "take_back", _("take back what this program wrote and nobody changed since")


class PrivateMarks(models.TextChoices):
    ASK = "ask", _("ask me first")
    ALLOW = "allow", _("tick them: followers may see it")
    SKIP = "skip", _("leave their episodes alone")


@dataclass(frozen=True, slots=True)
class Rules:
    """What a user chose; every field is one of :class:`trakt.models.TraktConfig`, by the same name."""

    ratings: bool = True
    rating_conflict: str = Conflict.KEEP
    rating_split: str = Split.ALL
    rating_show: str = ShowRating.SINGLE
    rating_episodes: str = EpisodeRatings.SKIP
    rating_episodes_least: int = LEAST_RATED
    collected: str = Collected.WISH
    watchlisted: str = Watchlisted.WISH
    hidden: str = Hidden.NOTHING
    finished: str = Finished.DONE
    resumed: str = Resumed.LEAVE
    removed: str = Removed.NOTHING
    mark_private: str = PrivateMarks.ASK
    adult: bool = False

    @classmethod
    def of(cls, config: TraktConfig) -> Rules:
        return cls(**{field.name: getattr(config, field.name) for field in fields(cls)})

    def as_data(self) -> dict[str, Any]:
        """Return the rules as JSON values, to tell whether they were changed."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value if isinstance(value, bool | int) else str(value) for name, value in values.items()}
