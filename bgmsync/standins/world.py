"""A world: everything that the two stand-ins know, as plain data that a JSON file loads to."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from bgmsync.standins.clock import UNKNOWN

RELATIVE = re.compile(r"-(\d+(?:\.\d+)?)d")
WEEK = 7 * 24 * 3600

MediaType = Literal["movie", "show", "season", "episode"]


def instant(value: Any) -> Any:
    """Resolve ``"-12.5d"``, which means so many days before the world was loaded; leave the rest to pydantic."""
    if isinstance(value, str) and (match := RELATIVE.fullmatch(value)):
        return datetime.now(UTC).replace(microsecond=0) - timedelta(days=float(match[1]))
    return value


def mark(value: Any) -> Any:
    """Allow ``2`` for ``{"type": 2}``."""
    return {"type": value} if isinstance(value, int) else value


Instant = Annotated[datetime, BeforeValidator(instant)]


class Data(BaseModel):
    model_config = ConfigDict(extra="forbid")


class App(Data):
    """An application registered at a service; without ``redirect_uris`` any address is accepted."""

    client_id: str
    client_secret: str | None = None
    redirect_uris: list[str] = []
    gone: bool = False


class TraktEpisode(Data):
    trakt: int
    number: int
    title: str | None = None
    tmdb: int | None = None
    tvdb: int | None = None
    imdb: str | None = None
    number_abs: int | None = None
    first_aired: datetime | None = None
    runtime: int = 24
    original_title: str | None = None


class TraktSeason(Data):
    trakt: int
    number: int
    title: str | None = None
    tmdb: int | None = None
    tvdb: int | None = None
    episodes: list[TraktEpisode] = []


class TraktTitle(Data):
    """What shows and movies have in common."""

    trakt: int
    slug: str
    title: str
    year: int | None = None
    tmdb: int | None = None
    imdb: str | None = None
    genres: list[str] = []
    language: str | None = None
    country: str | None = None
    status: str | None = None
    original_title: str | None = None
    overview: str | None = None
    aliases: list[str] = []


class TraktShow(TraktTitle):
    tvdb: int | None = None
    network: str | None = None
    seasons: list[TraktSeason] = []


class TraktMovie(TraktTitle):
    released: str | None = None
    runtime: int = 100


class Play(Data):
    """One watch of one episode or one movie, named by its Trakt id."""

    id: int
    watched_at: Instant = UNKNOWN
    action: Literal["scrobble", "checkin", "watch"] = "watch"
    episode: int | None = None
    movie: int | None = None


class Listed(Data):
    """A rated, collected, watch-listed or hidden thing, named by its Trakt id (a season by show and number)."""

    type: MediaType
    at: Instant
    movie: int | None = None
    show: int | None = None
    season: int | None = None
    episode: int | None = None
    rating: int | None = None
    id: int | None = None
    notes: str | None = None
    section: str | None = None


class TraktUser(Data):
    slug: str
    access_token: str
    refresh_token: str | None = None
    name: str = ""
    timezone: str = "Asia/Shanghai"
    vip: bool = False
    plays: list[Play] = []
    ratings: list[Listed] = []
    collection: list[Listed] = []
    watchlist: list[Listed] = []
    hidden: list[Listed] = []


class TraktWorld(Data):
    apps: list[App] = [App(client_id="standin-trakt-app")]
    token_lifetime: int = WEEK
    device_interval: int = 5
    shows: list[TraktShow] = []
    movies: list[TraktMovie] = []
    users: list[TraktUser] = []


class BangumiEpisode(Data):
    id: int
    sort: float
    type: int = 0
    airdate: str = ""
    name: str = ""
    name_cn: str = ""
    duration: str = "24m"
    disc: int = 0


class Relation(Data):
    id: int
    relation: str


class BangumiSubject(Data):
    """``locked`` can be read but not collected; ``merged_into`` makes the subject's page redirect.

    ``cover`` is the path of its picture on the picture server, as in ``13/c5/400602_ZI8Y9.jpg``.
    """

    id: int
    name: str
    type: int = 2
    name_cn: str = ""
    date: str | None = None
    platform: str | None = "TV"
    eps: int = 0
    summary: str = ""
    cover: str = ""
    aliases: list[str] = []
    tags: list[str] = []
    nsfw: bool = False
    locked: bool = False
    merged_into: int | None = None
    relations: list[Relation] = []
    episodes: list[BangumiEpisode] = []


class Mark(Data):
    """An episode's state: 1 wish, 2 watched, 3 dropped. ``updated_at`` in unix seconds, 0 when unknown."""

    type: int
    updated_at: int = 0


class Collected(Data):
    """A user's relation to a subject. A ``subject_id`` that is in no world makes the list's pages short."""

    subject_id: int
    type: int
    updated_at: Instant = Field(default_factory=lambda: datetime.now(UTC))
    rate: int = 0
    comment: str | None = None
    tags: list[str] = []
    private: bool = False
    subject_type: int = 2
    marks: dict[int, Annotated[Mark, BeforeValidator(mark)]] = {}


class BangumiUser(Data):
    id: int
    username: str
    access_token: str
    refresh_token: str | None = None
    nickname: str = ""
    reg_time: Instant = datetime(2015, 5, 1, tzinfo=UTC)
    banned: bool = False
    collections: list[Collected] = []


class BangumiWorld(Data):
    apps: list[App] = [App(client_id="standin-bangumi-app", client_secret="standin-bangumi-secret")]  # noqa: S106 - made up
    token_lifetime: int = WEEK
    subjects: list[BangumiSubject] = []
    users: list[BangumiUser] = []


class World(Data):
    """Both services. ``about`` names where the facts come from and their licences."""

    about: dict[str, Any] = {}
    trakt: TraktWorld = TraktWorld()
    bangumi: BangumiWorld = BangumiWorld()

    @classmethod
    def load(cls, path: Path | str) -> World:
        """Read a world from a JSON file; relative instants count from now."""
        return cls.model_validate_json(Path(path).read_bytes())

    def save(self, path: Path | str) -> None:
        """Write the world as JSON, leaving out what has its default."""
        Path(path).write_text(self.model_dump_json(exclude_defaults=True), encoding="utf-8")
