"""Archives that are damaged or made to do harm: refused as a whole, with the file and the place named."""

from __future__ import annotations

import io
import json
import stat
import struct
import zipfile

import pytest

from tests.export.making import play, zipped
from trakt import export, json_rows
from trakt.export import ExportError, preview

ROWS = [play(n) for n in range(1, 4)]


def refused(archive) -> ExportError:
    with pytest.raises(ExportError) as caught:
        preview(archive)
    return caught.value


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


def test_what_is_said_of_a_hostile_name_can_be_printed():
    error = refused(with_entry(zipfile.ZipInfo("../\x1b[2Jwatched\n.json")))
    assert str(error).isprintable()
