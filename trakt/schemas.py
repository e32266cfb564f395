"""What Trakt answers, and how much of it must be right.

Ids, numbers, ratings and the time of a play are strict: with one of them wrong a row is set aside and named, and
the rest of its page is kept. What only describes (titles, years, genres, foreign ids) becomes None or empty
instead. A play of unknown date comes as 1970-01-01 and is an ordinary play.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime  # noqa: TC003  # pydantic reads annotations at run time
from typing import TYPE_CHECKING, Annotated, Any, Generic, Literal, TypeVar

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, model_validator

from bgmsync.shared.http.fields import Answered, Id, Instant, Number, Soft, SoftId, SoftNumber, Text, first_problem
from bgmsync.shared.http.oauth import TokenGrant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "CollectionRow",
    "DeviceCode",
    "Episode",
    "HiddenRow",
    "HistoryRow",
    "LastActivities",
    "Movie",
    "Page",
    "Place",
    "RatingRow",
    "RejectedRow",
    "Season",
    "Settings",
    "Show",
    "TokenGrant",
    "WatchedMap",
    "WatchlistRow",
    "parse_rows",
]


class Ids(Answered):
    """Ids of one entity: those of an episode or a season are not its show's."""

    trakt: Id
    slug: Text = ""
    imdb: Text = ""
    tmdb: SoftId = None
    tvdb: SoftId = None


class Airs(Answered):
    day: Text = ""
    time: Text = ""
    timezone: Text = ""


class _Work(Answered):
    """What shows and movies have in common. ``genres`` None: Trakt did not say, which is not "none"."""

    ids: Ids
    title: Text = ""
    original_title: Text = ""
    year: SoftNumber = None
    genres: Soft[tuple[Text, ...]] = None
    subgenres: Soft[tuple[Text, ...]] = None
    language: Text = ""
    country: Text = ""
    status: Text = ""
    runtime: SoftNumber = None
    """Minutes."""


class Show(_Work):
    first_aired: Soft[Instant] = None
    airs: Soft[Airs] = None
    aired_episodes: SoftNumber = None
    network: Text = ""


class Movie(_Work):
    released: Soft[date] = None


class Episode(Answered):
    ids: Ids
    season: Number
    number: Number
    title: Text = ""
    original_title: Text = ""
    number_abs: SoftNumber = None
    first_aired: Soft[Instant] = None
    runtime: SoftNumber = None
    """Minutes."""
    episode_type: Text = ""


class Season(Answered):
    """A season; ``episodes`` is None unless they were asked for."""

    ids: Ids
    number: Number
    title: Text = ""
    first_aired: Soft[Instant] = None
    episode_count: SoftNumber = None
    aired_episodes: SoftNumber = None
    episodes: tuple[Episode, ...] | None = None


LONGEST_ID = 18
"""Digits, so that an id fits into 64 bits."""

NEEDED: dict[str, tuple[str, ...]] = {
    "movie": ("movie",),
    "show": ("show",),
    "season": ("season", "show"),
    "episode": ("episode", "show"),
}
"""Which media a row of each type must bring."""


class _Row(Answered):
    """A fact about a thing: ``type`` says which of the four media it is about."""

    type: Literal["movie", "show", "season", "episode"]
    movie: Movie | None = None
    show: Show | None = None
    season: Season | None = None
    episode: Episode | None = None

    @model_validator(mode="after")
    def _has_its_media(self) -> _Row:
        missing = [name for name in NEEDED[self.type] if getattr(self, name) is None]
        if missing:
            raise ValueError(f"{self.type} row without {' and '.join(missing)}")
        return self


class HistoryRow(_Row):
    """One play."""

    type: Literal["movie", "episode"]
    id: Id
    watched_at: Instant | None
    action: Text = ""


class RatingRow(_Row):
    """``rating`` 0 is none: it is told apart here so that nobody takes it for one."""

    rating: Annotated[int, Field(strict=True, ge=0, le=10)]
    rated_at: Instant | None = None


class OwnedEpisode(Answered):
    number: Number


class OwnedSeason(Answered):
    number: Number
    episodes: Soft[tuple[OwnedEpisode, ...]] = None

    @property
    def last(self) -> int:
        """The last episode that is owned; 0 where Trakt does not say."""
        return max((episode.number for episode in self.episodes or ()), default=0)


class CollectionRow(_Row):
    """A thing owned. ``collected_at`` of a show is that of its last episode."""

    type: Literal["movie", "show", "episode"]
    collected_at: Instant | None = None
    seasons: Soft[tuple[OwnedSeason, ...]] = None

    @property
    def owned(self) -> list[list[int]]:
        """Of a show: the seasons of which something is owned, each with the number of the last such episode."""
        return sorted([season.number, season.last] for season in self.seasons or ())

    @model_validator(mode="before")
    @classmethod
    def _one_name(cls, row: Any) -> Any:
        if isinstance(row, dict) and "collected_at" not in row:
            return {**row, "collected_at": row.get("last_collected_at")}
        return row


class WatchlistRow(_Row):
    id: Id
    listed_at: Instant | None = None


class HiddenRow(_Row):
    """A thing that the user hid, or a show that they dropped."""

    hidden_at: Instant | None = None


class Activity(Answered):
    watched_at: Instant | None = None
    collected_at: Instant | None = None
    rated_at: Instant | None = None
    watchlisted_at: Instant | None = None
    hidden_at: Instant | None = None
    dropped_at: Instant | None = None
    updated_at: Instant | None = None


_Group = Annotated[Activity, BeforeValidator(lambda told: {} if told is None else told)]


class LastActivities(Answered):
    """When each kind of data last moved. Compare by ``!=``: removals move it as well.

    ``raw`` is the answer as it came, for storing and comparing whole.
    """

    all: Instant | None = None
    movies: _Group = Activity()
    episodes: _Group = Activity()
    shows: _Group = Activity()
    seasons: _Group = Activity()
    watchlist: _Group = Activity()
    raw: dict[str, Any] = Field(default_factory=dict, repr=False)

    @classmethod
    def from_answer(cls, answer: dict[str, Any]) -> LastActivities:
        return cls.model_validate({**answer, "raw": answer})

    @model_validator(mode="after")
    def _tells_something(self) -> LastActivities:
        if self.all is None and not self.model_fields_set & {"movies", "episodes"}:
            raise ValueError("no activities in it")
        return self


class UserIds(Answered):
    slug: Text = ""
    uuid: Text = ""


class User(Answered):
    """``ids.uuid`` is the stable key of an account; the name and the slug can change."""

    username: str
    name: Text = ""
    private: Soft[bool] = None
    vip: Soft[bool] = None
    ids: UserIds = UserIds()


class Account(Answered):
    timezone: Text = ""


class Settings(Answered):
    user: User
    account: Account = Account()
    limits: Soft[dict[str, Any]] = None


class DeviceCode(Answered):
    """What the device flow starts with; show ``user_code`` and ``verification_url`` exactly as they are."""

    device_code: SecretStr
    user_code: str
    verification_url: str
    expires_in: int
    interval: int = 5
    """Seconds between polls."""


R = TypeVar("R", bound=Answered)


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that could not be understood, and why; ``raw_id`` is its history id where it has one."""

    row_index: int
    raw_id: int | str | None
    why: str


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """One page as the service says it is; ``item_count`` None: it did not say.

    Trust ``limit`` and ``page_count``, never what was asked: Trakt clamps.
    """

    rows: list[R]
    rejected: list[RejectedRow]
    page: int
    page_count: int
    item_count: int | None
    limit: int

    @property
    def is_last(self) -> bool:
        return self.page >= self.page_count


@dataclass(frozen=True, slots=True)
class Place:
    """Where an episode of a watched map belongs; ``season`` None: it was not told."""

    show_id: int
    season: int | None


@dataclass(frozen=True, slots=True)
class WatchedMap:
    """All plays in compact form: for each movie's or episode's Trakt id the times it was watched.

    ``places`` is filled when shows were asked for. With anything in ``rejected`` the map is not complete: what is
    absent from it may still have been watched.
    """

    plays: dict[int, list[datetime]] = field(default_factory=dict)
    places: dict[int, Place] = field(default_factory=dict)
    rejected: list[RejectedRow] = field(default_factory=list)


def parse_rows(model: type[R], rows: Sequence[Any], default_type: str = "") -> tuple[list[R], list[RejectedRow]]:
    """Validate row by row. *default_type* is the type of rows that do not say, as older answers don't."""
    good: list[R] = []
    rejected: list[RejectedRow] = []
    for index, row in enumerate(rows):
        told = {"type": default_type, **row} if default_type and isinstance(row, dict) else row
        try:
            good.append(model.model_validate(told))
        except ValidationError as error:
            rejected.append(RejectedRow(index, _raw_id(row), _why(row, error)))
    return good, rejected


def _raw_id(row: Any) -> int | str | None:
    raw = row.get("id") if isinstance(row, dict) else None
    return raw if isinstance(raw, int | str) else None


def _why(row: Any, error: ValidationError) -> str:
    kind = row.get("type") if isinstance(row, dict) else None
    if isinstance(kind, str) and kind not in NEEDED:
        return f"unknown type {kind[:40]!r}"
    return first_problem(error)


def parse_watched(answer: Mapping[str, Any]) -> WatchedMap:
    """Read ``{id: [times]}``."""
    watched = WatchedMap()
    for index, (key, times) in enumerate(answer.items()):
        _add_plays(watched, index, key, times)
    return watched


def parse_watched_shows(answer: Mapping[str, Any]) -> WatchedMap:
    """Read ``{show: {"season id|season number": {episode: [times]}}}``."""
    watched = WatchedMap()
    for index, (show, seasons) in enumerate(answer.items()):
        if not (_is_id(show) and isinstance(seasons, dict)):
            watched.rejected.append(RejectedRow(index, show, "not a show with seasons"))
            continue
        for season, episodes in seasons.items():
            if not isinstance(episodes, dict):
                watched.rejected.append(RejectedRow(index, show, "not a season with episodes"))
                continue
            place = Place(int(show), _season_number(season))
            for episode, times in episodes.items():
                if _add_plays(watched, index, episode, times):
                    watched.places[int(episode)] = place
    return watched


def _add_plays(watched: WatchedMap, index: int, key: str, times: Any) -> bool:
    try:
        plays = _Plays.model_validate({"times": times}) if _is_id(key) else None
    except ValidationError:
        plays = None
    if plays is None:
        watched.rejected.append(RejectedRow(index, key, "not an id with times"))
        return False
    watched.plays[int(key)] = list(plays.times)
    return True


class _Plays(Answered):
    times: tuple[Instant, ...]


def _is_id(key: str) -> bool:
    return key.isascii() and key.isdigit() and len(key) <= LONGEST_ID


def _season_number(key: str) -> int | None:
    """Read "355001|1" as season 1; a lone season id tells no number."""
    _, bar, number = key.partition("|")
    return int(number) if bar and number.isascii() and number.isdigit() else None
