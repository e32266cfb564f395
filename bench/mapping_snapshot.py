"""Build the mapping data that ships with the package from published files, for a maintainer to commit.

    uv run python bench/mapping_snapshot.py bangumi-data=0.3.208=data.json anibridge=2026-04=mappings.edits.yaml …

AniBridge's hand-made edits are YAML, which the program itself does not read; they are turned into the published
form, JSON, on the way. Files may be gzipped.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import yaml

from sync.matching.compact import compact
from sync.matching.datasets import load_datasets, write_snapshot


def main(arguments: list[str]) -> None:
    datasets = load_datasets()
    for argument in arguments:
        name, version, path = argument.split("=", 2)
        datasets[name] = compact(name, published(Path(path)), version=version)
        print(f"{name} {version}: {len(datasets[name].rows)} rows")
    write_snapshot(datasets)


def published(path: Path) -> bytes:
    """Return a file as it is published, YAML edits as JSON."""
    payload = path.read_bytes()
    if ".yaml" not in path.suffixes:
        return payload
    text = gzip.decompress(payload) if path.suffix == ".gz" else payload
    return json.dumps(yaml.safe_load(text)).encode()


if __name__ == "__main__":
    main(sys.argv[1:])
