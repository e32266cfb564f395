"""The demo's world has what the screens need, and runs as a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from bgmsync.standins import DEMO_WORLD, World
from bgmsync.standins.clock import UNKNOWN
from tests.realdata import BROADCAST_DAY, parse_day
from tests.standins.conftest import AGENT


@pytest.fixture(scope="module")
def world() -> World:
    return World.load(DEMO_WORLD)


def test_it_is_small(world):
    assert DEMO_WORLD.stat().st_size < 300_000
    assert 300 <= len(world.trakt.users[0].plays) <= 450


def test_its_sources_are_named(world):
    assert any("CC BY 4.0" in source for source in world.about["sources"])


def test_it_never_looks_stale(world):
    dated = [play.watched_at for play in world.trakt.users[0].plays if play.watched_at != UNKNOWN]
    assert datetime.now(UTC) - max(dated) < timedelta(days=3)
    assert max(dated) < datetime.now(UTC)


def test_it_has_rewatches_unknown_dates_specials_films_and_live_action(world):
    plays = world.trakt.users[0].plays
    watched = [play.episode for play in plays if play.episode]
    specials = {e.trakt for show in world.trakt.shows for s in show.seasons if s.number == 0 for e in s.episodes}
    assert len(watched) > len(set(watched))
    assert sum(play.watched_at == UNKNOWN for play in plays) == 12
    assert specials & set(watched)
    assert any(play.movie for play in plays)
    assert sum("animation" not in title.genres for title in [*world.trakt.shows, *world.trakt.movies]) == 2


def test_every_play_and_row_names_something_that_is_there(world):
    episodes = {e.trakt for show in world.trakt.shows for season in show.seasons for e in season.episodes}
    movies = {movie.trakt for movie in world.trakt.movies}
    user = world.trakt.users[0]
    assert all((play.episode in episodes) or (play.movie in movies) for play in user.plays)
    assert len({play.id for play in user.plays}) == len(user.plays)


def test_first_airings_are_on_bangumis_days(world):
    """An instant's Japanese broadcast day is the air date of some episode: 25:00 belongs to the day before."""
    days = {parse_day(episode.airdate) for subject in world.bangumi.subjects for episode in subject.episodes}
    aired = [
        episode.first_aired
        for show in world.trakt.shows
        if "animation" in show.genres
        for season in show.seasons
        for episode in season.episodes
        if episode.first_aired
    ]
    assert len(aired) > 500
    assert all((at + BROADCAST_DAY).date() in days for at in aired)


def test_the_list_holds_what_must_not_be_touched(world):
    rows = {row.type: row for row in world.bangumi.users[0].collections}
    assert (rows[1].tags != [], rows[2].rate, rows[3].private, bool(rows[4].marks), rows[5].comment != "") == (
        True, 10, True, True, True,
    )  # fmt: skip


def test_it_runs_in_a_process_of_its_own_until_it_is_told_to_stop():
    command = [sys.executable, "-m", "bgmsync.standins"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        urls = json.loads(process.stdout.readline() if process.stdout else "")
        answer = httpx.get(f"{urls['bangumi_api']}/v0/subjects/1428", headers=AGENT)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert answer.status_code == 404
    assert urls.keys() == {"trakt_api", "trakt_auth", "bangumi_api", "bangumi_auth"}
