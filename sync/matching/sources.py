"""Where the mapping data comes from and under which licence, for the program to say wherever it uses it."""

from __future__ import annotations

from typing import NamedTuple


class Source(NamedTuple):
    name: str
    title: str
    homepage: str
    url: str
    """The published file."""
    licence: str
    licence_url: str
    gives: str


SOURCES = (
    Source(
        "bangumi-data",
        "bangumi-data",
        "https://github.com/bangumi-data/bangumi-data",
        "https://unpkg.com/bangumi-data@0.3/dist/data.json",
        "CC BY 4.0",
        "https://creativecommons.org/licenses/by/4.0/",
        "Bangumi subjects with their TMDB seasons, AniList and MyAnimeList ids and broadcast dates",
    ),
    Source(
        "bangumi-ext-linker",
        "BangumiExtLinker",
        "https://github.com/Rhilip/BangumiExtLinker",
        "https://rhilip.github.io/BangumiExtLinker/data/anime_map.json",
        "CC BY 4.0",
        "https://creativecommons.org/licenses/by/4.0/",
        "Bangumi subjects with their TMDB, TVDB and IMDb ids",
    ),
    Source(
        "anibridge",
        "AniBridge mappings",
        "https://github.com/anibridge/anibridge-mappings",
        "https://github.com/anibridge/anibridge-mappings/releases/download/v3/mappings.min.json",
        "MIT",
        "https://github.com/anibridge/anibridge-mappings/blob/main/LICENSE",
        "Episode ranges between AniList or MyAnimeList entries and seasons on TMDB and TVDB",
    ),
)
