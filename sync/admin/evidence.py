"""What spoke for or against a match, as sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from sync.matching.codes import EvidenceCode as Code

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SENTENCES: dict[str, Any] = {
    Code.OVERRIDE: _("A person decided this."),
    Code.TMDB_SEASON: _("The data sets give this subject to season %(season)s of the show at TMDB."),
    Code.TMDB_EPISODE: _("The data sets name this very episode (S%(season)sE%(episode)s at TMDB)."),
    Code.TMDB_SHOW: _("The data sets say that the subject belongs to the show at TMDB."),
    Code.TMDB_MOVIE: _("The data sets name this very film at TMDB."),
    Code.TVDB_SHOW: _("The data sets say that the subject belongs to the show at TVDB."),
    Code.IMDB: _("The data sets name this title at IMDb."),
    Code.SEARCH: _("Bangumi's search found it by the title “%(query)s”, which alone proves nothing."),
    Code.RANK: _("Number %(number)s of the season is position %(position)s of %(of)s."),
    Code.COUNTED: _("Counted behind the %(offset)s episodes before it, number %(number)s is position %(position)s."),
    Code.SORT: _("The subject itself numbers this episode %(sort)s."),
    Code.RANGE: _("A data set of episode ranges puts number %(number)s at position %(position)s."),
    Code.ABSOLUTE: _("Its absolute number %(absolute)s is position %(position)s."),
    Code.SHOW_COUNT: _("Counted through all seasons it is number %(count)s, which is position %(position)s."),
    Code.SEASON_LENGTH: _("The season has %(trakt)s episodes, the subject %(bangumi)s."),
    Code.NEIGHBOURS: _("%(number)s other episodes of the season lie on the same line."),
    Code.ONLY_EPISODE: _("The subject has just this one episode."),
    Code.AIRDATE: _("It aired on %(aired)s, and Bangumi lists %(listed)s."),
    Code.PREMIERE: _("It aired on %(aired)s, and the subject began on %(begin)s."),
    Code.FINALE: _("It aired on %(aired)s, and the subject ended on %(end)s."),
    Code.WEEKLY: _("It aired on %(aired)s; counted in weeks it was due on %(expected)s."),
    Code.WITHIN: _("It aired on %(aired)s, while the subject was on air (%(begin)s to %(end)s)."),
    Code.RELEASED: _("It was released on %(released)s, and Bangumi says %(date)s."),
    Code.SHIFTED: _("All dates differ by %(days)s days, as with a later release."),
    Code.TITLE: _("The title “%(title)s” is that of “%(name)s”."),
    Code.OTHER_DATE: _("It aired on %(aired)s, but Bangumi lists %(listed)s."),
    Code.OTHER_EPISODE: _("It aired on %(aired)s, which is the date of position %(position)s."),
    Code.OUTSIDE: _("It aired on %(aired)s, outside of the subject's broadcast (%(begin)s to %(end)s)."),
    Code.TOO_MANY: _("Number %(number)s is beyond the subject's %(of)s episodes."),
    Code.RIVAL: _("Subject %(subject_id)s fits as well."),
}


class Sentence(NamedTuple):
    supports: bool
    text: str


class _Detail(dict):
    """What a sentence quotes; what is not there is a question mark, never an error."""

    def __missing__(self, _key: str) -> str:
        return "?"


def sentences(evidence: Iterable[Mapping[str, Any]]) -> list[Sentence]:
    """Return what *evidence*, as stored with an item, says; a code from another version is shown as it is."""
    return [Sentence(bool(one.get("supports")), _sentence(one)) for one in evidence]


def _sentence(one: Mapping[str, Any]) -> str:
    code = str(one.get("code", ""))
    text = SENTENCES.get(code)
    if text is None:
        return code.replace("_", " ")
    detail = {key: "…" if value is None else value for key, value in (one.get("detail") or {}).items()}
    return str(text) % _Detail(detail)
