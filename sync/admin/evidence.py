"""What spoke for or against a match, as sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SENTENCES: dict[str, Any] = {  # by the codes of sync.matching.codes.EvidenceCode
    "override": _("A person decided this."),
    "tmdb_season": _("The data sets give this subject to season %(season)s of the show at TMDB."),
    "tmdb_episode": _("The data sets name this very episode (S%(season)sE%(episode)s at TMDB)."),
    "same_show": _("The data sets say that the subject belongs to the show, and no more."),
    "tmdb_movie": _("The data sets name this very film at TMDB."),
    "imdb": _("The data sets name this title at IMDb."),
    "search": _("Bangumi's search found it by the title “%(query)s”, which alone proves nothing."),
    "rank": _("Number %(number)s of the season is position %(position)s of %(of)s."),
    "counted": _("Counted behind the %(offset)s episodes before it, number %(number)s is position %(position)s."),
    "sort": _("The subject itself numbers this episode %(sort)s."),
    "range": _("A data set of episode ranges puts number %(number)s at position %(position)s."),
    "absolute": _("Its absolute number %(absolute)s is position %(position)s."),
    "show_count": _("Counted through all seasons it is number %(count)s, which is position %(position)s."),
    "season_length": _("The season has %(trakt)s episodes, the subject %(bangumi)s."),
    "neighbours": _("Other episodes of the season lie on the same line."),
    "only_episode": _("The subject has just this one episode."),
    "airdate": _("It aired on %(aired)s, and Bangumi lists %(listed)s."),
    "premiere": _("It aired on %(aired)s, and the subject began on %(begin)s."),
    "finale": _("It aired on %(aired)s, and the subject ended on %(end)s."),
    "weekly": _("It aired on %(aired)s; counted in weeks it was due on %(expected)s."),
    "within": _("It aired on %(aired)s, while the subject was on air (%(begin)s to %(end)s)."),
    "released": _("It was released on %(released)s, and Bangumi says %(date)s."),
    "title": _("The title “%(title)s” is that of “%(name)s”."),
    "other_date": _("It aired on %(aired)s, but Bangumi lists %(listed)s."),
    "other_episode": _("It aired on %(aired)s, which is the date of position %(position)s."),
    "outside": _("It aired on %(aired)s, outside of the subject's broadcast (%(begin)s to %(end)s)."),
    "too_many": _("Number %(number)s is beyond the subject's %(of)s episodes."),
    "off_line": _("By their dates, other episodes of the season lie elsewhere."),
    "doubted": _("The dates of the season are up to %(days)s days from those of the subject."),
    "rival": _("Subject %(subject_id)s fits as well."),
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
