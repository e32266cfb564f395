"""What an undo puts back: pure functions of what was written, what stood before, and what Bangumi shows now.

The user's own hand wins here as well: what differs from what was written is theirs, and stays.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sync.bangumi.schemas import CollectionType, EpisodeStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sync.bangumi.schemas import CollectionRow
    from sync.models import SubjectPlan

ENTRY = ("list", "rate", "tags")
"""The parts of an entry; in what an undo plan says to restore, None leaves one as it is."""


@dataclass(slots=True)
class Restore:
    """What one plan made of a subject, and what stood there before it."""

    marks: dict[int, int] = field(default_factory=dict)
    """Episodes we marked as watched, and the state each had."""
    cleared: set[int] = field(default_factory=set)
    """Those of them that may have lost their state to a write of ours which was not seen through."""
    list_before: int | None = None
    list_ours: frozenset[int] = frozenset()
    """The list states that we set; empty when we set none. An interrupted plan may have stopped at the first."""
    rate_before: int = 0
    rate_ours: frozenset[int] = frozenset()
    """The ratings that we gave or took away (0)."""
    tags_given: set[str] = field(default_factory=set)
    tags_taken: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Found:
    """What Bangumi shows of the subject. ``row`` is None when it is on the list no more."""

    marks: Mapping[int, int]
    row: CollectionRow | None


@dataclass(slots=True)
class Back:
    """What is to be put back now, and what is not."""

    marks: dict[int, int] = field(default_factory=dict)
    list: int | None = None
    rate: int | None = None
    tags: Sequence[str] | None = None
    same: dict[str, Any] = field(default_factory=dict)
    """What is as it was before already: episodes under ``marks``, and the parts of the entry that are."""
    kept: dict[str, Any] = field(default_factory=dict)
    """What the user changed since, by the same names. ``gone``: they took the subject off the list;
    ``hidden``: Bangumi shows it no more; ``held``: ticks that another play of the user speaks for."""
    stays: bool = False
    """We added the subject to the list, and Bangumi lets no program remove it."""
    rated: bool = False
    """The wish can't come back: Bangumi would drop the rating, which is the user's."""

    def __bool__(self) -> bool:
        return bool(self.marks) or any(getattr(self, name) is not None for name in ENTRY)

    @property
    def tells(self) -> bool:
        """Whether there is anything to say of the subject."""
        return bool(self or self.same or self.kept or self.stays or self.rated)

    def as_data(self) -> dict[str, Any]:
        return {
            "marks": {str(episode): was for episode, was in self.marks.items()},
            **{name: getattr(self, name) for name in ENTRY},
            "same": self.same,
            "kept": self.kept,
            "stays": self.stays,
            "rated": self.rated,
        }


def attempt_of(plan: SubjectPlan) -> dict[str, Any]:
    """Return what *plan* means to make of the entry, for the journal of a run that goes on after it died."""
    states = {plan.collect, CollectionType.DONE if plan.complete else None}
    given, taken = _tags_of(plan)
    return {
        "list": sorted(int(state) for state in states if state),
        "rate": [] if plan.rate is None else [plan.rate],
        "given": sorted(given),
        "taken": sorted(taken),
    }


def turned_round(plan: SubjectPlan) -> Restore:
    """Return what *plan* made of its subject, earlier attempts of the same run included."""
    before, tried = plan.before, plan.before.get("tried", [])
    marks = {int(episode): was for episode, was in before.get("marks", {}).items()}
    done = plan.status == plan.Status.DONE
    given, taken = _tags_of(plan)
    states = [plan.collect, CollectionType.DONE if plan.complete else None]
    if done and plan.complete:
        states = [CollectionType.DONE]  # what it was on the way there is the user's, if it is so now
    return Restore(
        marks=dict.fromkeys(plan.mark, int(EpisodeStatus.NONE)) | marks,
        cleared=set() if done else {episode for episode, was in marks.items() if was != EpisodeStatus.NONE},
        list_before=before.get("list"),
        list_ours=_known(states, *([] if done and any(states) else [t["list"] for t in tried])),
        rate_before=before.get("rate", 0),
        rate_ours=frozenset([] if plan.rate is None else [plan.rate]).union(*(t["rate"] for t in tried)),
        tags_given=given.union(*(t["given"] for t in tried)),
        tags_taken=taken.union(*(t["taken"] for t in tried)),
    )


def _known(*states: Iterable[int | None]) -> frozenset[int]:
    return frozenset(int(state) for group in states for state in group if state)


def _tags_of(plan: SubjectPlan) -> tuple[set[str], set[str]]:
    """Return the tags that the plan gives and those that it takes away."""
    if plan.tags is None:
        return set(), set()
    had, has = set(plan.before.get("tags", ())), set(plan.tags)
    return has - had, had - has


def put_back(restores: Sequence[Restore], found: Found) -> Back:
    """Return what comes back when *restores* are undone, the newest first.

    Each one is undone if what it made is still there: what the user did in between, or since, ends the way back.
    """
    back = Back()
    if found.row is None:
        if restores and restores[-1].list_before is None:  # it never came to be on the list, or is off it again
            back.same = {"list": True, "marks": sorted({e for restore in restores for e in restore.marks})}
        else:
            back.kept["gone"] = True
        return back
    _marks_back(restores, found, back)
    _list_back(restores, found.row, back)
    _rate_back(restores, found.row, back)
    _tags_back(restores, found.row, back)
    _spare_rating(found.row, back)
    return back


def _marks_back(restores: Sequence[Restore], found: Found, back: Back) -> None:
    same, kept = [], []
    for episode in sorted({episode for restore in restores for episode in restore.marks}):
        now = state = found.marks.get(episode, EpisodeStatus.NONE)
        ours = False
        for restore in (r for r in restores if episode in r.marks):
            if state == EpisodeStatus.WATCHED or (state == EpisodeStatus.NONE and episode in restore.cleared):
                state = restore.marks[episode]
            elif state != restore.marks[episode]:
                break
            ours = True
        if state != now:
            back.marks[episode] = int(state)
        else:
            (same if ours else kept).append(episode)
    _tell(back, "marks", same, kept)


def _tell(back: Back, name: str, same: Any, kept: Any) -> None:
    if same:
        back.same[name] = same
    if kept:
        back.kept[name] = kept


def _list_back(restores: Sequence[Restore], row: CollectionRow, back: Back) -> None:
    state = int(row.type)
    same = kept = False
    for restore in (r for r in restores if r.list_ours):
        if restore.list_before is None:
            back.stays = True
            break
        if state in restore.list_ours:
            state = restore.list_before
        elif state != restore.list_before:
            kept = True
            break
        same = True
    if state != row.type:
        back.list, same = state, False
    _tell(back, "list", same and not kept and not back.stays, kept and back.list is None)


def _rate_back(restores: Sequence[Restore], row: CollectionRow, back: Back) -> None:
    rate = row.rate
    same = kept = False
    for restore in (r for r in restores if r.rate_ours):
        if rate in restore.rate_ours:
            rate = restore.rate_before
        elif rate != restore.rate_before:
            kept = True
            break
        same = True
    if rate != row.rate:
        back.rate, same = rate, False
    _tell(back, "rate", same and not kept, kept and back.rate is None)


def _tags_back(restores: Sequence[Restore], row: CollectionRow, back: Back) -> None:
    tags = list(row.tags)
    for restore in restores:
        tags = [tag for tag in tags if tag not in restore.tags_given]
        tags += [tag for tag in sorted(restore.tags_taken) if tag not in tags]
    if tags != list(row.tags):
        back.tags = tags
    elif any(restore.tags_given or restore.tags_taken for restore in restores):
        back.same["tags"] = True


def _spare_rating(row: CollectionRow, back: Back) -> None:
    """Leave the list state where Bangumi would drop the user's rating with it."""
    if back.list == CollectionType.WISH and (row.rate if back.rate is None else back.rate):
        back.list, back.rated = None, True


def within(back: Back, shown: Mapping[str, Any]) -> Back:
    """Return *back* without all that the preview had not *shown*: the data of an undo plan."""
    marks = {e: was for e, was in back.marks.items() if shown["marks"].get(str(e)) == was}
    entry = {name: value for name in ENTRY if (value := getattr(back, name)) == shown.get(name)}
    return Back(marks=marks, **entry, same=back.same, kept=back.kept, stays=back.stays, rated=back.rated)
