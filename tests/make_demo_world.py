"""Make ``bgmsync/standins/demo-world.json`` of real anime: ``uv run python -m tests.make_demo_world``.

Real: TMDB and Bangumi ids, titles, episode lists and air dates of the subjects whose lists were captured. Made up:
the user, the plays, Trakt's own ids of episodes, the live-action titles, and the episode rows of subjects that are
only candidates (they have no titles and no air dates).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Any

from bgmsync.standins import DEMO_WORLD, World
from tests.realdata import Data, Known, aired, load, parse_day

SOURCES = {
    "what": "The demo's world. Made by tests/make_demo_world.py; do not edit by hand.",
    "sources": [
        "bangumi-data 0.3.208, CC BY 4.0, https://github.com/bangumi-data/bangumi-data (ids, titles, begin dates)",
        "Bangumi 番组计划 wiki, CC BY-SA 3.0, https://bgm.tv (subjects, episode lists, air dates, relations)",
    ],
    "made up": "the user, plays, ratings and lists; Trakt's own ids; live action; episodes without a title",
}

FIRST_SHOW, FIRST_MOVIE, FIRST_EPISODE, FIRST_SEASON = 170_001, 270_001, 7_100_001, 370_001
FIRST_PLAY = 10_984_500_000_001
FIRST_UNTITLED = 9_000_001
MAIN = 0
ANIME = ["animation", "anime"]


@dataclass
class Show:
    """A show to take over: seasons as TMDB has them, each of one or more Bangumi subjects in order of broadcast."""

    tmdb: int
    title: str
    seasons: dict[int, list[int]]
    watched: dict[int, int]
    ends: float
    """Days ago at which its last play was."""
    pace: float = 0.4
    """Days between two plays."""
    genres: list[str] = field(default_factory=lambda: [*ANIME])
    language: str = "ja"
    country: str = "jp"
    rewatched: list[tuple[int, int]] = field(default_factory=list)
    undated: int = 0
    """How many of its first plays have no known date."""


SHOWS = [
    Show(1429, "Attack on Titan", {1: [55770], 2: [118335], 3: [217300, 263750], 4: [285666]},
         {1: 25, 2: 12, 3: 22}, 40),
    Show(65942, "Re:ZERO -Starting Life in Another World-", {1: [140001, 278826, 316247]}, {1: 50}, 130),
    Show(100565, "86: Eighty Six", {1: [302189, 331887]}, {1: 14}, 1),
    Show(26867, "Mushi-Shi", {1: [340], 2: [92705, 106207]}, {1: 26, 2: 12}, 200, undated=12),
    Show(12598, "Black Lagoon", {1: [979, 980]}, {1: 24}, 300),
    Show(94664, "Mushoku Tensei: Jobless Reincarnation", {1: [277554, 325585]}, {1: 23}, 25),
    Show(60863, "Haikyu!!", {0: [118107, 144852, 212459], 1: [84171], 2: [120236], 3: [173849]},
         {1: 25, 2: 25, 3: 10}, 90),
    Show(72517, "Classroom of the Elite", {1: [214272]}, {1: 3}, 60),
    Show(24835, "Clannad", {1: [51], 2: [876]}, {1: 22, 2: 22}, 340, rewatched=[(2, 18), (2, 22)]),
    Show(46260, "Naruto", {1: [3425]}, {1: 30}, 3),
    Show(62745, "Is It Wrong to Try to Pick Up Girls in a Dungeon?", {1: [116287]}, {1: 13}, 160),
    Show(63926, "One-Punch Man", {1: [127563], 2: [193619]}, {1: 12, 2: 6}, 70, rewatched=[(1, 1)]),
    Show(65206, "Spirit Blade Mountain", {1: [146861]}, {1: 12}, 110, genres=["animation", "donghua"], language="zh",
         country="cn"),
]  # fmt: skip

MOVIES = [
    (310, "Princess Mononoke", "1997-07-12", 250),
    (841, "Paprika", "2006-11-25", 18),
    (117777, "A Silent Voice", "2016-09-17", 75),
    (307, "Porco Rosso", "1992-07-18", 12),
    (842, "Tokyo Godfathers", "2003-11-08", None),
    (314, "Lupin the Third: The Castle of Cagliostro", "1979-12-15", 290),
]

SPECIALS = [(60863, 2, 88.0), (65942, 1, 128.0), (65942, 2, 127.5)]
"""Season-0 episodes that were watched: show, number, days ago."""

ASKED = (65942, 3)
"""A show and its number of season-0 episodes that nothing tells apart: two subjects share its specials."""


class Maker:
    def __init__(self, data: Data) -> None:
        self._data = data
        self._next = {"show": FIRST_SHOW, "movie": FIRST_MOVIE, "episode": FIRST_EPISODE, "season": FIRST_SEASON}
        self._next |= {"play": FIRST_PLAY, "untitled": FIRST_UNTITLED}
        self._wanted: set[int] = set()
        self.shows: list[dict[str, Any]] = []
        self.movies: list[dict[str, Any]] = []
        self.plays: list[dict[str, Any]] = []

    def world(self) -> dict[str, Any]:
        """Return the world as JSON writes it: instants that count back from now stay relative."""
        for show in SHOWS:
            self._add_show(show)
        for subject_id, title, released, days_ago in MOVIES:
            self._add_movie(subject_id, title, released, days_ago)
        self._add_live_action()
        for tmdb, number, days_ago in SPECIALS:
            self._play(days_ago, episode=self._episode(tmdb, 0, number)["trakt"])
        self._repeat_exactly(self.plays[40])
        return {
            "about": SOURCES,
            "trakt": {"shows": self.shows, "movies": self.movies, "users": [self._trakt_user()]},
            "bangumi": {
                "subjects": [self._subject(subject_id) for subject_id in sorted(self._wanted)],
                "users": [self._bangumi_user()],
            },
        }

    def _id(self, kind: str) -> int:
        self._next[kind] += 1
        return self._next[kind] - 1

    # Trakt

    def _add_show(self, show: Show) -> None:
        known = self._data.of_show(show.tmdb)
        self._wanted.update(item.subject_id for item in known)
        seasons = {number: self._episodes(ids, known) for number, ids in sorted(show.seasons.items())}
        if show.tmdb == ASKED[0]:
            seasons[0] = [{"trakt": self._id("episode"), "number": n + 1, "title": None} for n in range(ASKED[1])]
        first = self._data.subjects[show.seasons[1][0]]
        self.shows.append(
            {
                "trakt": self._id("show"),
                "slug": slug(show.title),
                "title": show.title,
                "year": int(first["date"][:4]),
                "tmdb": show.tmdb,
                "genres": show.genres,
                "language": show.language,
                "country": show.country,
                "status": "ended",
                "original_title": first["name"],
                "aliases": [alias for alias in (first["name_cn"], *first["aliases"][:2]) if alias],
                "seasons": [
                    {"trakt": self._id("season"), "number": number, "episodes": episodes}
                    for number, episodes in sorted(seasons.items())
                ],
            }
        )
        self._watch(show)

    def _episodes(self, subject_ids: list[int], known: list[Known]) -> list[dict[str, Any]]:
        """Number the main episodes of a season's subjects through, as TMDB does, without recaps between numbers."""
        episodes: list[dict[str, Any]] = []
        for subject_id in subject_ids:
            begin = next((item.begin for item in known if item.subject_id == subject_id), None)
            hour = begin.time() if begin else time(15)
            for row in self._data.subjects[subject_id]["episodes"]:
                if row["type"] == MAIN and float(row["sort"]).is_integer():
                    day = parse_day(row["airdate"])
                    number = len(episodes) + 1
                    episodes.append(
                        {
                            "trakt": self._id("episode"),
                            "number": number,
                            "title": f"Episode {number}",
                            "first_aired": aired(day, hour) if day else None,
                        }
                    )
        return episodes

    def _watch(self, show: Show) -> None:
        watched = [(season, n + 1) for season, count in sorted(show.watched.items()) for n in range(count)]
        for place, (season, number) in enumerate(watched):
            days_ago = None if place < show.undated else show.ends + (len(watched) - place) * show.pace
            self._play(days_ago, episode=self._episode(show.tmdb, season, number)["trakt"])
        for place, (season, number) in enumerate(show.rewatched):
            self._play(show.ends - 0.5 - place, episode=self._episode(show.tmdb, season, number)["trakt"])

    def _episode(self, tmdb: int, season: int, number: int) -> dict[str, Any]:
        show = next(show for show in self.shows if show["tmdb"] == tmdb)
        found = next(row for row in show["seasons"] if row["number"] == season)
        episode: dict[str, Any] = found["episodes"][number - 1]
        return episode

    def _show(self, tmdb: int) -> int:
        return next(int(show["trakt"]) for show in self.shows if show["tmdb"] == tmdb)

    def _movie(self, title: str) -> int:
        return next(int(movie["trakt"]) for movie in self.movies if movie["title"] == title)

    def _add_movie(self, subject_id: int, title: str, released: str, days_ago: float | None) -> None:
        self._wanted.add(subject_id)
        subject = self._data.subjects[subject_id]
        key = next(
            key
            for key, items in self._data.known.items()
            if key.startswith("movie/") and any(item.subject_id == subject_id for item in items)
        )
        movie = {
            "trakt": self._id("movie"),
            "slug": slug(f"{title} {released[:4]}"),
            "title": title,
            "year": int(released[:4]),
            "tmdb": int(key.removeprefix("movie/")),
            "genres": ANIME,
            "language": "ja",
            "country": "jp",
            "status": "released",
            "original_title": subject["name"],
            "released": released,
        }
        self.movies.append(movie)
        if days_ago is not None:
            self._play(days_ago, movie=movie["trakt"])

    def _add_live_action(self) -> None:
        episodes: list[dict[str, Any]] = [
            {
                "trakt": self._id("episode"),
                "number": n + 1,
                "title": f"Chapter {n + 1}",
                "first_aired": datetime(2024, 3, 1 + 7 * (n // 2), 2, tzinfo=UTC),
            }
            for n in range(6)
        ]
        season = {"trakt": self._id("season"), "number": 1, "episodes": episodes}
        self.shows.append(
            {"trakt": self._id("show"), "slug": "the-long-corridor", "title": "The Long Corridor", "year": 2024,
             "tmdb": 9_900_001, "genres": ["drama", "mystery"], "language": "en", "country": "gb", "seasons": [season]}
        )  # fmt: skip
        for place, episode in enumerate(episodes):
            self._play(8 - place * 0.8, episode=episode["trakt"])
        movie = {"trakt": self._id("movie"), "slug": "harbour-lights-2021", "title": "Harbour Lights", "year": 2021,
                 "tmdb": 9_900_002, "genres": ["drama"], "language": "en", "country": "ie",
                 "released": "2021-10-08"}  # fmt: skip
        self.movies.append(movie)
        self._play(33, movie=movie["trakt"])

    def _play(self, days_ago: float | None, **what: int) -> None:
        when = {} if days_ago is None else {"watched_at": f"-{days_ago:.2f}d"}
        action = "watch" if days_ago is None or len(self.plays) % 3 else "scrobble"
        self.plays.append({"id": self._id("play"), **when, "action": action, **what})

    def _repeat_exactly(self, play: dict[str, Any]) -> None:
        """Add what faulty scrobblers leave behind: the same play once more, under another id."""
        self.plays.append({**play, "id": self._id("play")})

    def _trakt_user(self) -> dict[str, Any]:
        return {
            "slug": "demo",
            "name": "Demo",
            "access_token": "demo-trakt-access-token",
            "refresh_token": "demo-trakt-refresh-token",
            "plays": self.plays,
            "ratings": [
                {"type": "show", "at": "-38d", "rating": 9, "show": self._show(1429)},
                {"type": "show", "at": "-338d", "rating": 8, "show": self._show(24835)},
                {"type": "season", "at": "-70d", "rating": 8, "show": self._show(63926), "season": 1},
                {"type": "episode", "at": "-129d", "rating": 10, "episode": self._episode(65942, 1, 18)["trakt"]},
                {"type": "movie", "at": "-18d", "rating": 9, "movie": self._movie("Paprika")},
                {"type": "movie", "at": "-33d", "rating": 6, "movie": self._movie("Harbour Lights")},
            ],
            "collection": [
                {"type": "movie", "at": "-250d", "movie": self._movie("Princess Mononoke")},
                *(
                    {"type": "episode", "at": "-300d", "episode": self._episode(12598, 1, number)["trakt"]}
                    for number in range(1, 25)
                ),
            ],
            "watchlist": [
                {"type": "movie", "at": "-5d", "movie": self._movie("Tokyo Godfathers"), "id": 1_146_015_488},
                {"type": "show", "at": "-9d", "show": self._show(62745), "id": 1_146_015_487, "notes": "next seasons"},
            ],
            "hidden": [{"type": "show", "at": "-58d", "show": self._show(72517), "section": "dropped"}],
        }

    # Bangumi

    def _subject(self, subject_id: int) -> dict[str, Any]:
        row = self._data.subjects.get(subject_id)
        if row is None:
            return self._unlisted(subject_id)
        known = {"id": subject_id, "name": row["name"], "name_cn": row["name_cn"], "date": row["date"]}
        return {
            **known,
            "platform": row["platform"],
            "eps": row["eps"] or 0,
            "aliases": row["aliases"],
            "locked": subject_id == LOCKED,
            "relations": [r for r in row.get("relations", ()) if r["id"] in self._wanted],
            "episodes": row.get("episodes") or self._untitled(row["eps"] or 0),
        }

    def _unlisted(self, subject_id: int) -> dict[str, Any]:
        """Return a subject of which only bangumi-data's line is known: no episodes yet."""
        item = next(item for items in self._data.known.values() for item in items if item.subject_id == subject_id)
        date = item.begin.date().isoformat() if item.begin else None
        return {"id": subject_id, "name": item.title, "name_cn": next(iter(item.chinese), ""), "date": date}

    def _untitled(self, count: int) -> list[dict[str, Any]]:
        return [{"id": self._id("untitled"), "type": MAIN, "sort": n + 1} for n in range(count)]

    def _bangumi_user(self) -> dict[str, Any]:
        return {
            "id": 1_000_001,
            "username": "demo",
            "nickname": "演示",
            "access_token": "demo-bangumi-access-token",
            "refresh_token": "demo-bangumi-refresh-token",
            "collections": [
                {"subject_id": 302189, "type": 1, "updated_at": "-400d", "tags": ["机战", "科幻"],
                 "comment": "等完结再看"},
                {"subject_id": 3425, "type": 4, "updated_at": "-380d", "marks": self._marks(3425, 12)},
                {"subject_id": 84171, "type": 3, "updated_at": "-370d", "private": True,
                 "marks": self._marks(84171, 5)},
                {"subject_id": 214272, "type": 5, "updated_at": "-365d", "rate": 4, "comment": "不太合口味"},
                {"subject_id": 876, "type": 2, "updated_at": "-360d", "rate": 10, "marks": self._marks(876, 22)},
            ],
        }  # fmt: skip

    def _marks(self, subject_id: int, count: int) -> dict[str, int]:
        rows = [row for row in self._data.subjects[subject_id]["episodes"] if row["type"] == MAIN]
        return {str(row["id"]): 2 for row in rows[:count]}


LOCKED = 193619
"""A subject that can't be collected, so that the demo has a failure to show."""


def slug(title: str) -> str:
    words = "".join(char if char.isalnum() else " " for char in title.lower()).split()
    return "-".join(words)


def written(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    raise TypeError(f"{value!r} does not belong into a world")


def main() -> None:
    raw = Maker(load()).world()
    World.model_validate(raw)
    text = json.dumps(raw, default=written, ensure_ascii=False, separators=(",", ":"))
    DEMO_WORLD.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
