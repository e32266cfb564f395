"""Whether a work is anime at all: Trakt has everything, and most of it does not belong on an anime list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from sync.matching.facts import Work
    from sync.matching.index import Index

KindName = Literal["anime", "donghua", "animation", "live_action", "unknown"]

_CHINESE_COUNTRIES = frozenset({"cn", "tw", "hk"})
_DRAWN = frozenset({"anime", "donghua", "animation"})


BY_GENRE = "kind_by_genre"
BY_ORIGIN = "kind_by_origin"
BY_DATA = "kind_by_data"
NOT_DRAWN = "kind_not_drawn"
NOT_TOLD = "kind_not_told"


class Kind(NamedTuple):
    name: KindName
    reason: str
    """One of the five codes above."""


def kind_of(work: Work, index: Index) -> Kind:
    """Tell the kind by genres, then by origin, then by whether the data sets know the work.

    Genres without a drawn one outweigh the data sets, whose ids slip now and then: a play of a live-action film
    on an anime list is worse than an anime left out, which the user sees listed with the reason.
    """
    genres = {genre.strip().lower() for genre in work.genres or ()}
    drawn: KindName = "donghua" if _chinese(work) else "anime"
    if "donghua" in genres:
        return Kind("donghua", BY_GENRE)
    if "anime" in genres:
        return Kind(drawn, BY_GENRE)
    if genres and not genres & _DRAWN:
        return Kind("live_action", NOT_DRAWN)
    if genres and (_chinese(work) or _japanese(work)):
        return Kind(drawn, BY_ORIGIN)
    if known_to(index, work):
        return Kind(drawn, BY_DATA)
    return Kind("animation", BY_GENRE) if genres else Kind("unknown", NOT_TOLD)


def known_to(index: Index, work: Work) -> bool:
    """Whether any data set has one of the work's ids. TMDB numbers shows and movies apart."""
    by_tmdb = index.shows if work.kind == "show" else index.movies
    if work.tmdb in by_tmdb or (work.imdb is not None and work.imdb in index.imdb):
        return True
    return work.kind == "show" and work.tvdb in index.tvdb


def _chinese(work: Work) -> bool:
    return work.country.lower() in _CHINESE_COUNTRIES or (not work.country and work.language.lower() == "zh")


def _japanese(work: Work) -> bool:
    return work.country.lower() == "jp" or (not work.country and work.language.lower() == "ja")
