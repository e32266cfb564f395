"""Films: by TMDB's id, then by IMDb's; where several subjects share an id, by form and release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.matching.codes import EvidenceCode, MatchReason
from sync.matching.dates import iso
from sync.matching.facts import Confidence, Verdict
from sync.matching.options import Option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.matching.facts import Item
    from sync.matching.lines import Line
    from sync.matching.reading import Reading
    from sync.matching.shows import Show

E = EvidenceCode
RELEASE = 14
"""Days between a film's releases as told by Trakt and by the data sets."""
ANOTHER_FILM = 550
"""Days beyond which a release is another film's: ids slip."""


def judge_movies(show: Show, items: Sequence[Item], reading: Reading) -> list[Verdict]:
    """Judge plays of one film; they all are the same subject."""
    verdict = _verdict(show, reading)
    return [verdict for _ in items]


def _verdict(show: Show, reading: Reading) -> Verdict:
    options = _options(show)
    if not options:
        return Verdict(None, reason=MatchReason.UNKNOWN_WORK)
    options.sort(key=_weight, reverse=True)
    best, others = options[0], options[1:]
    reading.lacks([best.line])
    confidence = _confidence(best, others)
    candidates = tuple(option.candidate(confidence if option is best else Confidence.LOW) for option in options)
    reason = MatchReason.AMBIGUOUS if confidence == Confidence.LOW else ""
    return Verdict(candidates[0], candidates, reason, demanding=bool(others))


def _options(show: Show) -> list[Option]:
    work, index = show.work, show.index
    by_tmdb = index.movies.get(work.tmdb, ()) if work.tmdb else ()
    by_imdb = index.imdb.get(work.imdb, ()) if work.imdb else ()
    options = []
    for line in show.in_order([*by_tmdb, *by_imdb]):
        option = Option(line, _position(show, line), keyed=line.entry.form == "movie")
        if line.subject_id in by_tmdb:
            option.notes[E.TMDB_MOVIE] = {"tmdb": work.tmdb}
        if line.subject_id in by_imdb:
            option.notes[E.IMDB] = {"imdb": work.imdb}
        _compare_release(option, show)
        options.append(option)
    return options


def _position(show: Show, line: Line) -> int:
    """Return the part that was released with the film, in a subject of several parts; else the first."""
    if len(line.mains) > 1 and show.work.released:
        hit = line.at_day(show.work.released.toordinal())
        if hit:
            return hit[0]
    return 1


def _compare_release(option: Option, show: Show) -> None:
    released, begin = show.work.released, option.line.begin
    if released is None or not begin:
        return
    option.distance = abs(released.toordinal() - begin)
    detail = {"released": released.isoformat(), "date": iso(begin)}
    if option.distance <= RELEASE:
        option.day = E.RELEASED, detail
    elif option.distance > ANOTHER_FILM:
        option.against[E.OTHER_DATE] = detail


def _confidence(best: Option, others: Sequence[Option]) -> Confidence:
    if best.against:
        return Confidence.LOW
    if any(_weight(other)[:4] == _weight(best)[:4] for other in others):
        return Confidence.LOW
    if E.TMDB_MOVIE in best.notes:
        return Confidence.HIGH
    return Confidence.HIGH if best.day else Confidence.MEDIUM


def _weight(option: Option) -> tuple:
    return (
        not option.against,
        E.TMDB_MOVIE in option.notes,
        option.day is not None,
        option.keyed,
        len(option.notes),
        -option.distance,
    )
