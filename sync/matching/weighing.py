"""From gathered evidence to a verdict with a confidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.matching.codes import EvidenceCode, MatchReason
from sync.matching.facts import Candidate, Confidence, Evidence, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.matching.facts import Item
    from sync.matching.lines import Line
    from sync.matching.numbers import Season
    from sync.matching.options import Option, Options
    from sync.matching.reading import Reading

E = EvidenceCode
HIGH, MEDIUM, LOW = Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW
TWO_RULES = 2
BOTH_SIDES = 2
NEAR_MISS = 3
"""Days: less than half a week, so that no other episode of a weekly broadcast is nearer."""
ANOTHER_RELEASE = 120
"""Days by which a date may miss its episode, pointing nowhere else, before it is more than another release."""
ANOTHER_YEAR = 400
"""The same where other episodes of the season lie where their dates say: then this one date is a slip."""
FEW_MORE = 3
"""Episodes that Trakt's season may have more than the subject, such as an OVA counted along, and still be the same."""
FEW_OF = 4
"""They are at most one in so many."""
MOST_CANDIDATES = 8


def weight(option: Option) -> tuple:
    """Order options: date and number together, then by what speaks for them."""
    return (
        option.agrees,
        (option.day is not None) + (option.strength > 0) - bool(option.against),
        option.keyed,
        option.strength,
        -option.distance,
        -option.line.subject_id,
    )


def verdict_of(season: Season, item: Item, options: Options, reading: Reading) -> Verdict:
    ranked = sorted(options, key=weight, reverse=True)
    if not ranked:
        reading.seasons = True
        return Verdict(None, _whole_show(season), MatchReason.NUMBER_FITS_NOBODY, demanding=True)
    best, others = ranked[0], ranked[1:]
    confidence, reason = _confidence(season, item, best, others)
    if season.pace.confidence < confidence:
        confidence, reason = season.pace.confidence, MatchReason.DATE_DISAGREES
    demanding = _demanding(season, best, others)
    if confidence < (HIGH if demanding else MEDIUM) or (confidence < HIGH and not best.keyed):
        reading.seasons = True
    candidates = tuple(option.candidate(confidence if option is best else LOW) for option in ranked[:MOST_CANDIDATES])
    return Verdict(candidates[0], candidates, reason, demanding=demanding)


def _whole_show(season: Season) -> tuple[Candidate, ...]:
    """Give a person something to choose from where no rule names anything."""
    lines = season.keyed or season.show.regular or season.show.pool
    code, detail = season.notes.keyed if season.keyed else season.notes.other
    evidence = (Evidence(code, supports=True, detail=detail),)
    return tuple(Candidate(line.subject_id, None, None, LOW, evidence) for line in lines[:MOST_CANDIDATES])


def _demanding(season: Season, best: Option, others: Sequence[Option]) -> bool:
    """Whether several subjects or another numbering are in question, so that only a sure verdict is written."""
    if len(season.keyed) > 1 or not season.show.work.tmdb:
        return True
    return not best.keyed and any(other.line is not best.line for other in others)


def _confidence(
    season: Season, item: Item, best: Option, others: Sequence[Option]
) -> tuple[Confidence, MatchReason | str]:
    if best.agrees:
        return _rated_by_both(best, others)
    if best.day:
        return _rated_by_date(season, item, best, others)
    day = season.day(item)
    if day:
        return _rated_against_date(season, best, others, day)
    return _rated_by_number(season, best, others)


def _rated_by_both(best: Option, others: Sequence[Option]) -> tuple[Confidence, MatchReason | str]:
    for other in others:
        fits = other.agrees and other.keyed == best.keyed and other.strength >= best.strength
        if fits and other.distance <= best.distance:
            best.against[E.RIVAL] = {"subject_id": other.line.subject_id, "position": other.position}
            return LOW, MatchReason.AMBIGUOUS
        if other.keyed and not best.keyed and other.near_miss(NEAR_MISS):
            best.against[E.RIVAL] = {"subject_id": other.line.subject_id, "position": other.position}
            return LOW, MatchReason.AMBIGUOUS
    return HIGH, ""


def _rated_by_date(
    season: Season, item: Item, best: Option, others: Sequence[Option]
) -> tuple[Confidence, MatchReason | str]:
    """Rate a date alone: it picks an episode of the only subject there is, if Trakt's list does not object."""
    alone = season.show.regular == [best.line] and not best.keyed
    if not alone or any(other.day or other.strength >= 1 for other in others):
        return LOW, MatchReason.DATE_DISAGREES
    return (MEDIUM, "") if date_stands(season, item, best) else (LOW, MatchReason.DATE_DISAGREES)


def date_stands(season: Season, item: Item, best: Option) -> bool:
    """Whether Trakt's own list does not speak against the position that a date leads to in the only subject."""
    if season.show.regular != [best.line]:
        return True
    return not _before_count(season, item, best) and not _last_but_not_last(season, item, best)


def _before_count(season: Season, item: Item, best: Option) -> bool:
    """Whether Trakt lists more episodes up to this one than the position says; even a list with holes counts."""
    least = season.show.count(season.number, item.number or 0)
    return least is not None and best.position is not None and best.position < least


def _last_but_not_last(season: Season, item: Item, best: Option) -> bool:
    """Whether the item is the last of Trakt's list, but its position is not the last of the subject."""
    lengths = season.show.season_lengths
    last = bool(lengths) and season.number == max(lengths) and item.number == season.length
    return last and best.position != best.line.length


def _rated_against_date(
    season: Season, best: Option, others: Sequence[Option], day: int
) -> tuple[Confidence, MatchReason | str]:
    """Rate a number that the date does not confirm: it is silent, misses a little, or points elsewhere."""
    limit = ANOTHER_YEAR if E.NEIGHBOURS in best.numbers else ANOTHER_RELEASE
    if not best.keyed or best.line.misses(best.position, day) > limit:
        return LOW, MatchReason.DATE_DISAGREES
    if E.OTHER_EPISODE in best.against or any(_points(best, other) for other in others):
        return LOW, MatchReason.DATE_DISAGREES
    if any(line is not best.line and line.at_day(day) for line in season.wide):
        return LOW, MatchReason.DATE_DISAGREES
    confidence, reason = _rated_by_number(season, best, others)
    if best.against and not best.near_miss(NEAR_MISS):
        return min(confidence, MEDIUM), reason
    return confidence, reason


def _points(best: Option, other: Option) -> bool:
    """Whether a date leads to another episode.

    The first or last day of the same subject does not: it may have brought several episodes. Nor does that of a
    subject of which no data set and no number says that it belongs to the season.
    """
    if other.day is None:
        return False
    return other.listed or (other.line is not best.line and (other.keyed or bool(other.numbers)))


def _goes_on(season: Season, line: Line) -> bool:
    """Whether Trakt's season goes on so far behind the subject's last episode that it must be another one."""
    return bool(line.length) and season.highest - line.length > min(FEW_MORE, line.length // FEW_OF)


def _rated_by_number(season: Season, best: Option, others: Sequence[Option]) -> tuple[Confidence, MatchReason | str]:
    if len(season.keyed) == 1 and best.keyed and _goes_on(season, best.line):
        best.against[E.TOO_MANY] = {"number": season.highest, "of": best.line.length}
        return LOW, MatchReason.NUMBER_FITS_NOBODY
    on_line = best.numbers.get(E.NEIGHBOURS, {}).get("sides") == BOTH_SIDES
    rivals = [other for other in others if not (on_line and E.OFF_LINE in other.against)]
    rival = max((other.strength for other in rivals), default=0)
    if E.OFF_LINE in best.against or E.DOUBTED in best.against:
        return LOW, MatchReason.DATE_DISAGREES
    if best.strength < 1 or (rival >= 1 and best.strength - rival < TWO_RULES):
        return LOW, MatchReason.AMBIGUOUS
    return (HIGH if best.strength >= TWO_RULES and rival < 1 else MEDIUM), ""
