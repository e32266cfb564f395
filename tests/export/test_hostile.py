"""Archives that are damaged or made to do harm: refused as a whole, with the file and the place named."""

from __future__ import annotations

import io
import json
import stat
import struct
import tracemalloc
import zipfile

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.export.making import play, zipped
from trakt import export, json_rows
from trakt.export import ExportError, preview

ROWS = [play(n) for n in range(1, 4)]


def refused(archive) -> ExportError:
    with pytest.raises(ExportError) as caught:
        preview(archive)
    return caught.value


def outcome_of(archive) -> export.Report | ExportError:
    """Return what an archive tells, or why it is refused; any other exception is a fault of ours."""
    try:
        return preview(archive)
    except ExportError as error:
        return error


def with_entry(info, content=b"[]", **more) -> io.BytesIO:
    """Return an archive with one honest page, and one entry that is not."""
    stream = zipped({"watched-history-1.json": ROWS})
    with zipfile.ZipFile(stream, "a", **more) as archive:
        archive.writestr(info, content)
    stream.seek(0)
    return stream


def patched(stream: io.BytesIO, offset: int, form: str, value: int) -> io.BytesIO:
    """Change a field of the last entry in the list of files."""
    data = bytearray(stream.getvalue())
    struct.pack_into(form, data, data.rindex(b"PK\1\2") + offset, value)
    return io.BytesIO(bytes(data))


def test_what_is_no_zip_is_refused():
    assert refused(io.BytesIO(json.dumps(ROWS).encode())).problem == "not a ZIP"


def test_an_empty_file_is_refused():
    assert refused(io.BytesIO()).problem == "not a ZIP"


def test_a_file_that_is_not_there_is_refused(tmp_path):
    assert "can't be read" in str(refused(tmp_path / "nothing.zip"))


def test_a_zip_that_was_cut_off_is_refused_with_the_byte_where_it_ends():
    data = zipped({"watched-history-1.json": ROWS}).getvalue()
    error = refused(io.BytesIO(data[:-40]))
    assert (error.place, "cut off" in error.problem) == (f"byte {len(data) - 40}", True)


def test_wherever_a_zip_is_cut_off_it_is_refused():
    data = zipped({"watched-history-1.json": ROWS}).getvalue()
    for length in range(len(data)):
        refused(io.BytesIO(data[:length]))


def test_a_zip_of_other_things_is_refused():
    assert "none of the files of a Trakt export" in str(refused(zipped({"letter.txt": b"hello", "inner.zip": b"PK"})))


def test_damaged_contents_are_refused_with_the_file():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("watched-history-1.json", json.dumps(ROWS))
    data = stream.getvalue().replace(b"Film 2", b"Film 9")
    error = refused(io.BytesIO(data))
    assert error.file == "watched-history-1.json"
    assert "damaged" in error.problem


def test_a_bomb_is_refused_by_its_ratio():
    error = refused(zipped({"watched-history-1.json": b"[" + b" " * 5_000_000 + b"]"}))
    assert error.file == "watched-history-1.json"
    assert "times its size" in error.problem


def test_a_bomb_is_refused_even_where_it_would_not_be_read():
    assert "times its size" in str(refused(zipped({"watched-history-1.json": ROWS, "x.bin": b"\0" * 5_000_000})))


def test_a_file_that_unpacks_to_too_much_is_refused(monkeypatch):
    monkeypatch.setattr(export, "LARGEST_FILE", 100)
    assert "unpacks to more than" in refused(zipped({"watched-history-1.json": ROWS})).problem


def test_an_archive_that_unpacks_to_too_much_is_refused(monkeypatch):
    monkeypatch.setattr(export, "LARGEST_TOTAL", 1000)
    pages = {f"watched-history-{n}.json": ROWS for n in range(5)}
    assert "unpacks to more than" in refused(zipped(pages)).problem


def test_an_archive_that_is_too_large_itself_is_refused(monkeypatch):
    monkeypatch.setattr(export, "LARGEST_ARCHIVE", 100)
    assert "larger than" in str(refused(zipped({"watched-history-1.json": ROWS})))


def test_a_size_that_lies_is_found_while_reading():
    """The list of files says 10 bytes, so no look at it finds the bomb."""
    stream = zipped({"watched-history-1.json": b"[" + b" " * 5_000_000 + b"]"})
    error = refused(patched(stream, 24, "<I", 10))
    assert error.file == "watched-history-1.json"


def test_what_is_read_is_counted_whatever_the_list_of_files_says(monkeypatch):
    with export.opened(zipped({"watched-history-1.json": ROWS})) as archive:
        monkeypatch.setattr(export, "LARGEST_FILE", 100)
        with pytest.raises(ExportError, match="unpacks to more than is believable"):
            archive.check()


def test_a_list_of_files_that_claims_to_be_huge_is_not_read(monkeypatch):
    monkeypatch.setattr(export, "LARGEST_DIRECTORY", 500)
    pages = {f"watched-history-{n}.json": ROWS for n in range(20)}
    assert "list of files is longer" in str(refused(zipped(pages)))


@pytest.mark.parametrize(
    "name",
    [
        "../watched-history-2.json",
        "/etc/watched-history-2.json",
        "a/../../watched-history-2.json",
        "C:watched-history-2.json",
        "..\\watched-history-2.json",
        "../../../../home/somebody/.bashrc",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(name):
    error = refused(with_entry(zipfile.ZipInfo(name)))
    assert (error.file, error.problem) == (name, "its name leads out of the archive")


def test_a_link_is_refused():
    info = zipfile.ZipInfo("watched-history-2.json")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    assert refused(with_entry(info, b"/etc/passwd")).problem == "is a link"


def test_an_encrypted_file_is_refused():
    stream = patched(zipped({"watched-history-1.json": ROWS}), 8, "<H", 1)
    assert refused(stream).problem == "is encrypted"


def test_a_file_packed_by_another_method_is_refused():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("watched-history-1.json", json.dumps(ROWS))
    assert "method" in refused(stream).problem


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_is_there_twice_is_refused():
    error = refused(with_entry("watched-history-1.json"))
    assert (error.file, error.problem) == ("watched-history-1.json", "is in the archive twice")


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"", "at its start"),
        (b"{}", "at its start"),
        (b'{"error": "not found"}', "at its start"),
        (b"null", "at its start"),
        (b"<html>", "at its start"),
        (b"[1]", "row 1"),
        (b"[[]]", "row 1"),
        (b'["a"]', "row 1"),
        (b'[{"a": 1}, null]', "row 2"),
        (b"[{}", "after row 1"),
        (b"[{},", "row 2"),
        (b"[{},]", "row 2"),
        (b"[{} {}]", "after row 1"),
        (b"[{}] x", "after row 1"),
        (b'[{"a": }]', "row 1"),
        (b'[{"a": 1}, {"b": "x', "row 2"),
        (b'[{"a": NaN}]', "row 1"),
        (b'[{"a": ' + b"9" * 5000 + b"}]", "row 1"),
        (b'[{"a": ' + b"[" * 100_000, "row 1"),
        (b'[{"a": "\xff"}]', "near byte 8"),
        ("[{}]".encode("utf-16"), "near byte 0"),
    ],
)
def test_malformed_json_is_refused_with_the_file_and_the_row(content, place):
    error = refused(zipped({"watched-history-7.json": content, "watched-history-1.json": ROWS}))
    assert (error.file, error.place) == ("watched-history-7.json", place)


def test_a_row_without_end_is_refused_without_reading_all_of_it(monkeypatch):
    monkeypatch.setattr(json_rows, "CHUNK", 1000)
    monkeypatch.setattr(json_rows, "LONGEST_ROW", 5000)
    asked = []

    def read(size: int) -> bytes:
        asked.append(size)
        return b'[{"a": "' if len(asked) == 1 else b"x" * size

    with pytest.raises(json_rows.NotRowsError, match="longer than"):
        list(json_rows.rows_of(read))
    assert len(asked) < 10


def test_a_file_of_another_format_is_refused_before_the_ledger_is_full_of_it(monkeypatch):
    monkeypatch.setattr(export, "MOST_REJECTED", 20)
    error = refused(zipped({"watched-history-1.json": [{"name": n} for n in range(50)]}))
    assert "not what they should be" in error.problem


def test_more_rows_than_anybody_has_are_refused(monkeypatch):
    monkeypatch.setattr(export, "MOST_ROWS", 2)
    assert "more than 2 rows" in refused(zipped({"watched-history-1.json": ROWS})).problem


def test_the_same_page_in_two_folders_is_refused():
    """Two people's exports in one archive, or one beside an older one: whose it is nobody can tell."""
    error = refused(zipped({"alice/watched-history-1.json": ROWS, "bob/watched-history-1.json": ROWS}))
    assert (error.file, error.problem) == ("bob/watched-history-1.json", "is in the archive twice, in two folders")


def test_files_that_lie_one_over_the_other_are_refused():
    """So a small archive unpacks to a large one, each file of it by a believable ratio."""
    stream = zipped({f"watched-history-{n}.json": ROWS for n in range(1, 4)})
    data = bytearray(stream.getvalue())
    entry = data.index(b"PK\1\2")
    for _file in range(3):
        struct.pack_into("<I", data, entry + 20, len(data) // 2)
        entry = data.find(b"PK\1\2", entry + 1)
    assert "one over the other" in str(refused(io.BytesIO(bytes(data))))


def test_more_files_than_any_export_has_are_refused(monkeypatch):
    monkeypatch.setattr(export, "MOST_FILES", 5)
    assert "more than 5 files" in str(refused(zipped({f"watched-history-{n}.json": [] for n in range(1, 8)})))


@pytest.mark.parametrize("bits", [0x1, 0x41, 0x2000])
def test_every_way_of_encrypting_is_refused(bits):
    assert refused(patched(zipped({"watched-history-1.json": ROWS}), 8, "<H", bits)).problem == "is encrypted"


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFLNK | 0o777])
def test_a_link_is_refused_even_where_it_would_not_be_read(mode):
    info = zipfile.ZipInfo("notes-of-mine.txt")
    info.create_system, info.external_attr = 3, mode << 16
    assert refused(with_entry(info, b"/etc/passwd")).file == "notes-of-mine.txt"


def wide(size: int, packed: int, offset: int = 0) -> io.BytesIO:
    """Return an archive whose last entry tells its sizes and its place in 64 bits."""
    data = bytearray(zipped({"watched-history-1.json": ROWS}).getvalue())
    entry = data.rindex(b"PK\1\2")
    name = struct.unpack_from("<H", data, entry + 28)[0]
    extra = struct.pack("<HHQQQ", 1, 24, size, packed, offset)
    struct.pack_into("<II", data, entry + 20, 0xFFFFFFFF, 0xFFFFFFFF)
    struct.pack_into("<H", data, entry + 30, len(extra))
    struct.pack_into("<I", data, entry + 42, 0xFFFFFFFF)
    data[entry + 46 + name : entry + 46 + name] = extra
    end = data.rindex(b"PK\5\6")
    struct.pack_into("<I", data, end + 12, end - entry)
    return io.BytesIO(bytes(data))


@pytest.mark.parametrize(
    ("size", "packed", "offset"),
    [
        (2**64 - 1, 100, 0),
        (2**63, 2**63, 0),
        (100, 2**64 - 1, 0),
        (100, 100, 2**64 - 1),
        (100, 100, 2**63),
        (100, 100, 2**40),
        (0, 0, 0),
    ],
)
def test_sizes_and_places_of_64_bits_that_lie_are_refused(size, packed, offset):
    assert str(refused(wide(size, packed, offset))).isprintable()


def test_rows_of_nothing_are_refused_long_before_their_end():
    """Ten million of them: the first thousand are enough to know."""
    content = b"[" + b",".join(b'{"a":%d}' % (n * 2654435761 % 2**32) for n in range(50_000)) + b"]"
    error = refused(zipped({"watched-history-1.json": content}))
    assert error.place == "row 1500"


def peak_of_reading(rows: int) -> int:
    """Return how many bytes were held at once while an archive of so many plays was read."""
    texts = (json.dumps(play(n, slug=f"{n * 2654435761 % 2**32:x}")) for n in range(1, rows + 1))
    stream = zipped({"watched-history-1.json": f"[{','.join(texts)}]".encode()})
    tracemalloc.start()
    try:
        assert preview(stream).total == rows
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_length_of_a_file():
    peak_of_reading(500)  # what is made once and kept
    assert peak_of_reading(16_000) < 1.3 * peak_of_reading(4_000)


def test_a_row_of_a_hundred_thousand_parts_is_refused():
    episodes = [{"number": n} for n in range(100_000)]
    row = {"show": {"title": "S", "ids": {"trakt": 5}}, "seasons": [{"number": 1, "episodes": episodes}]}
    error = refused(zipped({"watched-shows.json": [row, row]}))
    assert (error.file, error.place) == ("watched-shows.json", "row 1")


@pytest.mark.parametrize(
    "value",
    [b"NaN", b"Infinity", b"-Infinity", b"1e999", b'"\\ud800"', b'"\\u0000"', b"[]", b"{}", b"true", b"-1", b"1.5"],
)
@pytest.mark.parametrize("name", ["id", "watched_at", "type", "movie", "action"])
def test_a_strange_value_is_refused_or_its_row_is_named(name, value):
    """None of them may come through as a play that means something else."""
    row = json.dumps(play(1) | {name: "@"}).encode().replace(b'"@"', value)
    outcome = outcome_of(zipped({"watched-history-1.json": b"[" + row + b"]"}))
    if isinstance(outcome, ExportError):
        assert outcome.place == "row 1"
    else:
        assert outcome.files["watched-history-1.json"].rejected == 1 or name == "action"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("\ud800\0"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
IDS = {"trakt": 5, "slug": "s", "tmdb": 1}
FILM = {"title": "F", "year": 2001, "ids": IDS}
SERIES = {"title": "S", "ids": IDS, "first_aired": "2001-01-01T00:00:00Z"}
WHEN = "2020-01-01T00:00:00Z"
KNOWN_ROWS = {
    "watched-history-1.json": play(1),
    "watched-movies.json": {"plays": 1, "last_watched_at": WHEN, "movie": FILM},
    "watched-shows.json": {"show": SERIES, "seasons": [{"number": 1, "episodes": [{"number": 1, "plays": 1}]}]},
    "ratings-movies.json": {"rated_at": WHEN, "rating": 8, "movie": FILM},
    "ratings-seasons.json": {"rated_at": WHEN, "rating": 8, "season": {"number": 1, "ids": IDS}, "show": SERIES},
    "collection-shows.json": {"last_collected_at": WHEN, "show": SERIES, "seasons": [{"number": 1, "episodes": []}]},
    "lists-watchlist.json": {"id": 1, "listed_at": WHEN, "type": "show", "show": SERIES},
    "hidden-dropped.json": {"hidden_at": WHEN, "show": SERIES},
}


def places(value, here=()):
    """Yield the way to everything inside a row."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        yield (*here, key)
        yield from places(inner, (*here, key))


def put(row, place, value):
    changed = json.loads(json.dumps(row))
    at = changed
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = value
    return changed


@given(data=st.data(), name=st.sampled_from(sorted(KNOWN_ROWS)), value=JSON)
def test_whatever_stands_in_whichever_field_the_row_is_taken_or_named_or_the_file_refused(data, name, value):
    row = put(KNOWN_ROWS[name], data.draw(st.sampled_from(list(places(KNOWN_ROWS[name])))), value)
    outcome = outcome_of(zipped({name: [row]}))
    if isinstance(outcome, ExportError):
        assert (outcome.file, outcome.place) == (name, "row 1")
    else:
        assert (outcome.total, len(outcome.problems)) == (1, outcome.files[name].rejected)


@given(junk=st.binary(max_size=400), at=st.integers(0, 10_000), cut=st.booleans())
@example(junk=b"PK\5\6" + b"\xff" * 18, at=10_000, cut=False)
def test_bytes_that_were_changed_anywhere_are_refused_or_do_no_harm(junk, at, cut):
    data = zipped({"watched-history-1.json": ROWS, "ratings-movies.json": []}).getvalue()
    at = min(at, len(data))
    outcome = outcome_of(io.BytesIO(data[:at] + junk + (b"" if cut else data[at + len(junk) :])))
    if isinstance(outcome, ExportError):
        assert str(outcome).isprintable()
    else:
        assert outcome.total <= len(ROWS)


def test_what_is_said_of_a_hostile_name_can_be_printed():
    error = refused(with_entry(zipfile.ZipInfo("../\x1b[2Jwatched\n.json")))
    assert str(error).isprintable()
