"""What one Trakt user watched, rated, collected and put on lists, and when each last moved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from bgmsync.standins.clock import trakt_time

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from bgmsync.standins.clock import Clock
    from bgmsync.standins.trakt.catalogue import Catalogue
    from bgmsync.standins.world import Listed, Play, TraktUser

LEAVES = {
    "movies": "watched_at collected_at rated_at watchlisted_at favorited_at commented_at paused_at hidden_at",
    "episodes": "watched_at collected_at rated_at watchlisted_at commented_at paused_at",
    "shows": "rated_at watchlisted_at favorited_at commented_at hidden_at dropped_at",
    "seasons": "rated_at watchlisted_at commented_at hidden_at",
    "comments": "liked_at reacted_at blocked_at",
    "lists": "liked_at reacted_at updated_at commented_at",
    "watchlist": "updated_at",
    "favorites": "updated_at",
    "collaborations": "updated_at",
    "saved_filters": "updated_at",
    "notes": "updated_at",
    "account": "settings_at followed_at following_at pending_at requested_at",
}

LISTS = {"ratings": "rated_at", "collection": "collected_at", "watchlist": "watchlisted_at", "hidden": "hidden_at"}


class Library:
    def __init__(self, user: TraktUser, catalogue: Catalogue, clock: Clock) -> None:
        self.user = user
        self._catalogue = catalogue
        self._clock = clock
        joined = trakt_time(clock.now().replace(year=clock.now().year - 5, day=1, microsecond=0))
        self._moved = {(group, leaf): joined for group, names in LEAVES.items() for leaf in names.split()}
        self._highest = max((play.id for play in user.plays), default=2**33)
        self._sort()
        for play in user.plays:
            self._move(kind_of(play), "watched_at", play.watched_at)
        for name, leaf in LISTS.items():
            for row in self.rows(name):
                self._move_list(name, leaf, row.type, row.at)

    def rows(self, name: str) -> list[Listed]:
        """Return the ratings, collection, watchlist or hidden rows."""
        return cast("list[Listed]", getattr(self.user, name))

    def activities(self) -> dict[str, Any]:
        written: dict[str, Any] = {"all": max(self._moved.values())}
        for (group, leaf), at in self._moved.items():
            written.setdefault(group, {})[leaf] = at
        return written

    def add_plays(self, plays: Iterable[Play]) -> None:
        """Add plays; what is watched leaves the watchlist, as it does on Trakt."""
        for play in plays:
            self.user.plays.append(play)
            self._highest = max(self._highest, play.id)
            self._touch(kind_of(play), "watched_at")
            self._leave_watchlist(play)
        self._sort()

    def remove_plays(self, ids: Iterable[int]) -> None:
        gone = set(ids)
        for play in self.user.plays:
            if play.id in gone:
                self._touch(kind_of(play), "watched_at")
        self.user.plays[:] = [play for play in self.user.plays if play.id not in gone]

    def replace_rows(self, name: str, rows: list[Listed]) -> None:
        """Put other rows in place of the ratings, collection, watchlist or hidden rows."""
        types = {row.type for row in [*self.rows(name), *rows]}
        setattr(self.user, name, rows)
        for media_type in types:
            self._move_list(name, LISTS[name], media_type, self._clock.now())

    def play_again(self) -> Play | None:
        """Watch again, now, what was watched last; None when nothing ever was."""
        if not self.user.plays:
            return None
        last = self.user.plays[0]
        again = last.model_copy(update={"id": self.next_id(), "watched_at": self._clock.now()})
        self.add_plays([again])
        return again

    def next_id(self) -> int:
        """Return an id that no play ever had, removed ones included."""
        return self._highest + 1

    def _sort(self) -> None:
        self.user.plays.sort(key=lambda play: (play.watched_at, play.id), reverse=True)

    def _leave_watchlist(self, play: Play) -> None:
        show = self._catalogue.episodes[play.episode][0].trakt if play.episode else None
        kept = [
            row
            for row in self.user.watchlist
            if not (row.movie and row.movie == play.movie) and not (row.show and row.show == show)
        ]
        if len(kept) < len(self.user.watchlist):
            self.replace_rows("watchlist", kept)

    def _move_list(self, name: str, leaf: str, media_type: str, at: datetime) -> None:
        self._move(f"{media_type}s", leaf, at)
        if name == "watchlist":
            self._move("watchlist", "updated_at", at)
        if name == "hidden" and media_type == "show":
            self._move("shows", "dropped_at", at)

    def _touch(self, group: str, leaf: str) -> None:
        self._move(group, leaf, self._clock.now())

    def _move(self, group: str, leaf: str, at: datetime) -> None:
        if (group, leaf) in self._moved:
            self._moved[group, leaf] = max(self._moved[group, leaf], trakt_time(at))


def kind_of(play: Play) -> str:
    return "movies" if play.movie else "episodes"
