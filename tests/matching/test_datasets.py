"""Data files: checked before use, swapped in whole, the last good set kept."""

from __future__ import annotations

import gzip
import json
import tracemalloc

import pytest

from sync.matching import compact, datasets
from sync.matching.compact import MAX_BYTES
from sync.matching.datasets import Download
from sync.matching.published import DataError
from sync.matching.sources import SOURCES
from tests.matching.making import snapshot


def bangumi_item(bangumi: int | str, tmdb: str | None = None, **fields) -> dict:
    sites = [{"site": "bangumi", "id": str(bangumi)}, {"site": "no-id"}]
    if tmdb:
        sites.append({"site": "tmdb", "id": tmdb})
    return {"title": "題", "type": "tv", "begin": "2020-01-05T15:00:00.000Z", "end": "", "sites": sites} | fields


def bangumi_data(count: int = 6000, **changed: dict) -> bytes:
    """A plausible file: the well-known rows and many more; ``changed`` replaces rows by number (``row7=…``)."""
    items = [
        bangumi_item(9717, "tv/39218"),
        bangumi_item(899, "tv/30983"),
        bangumi_item(876, "tv/24835/season/2"),
        *(bangumi_item(10**6 + number, f"tv/{10**6 + number}") for number in range(count)),
    ]
    for name, item in changed.items():
        items[int(name.removeprefix("row"))] = item
    return json.dumps({"siteMeta": {}, "items": items}).encode()


def anibridge(entries: dict) -> list[list]:
    """Compact AniBridge's entries beside enough others to be believed."""
    padding = {
        f"anilist:{number}": {f"tmdb_show:{number}:s1": {"1-12": "1-12"}} for number in range(10**6, 10**6 + 2500)
    }
    known = {
        "anilist:20": {"tmdb_show:46260:s1": {"1-52": "1-52"}},
        "anilist:21": {"tvdb_show:81797:s1": {"1-8": "1-8"}},
    }
    payload = json.dumps({"$meta": {"schema_version": "3"}, **known, **entries, **padding}).encode()
    rows = compact.compact("anibridge", payload).rows
    return [row for row in rows if row[1] == 5]


def test_plain_and_gzipped_files_are_the_same():
    payload = bangumi_data()
    plain = compact.compact("bangumi-data", payload)
    assert compact.compact("bangumi-data", gzip.compress(payload)).rows == plain.rows
    assert plain.rows[0][:5] == [9717, "tv", plain.rows[0][2], 0, "tv/39218"]


def test_a_packed_data_set_reads_back_the_same():
    dataset = compact.compact("bangumi-data", bangumi_data(row5=bangumi_item(5, title='],[ \n"')), version="1")
    assert compact.unpack("bangumi-data", compact.pack(dataset)) == dataset


@pytest.mark.parametrize(
    ("payload", "complaint"),
    [
        (b'{"items": [\n{"a": 1},\n{"b"', r"data\.json: line 3, column"),
        (b"", r"data\.json: line 1, column 1"),
        (b"<html>Not found</html>", r"data\.json: line 1, column 1"),
        (b"\xff\xfe", r"data\.json: byte 0 is not UTF-8"),
        (b"[" * 200_000, r"data\.json: nested too deeply"),
        (b'{"items": {}}', r"data\.json: no list of items"),
        (b'{"items": [[]]}', r"data\.json: items\[0\]: no sites"),
        (gzip.compress(bangumi_data())[:-50], r"data\.json: damaged gzip"),
        (bangumi_data(10), r"data\.json: 13 rows are usable, at least 5000"),
        (bangumi_data(row7=bangumi_item("-1")), r"data\.json: items\[7\]: bangumi '-1' is not an id"),
        (bangumi_data(row7=bangumi_item("9" * 400)), r"data\.json: items\[7\]: bangumi"),
        (bangumi_data(row7=bangumi_item(5, type=None)), r"data\.json: items\[7\]: type is not text"),
        (bangumi_data(row0=bangumi_item(1), row1=bangumi_item(2)), r"data\.json: well-known rows are missing"),
    ],
)
def test_a_bad_file_is_refused_with_its_name_and_the_place(payload, complaint):
    with pytest.raises(DataError, match=complaint):
        compact.compact("bangumi-data", payload, file="data.json")


def test_a_file_that_unpacks_without_end_is_refused_in_little_memory():
    bomb = gzip.compress(b" " * (MAX_BYTES * 2), compresslevel=1)
    tracemalloc.start()
    with pytest.raises(DataError, match="more than"):
        compact.compact("bangumi-data", bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < MAX_BYTES * 3


def test_a_version_that_lost_much_of_what_was_known_is_refused():
    before = compact.compact("bangumi-data", bangumi_data(9000))
    with pytest.raises(DataError, match=r"known rows disappeared"):
        compact.compact("bangumi-data", bangumi_data(6000), previous=before)


def test_tmdb_keys_of_no_agreed_form_are_left_out():
    rows = compact.compact("bangumi-data", bangumi_data(row7=bangumi_item(5, "tv/123-slug"))).rows
    assert rows[7][4] == ""


@pytest.mark.parametrize(
    ("spans", "rows"),
    [
        ({"1-24": "1-24"}, [(1, 24, 1)]),
        ({"25-36": "1-12"}, [(1, 12, 25)]),
        ({"1089-": "1089-"}, [(1089, 0, 1089)]),
        ({"3": "7"}, [(7, 7, 3)]),
        ({"1-9": "10-12,15-20"}, [(10, 12, 1), (15, 20, 4)]),
        ({"1-4": "1-2|2"}, [(1, 2, 0)]),
        ({"1-3": "1-2"}, [(1, 2, 0)]),
        ({"1-3": None}, []),
    ],
)
def test_ranges_of_anibridge_become_positions(spans, rows):
    assert [tuple(row[5:]) for row in anibridge({"anilist:5": {"tmdb_show:7:s2": spans}})] == rows


def test_ranges_written_the_other_way_round_mean_the_same():
    assert anibridge({"tmdb_show:7:s2": {"anilist:5": {"13-24": "1-12"}}}) == [["anilist", 5, "tmdb", 7, 2, 13, 24, 1]]
    assert anibridge({"tmdb_show:7:s2": {"anilist:5": {"1-2": "1-4|2"}}}) == [["anilist", 5, "tmdb", 7, 2, 1, 2, 0]]


def test_a_range_that_is_none_is_refused_with_its_place():
    with pytest.raises(DataError, match=r"anibridge: 'anilist:5': 'tmdb_show:7:s2': 'x' is not a range"):
        anibridge({"anilist:5": {"tmdb_show:7:s2": {"x": "1"}}})


def test_without_a_download_the_snapshot_of_the_package_is_used(tmp_path):
    assert datasets.load(tmp_path).versions == snapshot().versions
    assert datasets.stamp(tmp_path) == "snapshot"


def downloads(count: int = 6000) -> dict[str, Download]:
    return {"bangumi-data": Download(bangumi_data(count), version=f"v{count}", file="https://example.org/data.json")}


@pytest.fixture
def small(monkeypatch):
    """A snapshot of few rows, so that an update does not seem to lose any."""
    only = {"bangumi-data": compact.compact("bangumi-data", bangumi_data(5500), version="shipped")}
    read = datasets._read

    def reading(folder):
        return only if folder == datasets.SNAPSHOT else read(folder)

    monkeypatch.setattr(datasets, "_read", reading)
    monkeypatch.setattr(datasets, "NAMES", ("bangumi-data",))


def test_an_update_is_swapped_in_and_used(tmp_path, small):
    update = datasets.update(tmp_path, downloads())
    assert (update.changed, update.rows) == (("bangumi-data",), {"bangumi-data": 6003})
    assert datasets.load(tmp_path).versions == {"bangumi-data": "v6000"}
    assert datasets.stamp(tmp_path) == update.name


def test_a_refused_update_changes_nothing(tmp_path, small):
    first = datasets.update(tmp_path, downloads())
    with pytest.raises(DataError, match=r"https://example\.org/data\.json: line 1"):
        datasets.update(tmp_path, {"bangumi-data": Download(b"{", file="https://example.org/data.json")})
    assert datasets.stamp(tmp_path) == first.name


def test_a_damaged_set_falls_back_to_the_one_before_and_says_why(tmp_path, small, caplog):
    datasets.update(tmp_path, downloads(6000))
    second = datasets.update(tmp_path, downloads(6500))
    file = tmp_path / "sets" / second.name / "bangumi-data.json.gz"
    file.write_bytes(file.read_bytes()[:2000])
    assert datasets.load(tmp_path).versions == {"bangumi-data": "v6000"}
    assert str(file) in caplog.text


def test_a_set_of_wrong_types_falls_back_too(tmp_path, small, caplog):
    second = datasets.update(tmp_path, downloads())
    file = tmp_path / "sets" / second.name / "bangumi-data.json.gz"
    body = json.loads(gzip.decompress(file.read_bytes()))
    body["rows"][3][0] = "evil"
    file.write_bytes(gzip.compress(json.dumps(body).encode()))
    assert datasets.load(tmp_path).versions == {"bangumi-data": "shipped"}
    assert "row 3" in caplog.text


def test_the_set_before_is_kept_and_can_come_back(tmp_path, small):
    first = datasets.update(tmp_path, downloads(6000))
    datasets.update(tmp_path, downloads(6500))
    datasets.update(tmp_path, downloads(6600))
    assert len(list((tmp_path / "sets").iterdir())) == 2
    assert datasets.roll_back(tmp_path) != first.name
    assert datasets.load(tmp_path).versions == {"bangumi-data": "v6500"}


def test_a_pointer_that_leads_out_of_the_directory_is_not_followed(tmp_path):
    (tmp_path / "current").write_text("../../etc\n")
    assert datasets.load(tmp_path).versions == snapshot().versions


def test_the_same_files_again_change_nothing(tmp_path, small):
    first = datasets.update(tmp_path, downloads())
    again = datasets.update(tmp_path, downloads())
    assert (again.name, again.changed) == (first.name, ())


def test_every_data_set_has_a_named_source_and_licence():
    assert {source.name for source in SOURCES} == set(compact.NAMES)
    assert all(source.licence and source.url.startswith("https://") for source in SOURCES)
