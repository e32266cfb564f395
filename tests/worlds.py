"""Large random worlds of real anime, and what every play in them must come to.

Shows, numbers and labels are real (../shared/data); lists of episodes that were not captured are made up from the
subject's first day and a weekly rhythm. Then the world is made as untidy as the services are: missing and malformed
dates, sorts that go on from the season before, specials among the episodes, markup in titles.
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Literal

from bgmsync.standins.world import (
    BangumiEpisode,
    BangumiSubject,
    BangumiUser,
    BangumiWorld,
    Collected,
    Play,
    TraktEpisode,
    TraktMovie,
    TraktSeason,
    TraktShow,
    TraktUser,
    TraktWorld,
    World,
)
from tests.realdata import Data, aired, load, parse_day

if TYPE_CHECKING:
    from collections.abc import Iterable

Verdict = Literal["mark", "skip"]

MAIN, SPECIAL = 0, 1
FIRST_PLAY = 10_984_500_000_001
MADE_UP_EPISODES = 20_000_001
LIVE_ACTION_TMDB = 9_900_001
MARKUP = '<b onclick="alert(1)">&amp; “The Story So Far”</b> ' + "very " * 40 + "long"
HOURS = [time(15, 30), time(14, 0), time(9, 30), time(16, 55), time(1, 0), time(15, 0)]
USER = "tester"

STREAMED_LATER = [1, 2, 3, 7, 30]
"""Days after the broadcast."""

UNKNOWN_DATES, DUPLICATES, REWATCHES = 0.03, 0.02, 0.08
LIVE_PLAYS, MOVIE_PLAYS = 0.08, 0.05


@dataclass(frozen=True, slots=True)
class Expected:
    """What a play must come to: a mark on this episode of this subject, or nothing (live action).

    ``episode_id`` is None for a film whose subject lists no episode. ``may_ask``: review is as good.
    """

    verdict: Verdict
    subject_id: int | None = None
    episode_id: int | None = None
    may_ask: bool = False
    category: str = ""


@dataclass
class Truth:
    """``plays`` by history id; the Trakt ids in ``live_action`` must never reach Bangumi."""

    plays: dict[int, Expected] = field(default_factory=dict)
    live_action: set[int] = field(default_factory=set)

    def marks(self) -> dict[int, set[int]]:
        """Return the episodes of each subject that are watched when every play is carried over."""
        marks: dict[int, set[int]] = defaultdict(set)
        for expected in self.plays.values():
            if expected.verdict == "mark" and expected.subject_id:
                marks[expected.subject_id] |= {expected.episode_id} if expected.episode_id else set()
        return dict(marks)

    def wrong(self, marked: dict[int, set[int]]) -> set[tuple[int, int]]:
        """Return the (subject, episode) marks in *marked* that no play speaks for."""
        right = self.marks()
        return {(subject, episode) for subject, ids in marked.items() for episode in ids - right.get(subject, set())}

    def share_right(self, marked: dict[int, set[int]]) -> float:
        """Return the share of the plays of anime that are on their episode in *marked*, those that may ask aside."""
        due = [e for e in self.plays.values() if e.verdict == "mark" and e.episode_id and not e.may_ask]
        right = [e for e in due if e.episode_id in marked.get(e.subject_id or 0, set())]
        return len(right) / len(due) if due else 1.0


def make_world(
    seed: int, *, shows: int = 60, plays: int = 1000, live_action: int = 4, started: float = 0.1
) -> tuple[World, Truth]:
    """Make a world of so many anime shows and plays; the same *seed* makes the same one, save for the current time.

    A share *started* of the subjects is already on the user's Bangumi list.
    """
    return Builder(random.Random(seed), load()).build(shows, plays, live_action, started)  # noqa: S311 - a repeatable world


class Builder:
    def __init__(self, rng: random.Random, data: Data) -> None:
        self._rng = rng
        self._data = data
        self._ids = {"title": 170_001, "season": 370_001, "episode": 7_100_001, "play": FIRST_PLAY}
        self._ids |= {"bangumi": MADE_UP_EPISODES}
        self._subjects: dict[int, BangumiSubject] = {}
        self._shows: list[TraktShow] = []
        self._movies: list[TraktMovie] = []
        self._live: list[tuple[str, int]] = []
        self._expected: dict[tuple[str, int], Expected] = {}
        """By ("episode" or "movie", Trakt id): what can be watched."""

    def build(self, shows: int, plays: int, live_action: int, started: float) -> tuple[World, Truth]:
        for rows in self._chosen_shows(shows):
            self._add_show(rows)
        for row in self._chosen_movies(max(1, int(plays * MOVIE_PLAYS))):
            self._add_movie(row)
        self._add_live_action(live_action)
        watched = self._watched(plays)
        truth = Truth({play.id: self._of(play) for play in watched}, {trakt for _, trakt in self._live})
        world = World(
            trakt=TraktWorld(shows=self._shows, movies=self._movies, users=[self._trakt_user(watched)]),
            bangumi=BangumiWorld(subjects=list(self._subjects.values()), users=[self._bangumi_user(started)]),
        )
        return world, truth

    def _id(self, kind: str) -> int:
        self._ids[kind] += 1
        return self._ids[kind] - 1

    def _chance(self, share: float) -> bool:
        return self._rng.random() < share

    # which anime

    def _chosen_shows(self, count: int) -> list[list[dict[str, Any]]]:
        """Draw shows, so that split cours, long runners and specials are there even in a small world."""
        by_show: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for row in self._data.truth:
            if row["numbering"] == "tmdb" and row.get("tmdb_show") and row["category"] != "movie":
                by_show[row["tmdb_show"]].append(row)
        wanted = ["split_cour", "specials_s0", "absolute_long", "ova", "multi_season"]
        pools = [[rows for rows in by_show.values() if any(r["category"] == name for r in rows)] for name in wanted]
        pools.append(list(by_show.values()))
        chosen: dict[int, list[dict[str, Any]]] = {}
        while len(chosen) < min(count, len(by_show)):
            rows = self._rng.choice(pools[len(chosen) % len(pools)] if self._chance(0.6) else pools[-1])
            chosen[rows[0]["tmdb_show"]] = rows
        return list(chosen.values())

    def _chosen_movies(self, count: int) -> list[dict[str, Any]]:
        rows = [row for row in self._data.truth if row["category"] == "movie" and "tmdb_movie" in row]
        return self._rng.sample(rows, min(count, len(rows)))

    # shows

    def _add_show(self, rows: list[dict[str, Any]]) -> None:
        first = min(rows, key=lambda row: (row["season"] == 0, row["season"], row["episode"]))
        known = self._data.of_show(first["tmdb_show"])
        hours = {item.subject_id: item.begin.time() for item in known if item.begin}
        for row in sorted(rows, key=lambda row: (row["season"], row["episode"])):
            self._add_subject(row, rows)
        for item in known:
            if item.subject_id in self._data.subjects and item.subject_id not in self._subjects:
                self._subjects[item.subject_id] = self._subject(self._data.subjects[item.subject_id], [])
        nameless = self._chance(0.04) and "tvdb_show" in first
        undated = self._chance(0.08)
        numbers: dict[int, dict[int, dict[str, Any]]] = defaultdict(dict)
        for row in rows:
            numbers[row["season"]][row["episode"]] = row
        absolute = self._chance(0.2)
        seasons = [self._season(number, found, hours, undated=undated) for number, found in sorted(numbers.items())]
        if absolute:
            number_through(seasons)
        show = TraktShow(
            trakt=self._id("title"),
            slug=first.get("trakt_slug") or f"show-{first['tmdb_show']}",
            title=title_of(first) + (f" {MARKUP}" if self._chance(0.03) else ""),
            year=year(first.get("subject_begin")),
            tmdb=None if nameless else first["tmdb_show"],
            tvdb=first.get("tvdb_show"),
            imdb=first.get("imdb"),
            genres=["animation"] if self._chance(0.1) else ["animation", "anime"],
            language="ja",
            country="jp",
            status="ended",
            original_title=first.get("show_title_ja"),
            seasons=seasons,
        )
        self._shows.append(show)
        self._expect(show, numbers, may_ask=nameless)

    def _season(
        self, number: int, found: dict[int, dict[str, Any]], hours: dict[int, time], *, undated: bool
    ) -> TraktSeason:
        """Make a season of all numbers up to the last one labelled; some were dated by a later streaming release."""
        hour = self._rng.choice(HOURS)
        late = timedelta(days=self._rng.choice(STREAMED_LATER) if self._chance(0.06) else 0)
        days = {n: day + late if (day := self._day(row)) else None for n, row in found.items()}
        episodes = []
        for n in range(1, max(found) + 1):
            row = found.get(n)
            day = days[n] if row else interpolated(days, n)
            at = aired(day, hours.get(row["expected_subject_id"], hour) if row else hour) if day else None
            missing = undated or self._chance(0.02)
            episodes.append(
                TraktEpisode(
                    trakt=self._id("episode"),
                    number=n,
                    title=self._title(row, n),
                    first_aired=None if missing else at,
                    tmdb=5_000_000 + self._ids["episode"],
                )
            )
        return TraktSeason(trakt=self._id("season"), number=number, episodes=episodes)

    def _title(self, row: dict[str, Any] | None, number: int) -> str | None:
        if row and row["season"] == 0:
            return title_of(row)
        return MARKUP if self._chance(0.005) else f"Episode {number}"

    def _day(self, row: dict[str, Any]) -> date | None:
        """Return the broadcast day: as Bangumi has it, else as the label does, else by the week; at times a day off."""
        mains = main_rows(self._subjects[row["expected_subject_id"]])
        place = row["expected_ep"] - 1
        day = parse_day(mains[place].airdate) if place < len(mains) else None
        day = day or parse_day(row.get("first_aired", ""))
        if day is None and (begin := parse_day(row.get("subject_begin") or "")):
            day = begin + timedelta(weeks=place)
        if day and self._chance(0.02):
            day += timedelta(days=self._rng.choice([-1, 1]))
        return day

    def _expect(self, show: TraktShow, numbers: dict[int, dict[int, dict[str, Any]]], *, may_ask: bool) -> None:
        for season in show.seasons:
            for episode in season.episodes:
                row = numbers[season.number].get(episode.number)
                mains = main_rows(self._subjects[row["expected_subject_id"]]) if row else []
                if row and row["expected_ep"] <= len(mains):
                    self._expected["episode", episode.trakt] = Expected(
                        "mark",
                        row["expected_subject_id"],
                        mains[row["expected_ep"] - 1].id,
                        may_ask or season.number == 0,
                        row["category"],
                    )

    # subjects

    def _add_subject(self, row: dict[str, Any], rows: Iterable[dict[str, Any]]) -> None:
        subject_id = row["expected_subject_id"]
        if subject_id in self._subjects:
            return
        own = [other for other in rows if other["expected_subject_id"] == subject_id]
        self._subjects[subject_id] = self._subject(self._data.subjects.get(subject_id) or unlisted(row), own)

    def _subject(self, row: dict[str, Any], labels: list[dict[str, Any]]) -> BangumiSubject:
        episodes = [BangumiEpisode.model_validate(e) for e in row.get("episodes", ())] or self._made_up(row, labels)
        return BangumiSubject(
            id=row["id"],
            name=row["name"],
            name_cn=row["name_cn"],
            date=row["date"] or None,
            platform=row["platform"],
            eps=row["eps"] or 0,
            summary=MARKUP if self._chance(0.05) else "",
            aliases=row["aliases"],
            relations=row.get("relations", []),
            episodes=episodes,
        )

    def _made_up(self, row: dict[str, Any], labels: list[dict[str, Any]]) -> list[BangumiEpisode]:
        """Make up a list: by the labels' days, else weekly; a third of the lists have no days at all."""
        count = max([row["eps"] or 0, *(label["expected_ep"] for label in labels)])
        begin = parse_day(row["date"] or "")
        days = {label["expected_ep"] - 1: parse_day(label.get("first_aired", "")) for label in labels}
        dateless = self._chance(1 / 3)
        first = self._first_sort(labels)
        episodes = [
            BangumiEpisode(
                id=self._id("bangumi"),
                sort=first + n,
                airdate=""
                if dateless
                else self._airdate(days.get(n) or (begin + timedelta(weeks=n) if begin else None)),
                name=f"第{n + 1}話",
            )
            for n in range(count)
        ]
        if self._chance(0.15):
            episodes.append(BangumiEpisode(id=self._id("bangumi"), type=SPECIAL, sort=1, name="OVA"))
        return episodes

    def _first_sort(self, labels: list[dict[str, Any]]) -> int:
        """Go on from the season or cour before as often as real lists do, and now and then begin at 0."""
        first = min(labels, key=lambda label: label["expected_ep"], default=None)
        offset = first["episode"] - first["expected_ep"] if first else 0
        if first and offset > 0:
            return 1 + offset if self._chance(0.9) else 1
        if first and first["season"] > 1 and self._chance(0.12):
            return 1 + 12 * (first["season"] - 1)
        return 0 if self._chance(0.01) else 1

    def _airdate(self, day: date | None) -> str:
        """Write a day as people do: mostly ISO, at times unpadded, in words, or not at all."""
        if day is None or self._chance(0.03):
            return ""
        forms = [f"{day.year}-{day.month}-{day.day}", f"{day.year}年{day.month}月{day.day}日", f"原定{day}", "未放送"]
        return self._rng.choice(forms) if self._chance(0.04) else day.isoformat()

    # films and live action

    def _add_movie(self, row: dict[str, Any]) -> None:
        if any(movie.tmdb == row["tmdb_movie"] for movie in self._movies):
            return
        self._add_subject({"season": 1, "episode": 1, **row}, [{"season": 1, "episode": 1, **row}])
        movie = TraktMovie(
            trakt=self._id("title"),
            slug=row.get("trakt_slug") or f"movie-{row['tmdb_movie']}",
            title=title_of(row),
            year=year(row.get("subject_begin")),
            tmdb=row["tmdb_movie"],
            imdb=row.get("imdb"),
            genres=["animation", "anime"],
            language="ja",
            country="jp",
            original_title=row.get("show_title_ja"),
            released=row.get("subject_begin") or None,
        )
        self._movies.append(movie)
        mains = main_rows(self._subjects[row["expected_subject_id"]])
        place = row["expected_ep"] - 1
        episode_id = mains[place].id if place < len(mains) else None
        expected = Expected("mark", row["expected_subject_id"], episode_id, category="movie")
        self._expected["movie", movie.trakt] = expected

    def _add_live_action(self, count: int) -> None:
        """Add live action: one show and one film under the number that an anime has in the other type."""
        collisions = [movie.tmdb for movie in self._movies if f"tv/{movie.tmdb}" not in self._data.known]
        for n in range(count):
            tmdb = collisions[0] if n == 0 and collisions else LIVE_ACTION_TMDB + n
            episodes = [
                TraktEpisode(
                    trakt=self._id("episode"),
                    number=k + 1,
                    title=f"Chapter {k + 1}",
                    first_aired=datetime(2021, 1, 4, 2, tzinfo=UTC) + timedelta(weeks=k),
                )
                for k in range(12)
            ]
            show = TraktShow(
                trakt=self._id("title"),
                slug=f"live-action-{n}",
                title=f"Live Action {n}",
                year=2021,
                tmdb=tmdb,
                genres=["drama", "mystery"],
                language="ja" if n % 2 else "en",
                country="jp" if n % 2 else "gb",
                seasons=[TraktSeason(trakt=self._id("season"), number=1, episodes=episodes)],
            )
            self._shows.append(show)
            self._skip("episode", [episode.trakt for episode in episodes])
        if count:
            self._add_live_film()

    def _add_live_film(self) -> None:
        taken = [show.tmdb for show in self._shows if show.tmdb and f"movie/{show.tmdb}" not in self._data.known]
        film = TraktMovie(
            trakt=self._id("title"),
            slug="live-film",
            title="Live Film",
            year=2019,
            tmdb=taken[0] if taken else LIVE_ACTION_TMDB,
            genres=["drama"],
            language="en",
            released="2019-05-01",
        )
        self._movies.append(film)
        self._skip("movie", [film.trakt])

    def _skip(self, kind: str, ids: list[int]) -> None:
        self._live += [(kind, trakt) for trakt in ids]
        self._expected.update({(kind, trakt): Expected("skip", category="live_action") for trakt in ids})

    # plays

    def _watched(self, count: int) -> list[Play]:
        """Watch things in order, show by show, then again; exact repeats come last."""
        repeats = int(count * DUPLICATES)
        things = self._order(count - repeats)
        now = datetime.now(UTC).replace(microsecond=0)
        step = timedelta(days=700) / max(1, len(things))
        plays = [
            Play(
                id=self._id("play"),
                action=self._rng.choice(["scrobble", "checkin", "watch"]),
                **{kind: trakt},
                **({} if self._chance(UNKNOWN_DATES) else {"watched_at": now - step * (len(things) - place)}),
            )
            for place, (kind, trakt) in enumerate(things)
        ]
        copied = self._rng.sample(plays, min(repeats, len(plays)))
        return plays + [play.model_copy(update={"id": self._id("play")}) for play in copied]

    def _order(self, count: int) -> list[tuple[str, int]]:
        live = self._rng.sample(self._live, min(len(self._live), int(count * LIVE_PLAYS)))
        films = [key for key, e in self._expected.items() if key[0] == "movie" and e.verdict == "mark"]
        anime = self._prefixes(count - len(live) - min(len(films), int(count * MOVIE_PLAYS)) - int(count * REWATCHES))
        things = anime + self._rng.sample(films, min(len(films), int(count * MOVIE_PLAYS))) + live
        while len(things) < count:
            things.append(self._rng.choice(anime))
        return things[:count]

    def _prefixes(self, count: int) -> list[tuple[str, int]]:
        """Watch each show from its beginning, all shows about equally far, until there are so many plays."""
        queues = [self._playable(show) for show in self._shows]
        longest = max(map(len, queues), default=0)
        depth = next((d for d in range(1, longest + 1) if sum(len(q[:d]) for q in queues) >= count), longest)
        return [("episode", trakt) for queue in queues for trakt in queue[:depth]][:count]

    def _playable(self, show: TraktShow) -> list[int]:
        ids = [episode.trakt for season in show.seasons for episode in season.episodes]
        return [trakt for trakt in ids if (e := self._expected.get(("episode", trakt))) and e.verdict == "mark"]

    def _of(self, play: Play) -> Expected:
        return self._expected["movie", play.movie] if play.movie else self._expected["episode", play.episode or 0]

    # the user

    def _trakt_user(self, plays: list[Play]) -> TraktUser:
        return TraktUser(slug=USER, access_token="trakt-access", refresh_token="trakt-refresh", plays=plays)

    def _bangumi_user(self, started: float) -> BangumiUser:
        """Give the user a list that is begun, with an entry whose subject is gone."""
        subjects = sorted({e.subject_id for e in self._expected.values() if e.subject_id})
        chosen = self._rng.sample(subjects, int(len(subjects) * started))
        then = datetime(2025, 3, 1, tzinfo=UTC)
        rows = [
            Collected(
                subject_id=subject_id,
                type=self._rng.choice([1, 3, 3, 4]),
                updated_at=then + timedelta(hours=place),
                tags=["补番"] if self._chance(0.5) else [],
                comment="先记下" if self._chance(0.5) else None,
                private=self._chance(0.2),
            )
            for place, subject_id in enumerate(chosen)
        ]
        gone = Collected(subject_id=999_999_999, type=2, updated_at=then - timedelta(days=1))
        return BangumiUser(
            id=1_000_002,
            username=USER,
            access_token="bangumi-access",
            refresh_token="bangumi-refresh",
            collections=[*rows, gone],
        )


def main_rows(subject: BangumiSubject) -> list[BangumiEpisode]:
    """Return a subject's main episodes in the service's order: the n-th is position n."""
    return sorted((e for e in subject.episodes if e.type == MAIN), key=lambda e: (e.disc, e.sort))


def number_through(seasons: list[TraktSeason]) -> None:
    """Give regular episodes absolute numbers."""
    regular = [episode for season in seasons if season.number for episode in season.episodes]
    for number, episode in enumerate(regular, start=1):
        episode.number_abs = number


def interpolated(days: dict[int, date | None], number: int) -> date | None:
    """Date an episode that has no label by the nearest one before it, else after it, a week an episode."""
    dated = sorted((n, day) for n, day in days.items() if day)
    before = [(n, day) for n, day in dated if n < number]
    near = before[-1] if before else next(iter(dated), None)
    return near[1] + timedelta(weeks=number - near[0]) if near else None


def unlisted(row: dict[str, Any]) -> dict[str, Any]:
    """Return a subject of which only the label is known."""
    return {
        "id": row["expected_subject_id"],
        "name": row.get("show_title_ja") or title_of(row),
        "name_cn": "",
        "date": row.get("subject_begin"),
        "platform": "剧场版" if row["category"] == "movie" else "TV",
        "eps": row.get("subject_eps") or 0,
        "aliases": [],
    }


def title_of(row: dict[str, Any]) -> str:
    return str(row.get("show_title_en") or row.get("show_title_ja") or "Untitled")


def year(day: str | None) -> int | None:
    return int(day[:4]) if day else None
