"""What the stages read from and write to the database: short transactions, in batches, nothing else.

All functions are synchronous and are called through ``sync_to_async``; none is ever open across a request.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Count, F, Q
from django.utils import timezone

from bgmsync.shared import pauses
from sync.engine.restore import attempt_of
from sync.engine.written import note_attempt, note_written
from sync.models import Subject, SubjectPlan, SyncItem
from sync.reasons import Reason
from trakt.models import Title

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from django.db.models import QuerySet

    from sync.bangumi.schemas import CollectedSubject, CollectionRow
    from sync.models import SyncRun

State = SyncItem.State
PLAYS = SyncItem.Kind.HISTORY
CHUNK = 500
VERDICT_FIELDS = [
    "state",
    "reason",
    "detail",
    "subject_id",
    "targets",
    "stale",
    "episode_id",
    "position",
    "confidence",
    "by_person",
    "evidence",
    "candidates",
    "run",
    "next_try_at",
    "attempts",
    "updated_at",
]
FACT_FIELDS = [
    "title",
    "season",
    "number",
    "number_abs",
    "episode_trakt_id",
    "episode_title",
    "first_aired",
    "runtime",
    "watched_at",
]
TITLE_FIELDS = [
    "slug",
    "tmdb_id",
    "tvdb_id",
    "imdb_id",
    "title",
    "original_title",
    "year",
    "genres",
    "language",
    "country",
    "released",
    "updated_at",
]


def chunks(values: Sequence[Any], size: int = CHUNK) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


def store_titles(titles: Iterable[Title]) -> dict[tuple[str, int], int]:
    """Insert or refresh *titles* and return their primary keys by kind and Trakt id."""
    titles = list(titles)
    for title in titles:
        title.updated_at = timezone.now()
    Title.objects.bulk_create(
        titles, update_conflicts=True, unique_fields=["kind", "trakt_id"], update_fields=TITLE_FIELDS
    )
    ids = [title.trakt_id for title in titles]
    rows = Title.objects.filter(trakt_id__in=ids).values_list("kind", "trakt_id", "pk")
    return {(kind, trakt_id): pk for kind, trakt_id, pk in rows}


def store_items(items: Sequence[SyncItem]) -> int:
    """Insert the items that are not in the ledger yet; return how many there were.

    One that could not be read before, and can now, is brought in anew.
    """
    if not items:
        return 0
    first = items[0]
    keys = [item.source_key for item in items]
    with transaction.atomic():
        rows = SyncItem.objects.filter(user_id=first.user_id, kind=first.kind, source_key__in=keys)
        known = dict(rows.order_by().values_list("source_key", "title_id"))  # the default order misleads SQLite
        new = [item for item in items if item.source_key not in known]
        mended = [item for item in items if item.title_id and known.get(item.source_key, item.title_id) is None]
        SyncItem.objects.bulk_create(new, ignore_conflicts=True)
        SyncItem.objects.bulk_create(
            mended,
            update_conflicts=True,
            unique_fields=["user", "kind", "source_key"],
            update_fields=[*FACT_FIELDS, "state", "reason", "detail", "next_try_at", "attempts", "run"],
        )
    return len(new) + len(mended)


def kinds_to_read_again(user_id: int, *, ignore_pauses: bool) -> set[str]:
    """Return the kinds of which a row could not be read and should be asked for again: only Trakt can tell it."""
    rows = SyncItem.objects.filter(user_id=user_id, title=None, state__in=SyncItem.RETRIED)
    if not ignore_pauses:
        rows = rows.filter(next_try_at__lte=timezone.now())
    return set(rows.order_by().values_list("kind", flat=True).distinct())


def take_up(run: SyncRun, items: QuerySet[SyncItem]) -> list[int]:
    """Give *items* a new try in *run*: back to where they stood, matched or new. Returns their keys."""
    keys = list(items.values_list("pk", flat=True))
    for part in chunks(keys):
        rows = SyncItem.objects.filter(pk__in=part)
        again = rows.filter(state__in=(*SyncItem.RETRIED, State.PLANNED))
        again.filter(subject_id=None).update(state=State.NEW, run=run)
        again.exclude(subject_id=None).update(state=State.MATCHED, run=run)
    return keys


def titles_with_new_items(user_id: int) -> list[int | None]:
    rows = SyncItem.objects.filter(user_id=user_id, state=State.NEW, kind=PLAYS).order_by("title_id")
    return list(rows.values_list("title_id", flat=True).distinct())


def new_items(user_id: int, title_ids: Sequence[int | None]) -> list[tuple[Title, list[SyncItem]]]:
    """Return the new items of these titles, title by title."""
    titles = {title.pk: title for title in Title.objects.filter(pk__in=[pk for pk in title_ids if pk])}
    rows = SyncItem.objects.filter(user_id=user_id, state=State.NEW, kind=PLAYS, title_id__in=titles)
    grouped: dict[int, list[SyncItem]] = {}
    for item in rows.order_by("title_id", "season", "number"):
        grouped.setdefault(item.title_id or 0, []).append(item)
    return [(titles[pk], items) for pk, items in grouped.items()]


def items_without_title(user_id: int) -> list[SyncItem]:
    return list(SyncItem.objects.filter(user_id=user_id, state=State.NEW, title_id=None))


def save_verdicts(items: Sequence[SyncItem]) -> None:
    """Store what was concluded about *items*, by upsert: bulk_update builds a CASE a field and is ten times slower."""
    now = timezone.now()
    for item in items:
        item.updated_at = now
    for part in chunks(items):
        SyncItem.objects.bulk_create(part, update_conflicts=True, unique_fields=["id"], update_fields=VERDICT_FIELDS)


def matched_subjects(user_id: int) -> list[int]:
    rows = SyncItem.objects.filter(user_id=user_id, state=State.MATCHED, kind=PLAYS, subject_id__isnull=False)
    return list(rows.order_by("subject_id").values_list("subject_id", flat=True).distinct())


def matched_items(user_id: int, subjects: Sequence[int]) -> tuple[list[SyncItem], dict[int, Title]]:
    """Return the items that are to be planned, without their rivals, and their titles."""
    rows = SyncItem.objects.filter(user_id=user_id, state=State.MATCHED, kind=PLAYS, subject_id__in=subjects)
    rows = rows.defer("candidates")
    items = list(rows.order_by("subject_id", "pk"))
    titles = Title.objects.filter(pk__in={item.title_id for item in items}).defer("seasons")
    return items, {title.pk: title for title in titles}


def save_states(items: Iterable[SyncItem]) -> None:
    """Store state, reason and episode of *items*: many share them, so few statements do."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    for item in items:
        values = (item.state, item.reason, item.detail, item.attempts, item.next_try_at, item.run_id)
        groups.setdefault(values, []).append(item.pk)
    for (state, reason, detail, attempts, next_try_at, run_id), keys in groups.items():
        for part in chunks(keys):
            SyncItem.objects.filter(pk__in=part).update(
                state=state,
                reason=reason,
                detail=detail,
                attempts=attempts,
                next_try_at=next_try_at,
                run_id=run_id,
                updated_at=timezone.now(),
            )


def unfinished_plans(user_id: int) -> dict[int, SubjectPlan]:
    """Return the last plan of each subject whose writing began and was not seen through.

    One that took such a plan over counts as well, though the run ended before it came to write.
    """
    begun = Q(status__in=(SubjectPlan.Status.APPLYING, SubjectPlan.Status.WAITING))
    took_over = Q(status=SubjectPlan.Status.PLANNED, reason=Reason.INTERRUPTED)
    plans = SubjectPlan.objects.filter(begun | took_over, user_id=user_id, restore__isnull=True)
    return {plan.subject_id: plan for plan in plans}


def save_plans(
    run: SyncRun, plans: Sequence[SubjectPlan], items: Sequence[SyncItem], moved: Sequence[SyncItem]
) -> None:
    """Store *plans* and the *items* they cover in one step, before anything is written for them.

    *moved* are those items whose episode in the list is another than was known, or was not known yet.
    A run that goes on after a crash meets its own plans again; what stood before the first write is kept.
    """
    with transaction.atomic():
        known = {plan.subject_id: plan for plan in run.plans.filter(restore__isnull=True)}
        SubjectPlan.objects.bulk_create([plan for plan in plans if plan.subject_id not in known])
        for plan in plans:
            if older := known.get(plan.subject_id):
                plan.pk = older.pk
                if older.status == SubjectPlan.Status.PLANNED:  # nothing was written for it
                    plan.save()
                    continue
                plan.before = {
                    **older.before,
                    "marks": plan.before["marks"] | older.before.get("marks", {}),
                    "tried": [*older.before.get("tried", []), attempt_of(older)],
                }
                plan.writes = older.writes
                plan.save()
        save_states(items)
        SyncItem.objects.bulk_update(moved, ["episode_id"], batch_size=100)


def close_plans(plans: Iterable[SubjectPlan], now_planned: set[int], rows: Mapping[int, CollectionRow]) -> None:
    """End the plans of earlier attempts: done where nothing is left to write, else taken over by the new plan.

    *rows* are the entries as they are now: what of an attempt shows there was written by us.
    """
    for plan in plans:
        taken_over = plan.subject_id in now_planned
        plan.status = SubjectPlan.Status.FAILED if taken_over else SubjectPlan.Status.DONE
        plan.reason = str(Reason.INTERRUPTED) if taken_over else ""
        plan.save(update_fields=["status", "reason", "updated_at"])
        note_attempt(plan, rows.get(plan.subject_id))


def settle(plan: SubjectPlan, items: Sequence[int], state: State) -> None:
    """Store how a subject's plan ended, together with its items (by primary key), in one transaction."""
    retried = state in SyncItem.RETRIED
    with transaction.atomic():
        plan.save()
        if plan.status == SubjectPlan.Status.DONE:
            note_written(plan)
        for part in chunks(items):
            rows = SyncItem.objects.filter(pk__in=part)
            attempts = (rows.order_by("-attempts").values_list("attempts", flat=True).first() or 0) if retried else 0
            rows.update(
                state=state,
                reason=plan.reason,
                detail=plan.detail,
                attempts=F("attempts") + 1,
                next_try_at=timezone.now() + pauses.before_next_try(attempts + 1) if retried else None,
                updated_at=timezone.now(),
            )


def planned_items(user_id: int) -> dict[int, list[int]]:
    """Return the primary keys of the items that wait to be written, by subject."""
    grouped: dict[int, list[int]] = {}
    rows = SyncItem.objects.filter(user_id=user_id, state=State.PLANNED).order_by()
    for subject_id, targets, pk in rows.values_list("subject_id", "targets", "pk"):
        if len(targets) <= 1:  # what several subjects are written for is settled when all of them are
            grouped.setdefault(subject_id, []).append(pk)
    return grouped


def begin(plan: SubjectPlan) -> None:
    """Note that the first write of *plan* is about to be sent."""
    plan.status = SubjectPlan.Status.APPLYING
    plan.save(update_fields=["status", "updated_at"])


def put_back(item: SyncItem, state: State, reason: str, detail: str = "", *, counts: bool = True) -> None:
    """Note on *item* (unsaved) that it failed or waits, and when it is tried again."""
    if counts:
        item.attempts += 1
    item.state = state
    item.reason = reason
    item.detail = detail[:300]
    item.next_try_at = timezone.now() + pauses.before_next_try(item.attempts)


def postpone_matched(run: SyncRun, reason: str) -> int:
    """Let everything that a run leaves unwritten wait for the next one, with its reason."""
    rows = SyncItem.objects.filter(user_id=run.user_id, state__in=SyncItem.UNFINISHED)
    return rows.update(
        state=State.WAITING,
        reason=reason,
        run=run,
        attempts=F("attempts") + 1,
        next_try_at=timezone.now() + pauses.before_next_try(1),
    )


def remember_names(subjects: Iterable[CollectedSubject]) -> None:
    """Keep the names and covers that the user's list told, for the pages that show subjects."""
    Subject.objects.bulk_create(
        [
            Subject(
                id=s.id,
                name=s.name[:300],
                name_cn=s.name_cn[:300],
                date=s.date[:20],
                type=s.type,
                eps=s.eps or 0,
                image=s.cover,
            )
            for s in subjects
        ],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["name", "name_cn", "date", "type", "eps", "image"],
    )


def without_cover(subjects: Iterable[int]) -> set[int]:
    """Return which of *subjects* are known and have no cover yet: a first run reads no list that tells theirs."""
    rows = Subject.objects.filter(image="")
    return {pk for part in chunks(list(subjects)) for pk in rows.filter(pk__in=part).values_list("pk", flat=True)}


def note_ticks(user_id: int) -> None:
    """Remember where this program ticked what is done, so that it can be taken back if the match was wrong."""
    rows = SyncItem.objects.filter(user_id=user_id, state=State.DONE, ticked_subject_id=None)
    rows.update(ticked_subject_id=F("subject_id"), ticked_episode_id=F("episode_id"))


def tally(user_id: int, kind: str, keys: Sequence[str], carried: Sequence[int]) -> tuple[Counter[str], Counter[str]]:
    """Count states and reasons over what a run answers for: the facts it read and the items it carried over."""
    states: Counter[str] = Counter()
    reasons: Counter[str] = Counter()

    def count(rows: QuerySet[SyncItem]) -> None:
        for state, reason, n in rows.order_by().values_list("state", "reason").annotate(n=Count("pk")):
            states[state] += n
            if reason:
                reasons[reason] += n

    mine = SyncItem.objects.filter(user_id=user_id)
    for part in chunks(keys):
        count(mine.filter(kind=kind, source_key__in=part))
    for part in chunks(carried):
        count(mine.filter(pk__in=part))
    return states, reasons
