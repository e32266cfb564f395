"""What a person decided: it comes before every rule."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

from sync.matching.codes import EvidenceCode, MatchReason
from sync.matching.facts import Candidate, Confidence, Evidence, Verdict
from sync.matching.index import Entry
from sync.matching.lines import line_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sync.matching.facts import Item, Known, Work


@dataclass(frozen=True, slots=True)
class Override:
    """A decision for a work, one of its seasons, or a range of a season's episodes (or a single one).

    ``subject_id`` None means: ignore. A number becomes the position ``number + offset``; ``episode_id`` names one
    episode instead, for specials that have no position. ``personal`` ones outweigh those made for everybody.
    """

    kind: Literal["show", "movie"]
    trakt: int | None = None
    tmdb: int | None = None
    tvdb: int | None = None
    imdb: str | None = None
    season: int | None = None
    first: int | None = None
    last: int | None = None
    subject_id: int | None = None
    offset: int = 0
    episode_id: int | None = None
    personal: bool = True

    @property
    def scope(self) -> Literal["work", "season", "range"]:
        if self.season is None:
            return "work"
        return "season" if self.first is None and self.last is None else "range"


_FIELDS: Mapping[str, type | tuple[type, ...]] = {
    "kind": str,
    "imdb": str,
    "personal": bool,
}


def to_json(override: Override) -> dict[str, Any]:
    """Return the override as JSON values, without what is at its default."""
    values = asdict(override)
    return {field.name: values[field.name] for field in fields(Override) if values[field.name] != field.default}


def from_json(data: Any) -> Override:
    """Read an override as exported. Raises ValueError naming the field that is wrong."""
    if not isinstance(data, dict):
        raise ValueError("an override is not an object")  # noqa: TRY004 - one error for all that is wrong in a file
    known = {field.name for field in fields(Override)}
    for name, value in data.items():
        if name not in known:
            raise ValueError(f"{name}: not a field of an override")
        wanted = _FIELDS.get(name, int)
        if value is not None and (not isinstance(value, wanted) or (wanted is int and isinstance(value, bool))):
            raise ValueError(f"{name}: {value!r} is not of the right kind")
    if data.get("kind") not in {"show", "movie"}:
        raise ValueError("kind: neither show nor movie")
    if not any(data.get(name) for name in ("trakt", "tmdb", "tvdb", "imdb")):
        raise ValueError("no id says which work is meant")
    return Override(**data)


def choose(overrides: Iterable[Override], item: Item) -> Override | None:
    """Return the decision that applies: a personal one first, then the narrowest, then the first given."""
    fitting = [override for override in overrides if _applies(override, item)]
    return min(fitting, key=_rank, default=None)


def decide(override: Override, item: Item, known: Known) -> Verdict:
    """Turn a decision into a verdict; the subject's episode list, where it was read, gives the episode's id."""
    evidence = (Evidence(EvidenceCode.OVERRIDE, supports=True, detail={"scope": override.scope}),)
    if override.subject_id is None:
        return Verdict(None, reason=MatchReason.IGNORED)
    position = 1 if item.number is None else item.number + override.offset
    episode_id = override.episode_id
    if episode_id is None:
        line = line_of(Entry(override.subject_id), known.subjects.get(override.subject_id))
        episode = line.episode(position)
        episode_id = episode.id if episode else None
    candidate = Candidate(
        override.subject_id,
        None if override.episode_id else position,
        episode_id,
        Confidence.HIGH,
        evidence,
    )
    return Verdict(candidate, (candidate,))


def _applies(override: Override, item: Item) -> bool:
    if not _same_work(override, item.work):
        return False
    if override.season is not None and override.season != item.season:
        return False
    if override.first is None and override.last is None:
        return True
    if item.number is None:
        return False
    return (override.first or 0) <= item.number and (override.last is None or item.number <= override.last)


def _same_work(override: Override, work: Work) -> bool:
    """Compare by the first id that both know: Trakt's own, then TMDB, TVDB, IMDb."""
    if override.kind != work.kind:
        return False
    for name in ("trakt", "tmdb", "tvdb", "imdb"):
        mine, theirs = getattr(override, name), getattr(work, name)
        if mine and theirs:
            return mine == theirs
    return False


def _rank(override: Override) -> tuple[bool, int]:
    return not override.personal, ("range", "season", "work").index(override.scope)
