"""``update_mappings`` takes data sets that are what they should be, and keeps the last good ones otherwise."""

from __future__ import annotations

import json

import pytest

from sync.engine.index import current_index
from sync.matching import datasets
from tests.e2e.small import CLANNAD, small_world

pytestmark = pytest.mark.e2e


@pytest.fixture
def installation(install, tmp_path, settings):
    settings.MAPPING_DIR = tmp_path / "mappings"
    return install(small_world("Clannad 1x1-3"))


def offer(settings, tmp_path, *files):
    """Name *files* (name and content) as the sources, by file addresses."""
    addresses = []
    for name, content in files:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        addresses.append(path.as_uri())
    settings.MAPPING_SOURCES = addresses


HOSTILE = {
    "nothing": b"",
    "a web page": b"<!DOCTYPE html><p>moved",
    "cut short": b'{"siteMeta": {}, "items": [{"title": "CLANNAD", "begin": "2007-1',
    "another shape": b"[1, 2, 3]",
    "an empty set": b'{"siteMeta": {}, "items": []}',
    "a deep nest": b"[" * 100_000,
    "not text": bytes(range(256)) * 40,
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_data_set_that_is_not_one_changes_nothing(installation, settings, tmp_path, content):
    before = datasets.stamp(settings.MAPPING_DIR)
    offer(settings, tmp_path, ("data.json", content))
    installation.manage("update_mappings", ok=False)
    assert "last good" in installation.errors
    assert datasets.stamp(settings.MAPPING_DIR) == before
    assert installation.sync()["items"] == {"done": 3}


def test_a_file_that_is_not_there_changes_nothing(installation, settings, tmp_path):
    settings.MAPPING_SOURCES = [(tmp_path / "data.json").as_uri()]
    installation.manage("update_mappings", ok=False)
    assert "can't be read" in installation.errors
    assert CLANNAD in current_index().entries
