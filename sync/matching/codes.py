"""The names of what speaks for or against a match, and of why there is none.

Stored with items and translated elsewhere: a code's value never changes once it was released.
"""

from __future__ import annotations

from enum import StrEnum


class EvidenceCode(StrEnum):
    """What a rule found. ``detail`` keys are in the comment beside each."""

    OVERRIDE = "override"  # scope; a person decided
    # Candidates by id
    TMDB_SEASON = "tmdb_season"  # tmdb, season; the data sets give this subject that season
    TMDB_EPISODE = "tmdb_episode"  # tmdb, season, episode; the data sets name this very special
    SAME_SHOW = "same_show"  # tmdb, tvdb, imdb; one of the show's ids leads to the subject, no more
    TMDB_MOVIE = "tmdb_movie"  # tmdb
    IMDB = "imdb"  # imdb
    SEARCH = "search"  # query; found by title, which never gives more than a candidate
    # Number rules
    RANK = "rank"  # number, position, of
    COUNTED = "counted"  # number, offset, position; behind the subjects before it in the season
    SORT = "sort"  # number, sort
    RANGE = "range"  # number, position; AniBridge's episode ranges
    ABSOLUTE = "absolute"  # absolute, position
    SHOW_COUNT = "show_count"  # count, position; counted through all seasons of the show
    SEASON_LENGTH = "season_length"  # trakt, bangumi; the season is as long as the subject
    NEIGHBOURS = "neighbours"  # offset, number; other episodes of the season lie on the same line
    ONLY_EPISODE = "only_episode"  # the subject has just this one
    # Dates
    AIRDATE = "airdate"  # aired, listed
    PREMIERE = "premiere"  # aired, begin
    FINALE = "finale"  # aired, end
    WEEKLY = "weekly"  # aired, expected
    WITHIN = "within"  # aired, begin, end; during the subject's broadcast
    RELEASED = "released"  # released, date
    # Others
    TITLE = "title"  # title, name
    # Against
    OTHER_DATE = "other_date"  # aired, listed
    OTHER_EPISODE = "other_episode"  # aired, position; the date is that of another episode
    OUTSIDE = "outside"  # aired, begin, end
    TOO_MANY = "too_many"  # number, of; the number is beyond the subject's last episode
    OFF_LINE = "off_line"  # offsets; the neighbours' dates put them elsewhere
    RIVAL = "rival"  # subject_id; another candidate fits as well
    DOUBTED = "doubted"  # days; dates of the same season are far from the subject's


class MatchReason(StrEnum):
    """Why an item has no verdict, or why its verdict must be looked at before it is written."""

    NO_IDS = "no_ids"
    UNKNOWN_WORK = "unknown_work"
    NO_SEASON = "no_season"
    BAD_NUMBER = "bad_number"
    AMBIGUOUS = "ambiguous"
    NUMBER_FITS_NOBODY = "number_fits_nobody"
    SPECIAL_UNKNOWN = "special_unknown"
    TITLE_ONLY = "title_only"
    DATE_DISAGREES = "date_disagrees"
    IGNORED = "ignored_by_override"
    # The gate before writing
    GATE_OTHER_EPISODE = "gate_other_episode"
    GATE_OTHER_SUBJECT = "gate_other_subject"
    GATE_NO_SUCH_EPISODE = "gate_no_such_episode"
