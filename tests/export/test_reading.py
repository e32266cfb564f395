"""What is recognised in an archive, in which order it is read, and which rows are set aside."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.export.making import play, zipped
from trakt import export, json_rows
from trakt.export import opened, preview
from trakt.json_rows import rows_of


def read_all(files):
    with opened(zipped(files)) as archive:
        return [(file.name, batch) for file in archive.files for batch in archive.batches(file)]


def test_pages_are_read_by_number_not_by_name():
    files = {f"watched-history-{n}.json": [play(n)] for n in (10, 9, 1, 11, 2)}
    names = [name for name, _batch in read_all(files)]
    assert names == [f"watched-history-{n}.json" for n in (1, 2, 9, 10, 11)]


def test_a_small_history_has_no_number():
    assert preview(zipped({"watched-history.json": [play(1)]})).rows("history") == 1


def test_files_in_a_folder_are_recognised():
    assert preview(zipped({"alice/watched-history-1.json": [play(1)]})).rows("history") == 1


def test_plays_come_before_aggregates():
    files = {"watched-movies.json": [], "watched-shows-1.json": [], "watched-history-2.json": []}
    assert [name for name, _batch in read_all(files)] == [
        "watched-history-2.json",
        "watched-movies.json",
        "watched-shows-1.json",
    ]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("watched-history-12.json", "history"),
        ("watched-movies.json", "watched"),
        ("watched-shows-3.json", "watched"),
        ("ratings-movies.json", "ratings"),
        ("ratings-episodes-2.json", "ratings"),
        ("collection-shows-1.json", "collection"),
        ("lists-watchlist.json", "watchlist"),
        ("hidden-dropped.json", "hidden"),
        ("hidden-progress-watched-2.json", "hidden"),
    ],
)
def test_each_file_is_recognised_by_its_name(name, kind):
    report = preview(zipped({name: []}))
    assert [found.category.kind for found in report.files.values()] == [kind]
    assert report.unknown == report.unused == []


@pytest.mark.parametrize(
    "name",
    [
        "lists-lists.json",
        "lists-list-12-best-of-2020.json",
        "lists-favorites.json",
        "user-profile.json",
        "likes-lists.json",
        "notes-shows.json",
        "comments-1.json",
        "network-followers.json",
        "watched-playback.json",
    ],
)
def test_what_is_of_no_use_is_named_and_not_read(name):
    report = preview(zipped({name: b"not even JSON"}))
    assert report.unused == [name]


@pytest.mark.parametrize("name", ["readme.txt", "watched-history-1.json.bak", "inner.zip", "watched-history-x.json"])
def test_unknown_files_are_named_and_not_read(name):
    report = preview(zipped({"watched-history.json": [play(1)], name: b"anything"}))
    assert report.unknown == [name]


def test_a_zip_inside_the_zip_is_named_and_not_opened():
    inner = zipped({"watched-history-9.json": [play(9)]}).getvalue()
    report = preview(zipped({"watched-history-1.json": [play(1)], "more.zip": inner}))
    assert (report.unknown, report.rows("history")) == (["more.zip"], 1)


def test_a_page_that_is_missing_between_others_is_named():
    report = preview(zipped({f"watched-history-{n}.json": [play(n)] for n in (1, 2, 4)}))
    assert report.gaps == ["watched-history-3.json"]


def test_a_row_that_can_not_be_understood_is_named_and_the_others_are_kept():
    rows = [play(1), play(2, id="two"), play(3, movie=None), play(4)]
    ((_name, batch),) = read_all({"watched-history-1.json": rows})
    assert [row.id for row in batch.rows] == [7_000_001, 7_000_004]
    assert [(row.row, row.play_id) for row in batch.rejected] == [(2, None), (3, 7_000_003)]
    report = preview(zipped({"watched-history-1.json": rows}))
    assert report.problems[1] == "watched-history-1.json, row 3: Value error, movie row without movie"
    assert (report.files["watched-history-1.json"].rows, report.files["watched-history-1.json"].rejected) == (4, 2)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_time_that_no_database_can_hold_is_a_row_that_can_not_be_understood(moment):
    report = preview(zipped({"watched-history-1.json": [play(1, watched_at=moment)]}))
    assert report.problems == ["watched-history-1.json, row 1: watched_at: Value error, a time outside of the calendar"]


def test_the_preview_tells_the_first_and_the_last_play_of_known_date():
    moments = ["1970-01-01T00:00:00.000Z", "2015-02-03T00:00:00.000Z", "2021-02-03T00:00:00.000Z"]
    rows = [play(n, watched_at=moment) for n, moment in enumerate(moments, start=1)]
    report = preview(zipped({"watched-history-1.json": rows}))
    assert report.first
    assert report.last
    assert (report.first.year, report.last.year) == (2015, 2021)


def test_a_show_without_seasons_is_an_aggregate_without_episodes():
    show = {"title": "S", "ids": {"trakt": 5}}
    ((_name, batch),) = read_all({"watched-shows.json": [{"plays": 3, "show": show, "seasons": None}]})
    assert [row.seasons for row in batch.rows] == [()]


def test_a_byte_order_mark_does_no_harm():
    content = b"\xef\xbb\xbf" + json.dumps([play(1)]).encode()
    assert preview(zipped({"watched-history.json": content})).rows("history") == 1


def test_many_rows_come_in_batches_bounded_by_their_number_and_their_length(monkeypatch):
    monkeypatch.setattr(export, "BATCH_ROWS", 3)
    counts = [len(batch.rows) for _name, batch in read_all({"watched-history.json": [play(n) for n in range(1, 9)]})]
    assert counts == [3, 3, 2]
    monkeypatch.setattr(export, "BATCH_CHARACTERS", 1)
    counts = [len(batch.rows) for _name, batch in read_all({"watched-history.json": [play(1), play(2)]})]
    assert counts == [1, 1, 0]


def test_the_callers_own_stream_is_left_open():
    stream = zipped({"watched-history.json": []})
    preview(stream)
    assert not stream.closed


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    rows=st.lists(st.dictionaries(st.text(), VALUES, max_size=4), max_size=6),
    chunk=st.integers(1, 40),
    indent=st.sampled_from([None, 2]),
    ascii_only=st.booleans(),
)
def test_whatever_the_rows_and_wherever_the_chunks_end_the_rows_come_out_as_they_went_in(
    rows, chunk, indent, ascii_only
):
    text = json.dumps(rows, indent=indent, ensure_ascii=ascii_only)
    stream = io.BytesIO(text.encode("utf-8", "replace" if not ascii_only else "strict"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_rows, "CHUNK", chunk)
        found = [row for row, _text in rows_of(stream.read)]
    assert found == json.loads(stream.getvalue())
