"""Measure the matcher on labelled episodes and films: right, wrong and asked, by category and numbering.

What belongs to a label is never seen by the matcher, and a data set that voted for a label does not count on it:
AniBridge's ranges are taken out for the rows that AniBridge voted on, and bangumi-data's explicit specials for
the rows that bangumi-data voted on. Real subjects stand in for what Bangumi would answer; where a subject's
episodes were not captured, their list is empty, as on Bangumi before anyone filled it in.

    uv run python bench/matching.py            the tables
    uv run python bench/matching.py --wrong    also every wrong answer
    uv run python bench/matching.py --late     also seasons that Trakt dates late as a whole
"""

from __future__ import annotations

import argparse
import gzip
import json
import resource
import subprocess
import sys
import time
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sync.matching import datasets
from sync.matching.codes import MatchReason
from sync.matching.dates import read_day
from sync.matching.facts import MAIN_EPISODE, Confidence, Episode, Item, Known, Listed, Subject, Verdict, Work
from sync.matching.gate import gate
from sync.matching.index import Index, build
from sync.matching.judge import judge

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SHARED = Path(__file__).parents[2] / "shared" / "data"
CATEGORIES = ("single_season", "multi_season", "split_cour", "absolute_long", "ova", "specials_s0", "movie")
NOON_IN_JAPAN = 3
"""Hour in UTC; a label's date has no time of day."""
ROUNDS = 8
LATE = (1, 2, 3, 7, 14, 21, 30)
"""Days by which a streaming service may follow the broadcast."""
WATCHED = 6
"""Episodes of each season that a user has watched, where only the first of them are judged."""
POINTS_ELSEWHERE = (MatchReason.GATE_OTHER_EPISODE, MatchReason.GATE_OTHER_SUBJECT)


class Row(NamedTuple):
    item: Item
    label: dict[str, Any]


class Answer(NamedTuple):
    row: Row
    verdict: Verdict
    blocked: str


class Service:
    """What Bangumi would answer, from the capture, and how often it was asked."""

    def __init__(self) -> None:
        self.subjects: dict[int, Subject] = {}
        self.reads = 0
        self.season_lists = 0
        for line in _lines("bangumi-subjects.jsonl.gz"):
            self.subjects[line["id"]] = _subject(line)

    def read(self, subject_id: int) -> Subject:
        self.reads += 1
        return self.subjects.get(subject_id) or Subject(subject_id, episodes=())


def main() -> None:
    options = _arguments()
    if not SHARED.is_dir():
        sys.exit(f"{SHARED} is absent: the labelled cases are kept beside the project, not in it")
    _index_costs()
    full = datasets.load_datasets()
    indexes = {"full": build(full), "blind": build({name: full[name] for name in full if name != "anibridge"})}
    service = Service()
    groups = list(_groups())
    for name, mode in (("a user's history", together), ("every item alone", alone)):
        if options.mode and options.mode not in name:
            continue
        service.reads = service.season_lists = 0
        answers = [answer for group in groups for answer in mode(indexes, service, group)]
        for dated in (True, False):
            _table(f"{name}, rows {'with' if dated else 'without'} a date", answers, dated=dated)
        print(f"read: {service.reads} episode lists, {service.season_lists} season lists of Trakt\n")
        if options.wrong:
            _wrong(answers, options)
    if options.late:
        _late(indexes, service, groups, options)
    _speed(indexes["full"], service, groups)


def together(indexes: dict[str, Index], service: Service, group: Sequence[Row]) -> list[Answer]:
    """Judge all items of a show at once, as a user's first run does."""
    answers: dict[int, Answer] = {}
    for name, index in _views(indexes, group):
        verdicts, blocked = settle(index, service, [row.item for row in group], group)
        for number, row in enumerate(group):
            if _view(row) == name:
                answers[number] = Answer(row, verdicts[number], blocked[number])
    return [answers[number] for number in range(len(group))]


def alone(indexes: dict[str, Index], service: Service, group: Sequence[Row]) -> list[Answer]:
    """Judge each item by itself, as an hourly run does."""
    answers = []
    for name, index in _views(indexes, group):
        for row in group:
            if _view(row) == name:
                verdicts, blocked = settle(index, service, [row.item], group)
                answers.append(Answer(row, verdicts[0], blocked[0]))
    return answers


def first_ones(indexes: dict[str, Index], service: Service, group: Sequence[Row]) -> list[Answer]:
    """Judge the first episodes of each season at once; Trakt's list has all of them."""
    answers = []
    for name, index in _views(indexes, group):
        seasons: defaultdict[int | None, list[Row]] = defaultdict(list)
        for row in sorted(group, key=lambda row: row.item.number or 0):
            seasons[row.item.season].append(row)
        rows = [row for season in seasons.values() for row in season[:WATCHED] if _view(row) == name]
        if rows:
            verdicts, blocked = settle(index, service, [row.item for row in rows], group)
            answers += map(Answer, rows, verdicts, blocked)
    return answers


def settle(
    index: Index, service: Service, items: Sequence[Item], group: Sequence[Row]
) -> tuple[Sequence[Verdict], Sequence[str]]:
    """Do what the engine does: judge, read what is wanted, judge again; then the gate."""
    known = Known()
    work = items[0].work
    for _ in range(ROUNDS):
        judgement = judge(index, work, items, known)
        wants = judgement.wants
        if not wants:
            break
        subjects = dict(known.subjects)
        for subject_id in wants.subjects:
            subjects[subject_id] = service.read(subject_id)
        seasons = known.seasons
        if wants.seasons:
            service.season_lists += 1
            seasons = tuple(_listed(row.item) for row in group if row.item.season is not None)
        known = Known(subjects, seasons, () if wants.search else known.found)
    else:
        raise AssertionError(f"{work} was never settled: {wants}")
    blocked = gate(list(zip(items, judgement.verdicts, strict=True)), known.subjects)
    # Lists were captured in 2021 and may be shorter than today's
    return judgement.verdicts, [str(reason) if reason in POINTS_ELSEWHERE else "" for reason in blocked]


def _view(row: Row) -> str:
    voters = row.label["source"]
    if "bangumi-data" in voters:
        return f"without {row.label['expected_subject_id']}"
    return "blind" if "anibridge" in voters else "full"


def _views(indexes: dict[str, Index], group: Sequence[Row]) -> Iterable[tuple[str, Index]]:
    for name in dict.fromkeys(map(_view, group)):
        if name in indexes:
            yield name, indexes[name]
        else:
            yield name, _without_special(indexes["blind"], int(name.removeprefix("without ")))


def _without_special(index: Index, subject_id: int) -> Index:
    shows = {
        show: tuple(p for p in places if not (p.subject_id == subject_id and p.season == 0))
        for show, places in index.shows.items()
        if any(p.subject_id == subject_id for p in places)
    }
    return Index(
        index.entries,
        {**index.shows, **shows},
        index.movies,
        index.tvdb,
        index.imdb,
        index.ranges,
        index.range_shows,
        index.begins,
    )


def _groups() -> Iterable[list[Row]]:
    groups: defaultdict[tuple, list[Row]] = defaultdict(list)
    for number, label in enumerate(_lines("mapping-truth.jsonl.gz")):
        film = label["category"] == "movie"
        key = (number,) if film else (label["numbering"], label.get("tmdb_show"), label.get("tvdb_show"))
        groups[key].append(Row(_item(label), label))
    return groups.values()


def _item(label: dict[str, Any]) -> Item:
    if label["category"] == "movie":
        return Item(Work("movie", tmdb=label["tmdb_movie"], imdb=label.get("imdb"), genres=("anime",)))
    aired = None
    if date := label.get("first_aired"):
        aired = datetime.fromisoformat(date).replace(hour=NOON_IN_JAPAN, tzinfo=UTC)
    work = Work("show", tmdb=label.get("tmdb_show"), tvdb=label.get("tvdb_show"), genres=("anime",))
    return Item(work, label["season"], label["episode"], first_aired=aired)


def _dated_late(service: Service, group: Sequence[Row], days: int) -> list[Row]:
    """Date all episodes by their labels, else as Bangumi does, and then so many days later."""
    rows = []
    for row in group:
        aired = row.item.first_aired or _listed_date(service, row.label)
        if aired:
            rows.append(row._replace(item=replace(row.item, first_aired=aired + timedelta(days=days))))
    return rows


def _listed_date(service: Service, label: dict[str, Any]) -> datetime | None:
    subject = service.subjects.get(label["expected_subject_id"])
    mains = [episode for episode in (subject.episodes if subject else None) or () if episode.type == MAIN_EPISODE]
    mains.sort(key=lambda episode: (episode.sort, episode.id))
    place = label["expected_ep"] - 1
    day = read_day(mains[place].airdate) if place < len(mains) else None
    return datetime.fromordinal(day).replace(hour=NOON_IN_JAPAN, tzinfo=UTC) if day else None


def _listed(item: Item) -> Listed:
    return Listed(item.season or 0, item.number or 0, first_aired=item.first_aired)


def _subject(line: dict[str, Any]) -> Subject:
    rows = line.get("episodes") or ()
    first = min((row["sort"] for row in rows if row["type"] == 0), default=1)
    episodes = tuple(
        Episode(
            row["id"],
            row["type"],
            row["sort"],
            row["sort"] - first + 1 if row["type"] == 0 else 0,
            row["airdate"] or "",
            row["name"] or "",
            row["name_cn"] or "",
        )
        for row in rows
    )
    return Subject(
        line["id"],
        line["name"],
        line["name_cn"],
        line["date"] or "",
        line["platform"] or "",
        2,
        line["eps"] or 0,
        episodes,
    )


def _lines(name: str) -> Iterable[dict[str, Any]]:
    with gzip.open(SHARED / name, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def outcome(answer: Answer) -> str:
    """``right`` and ``wrong`` are what would be written by itself at the default threshold."""
    verdict, label = answer.verdict, answer.row.label
    least = Confidence.HIGH if verdict.demanding else Confidence.MEDIUM
    if verdict.best is None or verdict.best.confidence < least or answer.blocked:
        return "asked"
    expected = label["expected_subject_id"], label["expected_ep"]
    return "right" if (verdict.best.subject_id, verdict.best.position) == expected else "wrong"


def _table(title: str, answers: Sequence[Answer], *, dated: bool) -> None:
    print(f"{title}\n{'':16}{'':6}{'rows':>7}{'right':>8}{'wrong':>8}{'asked':>8}  wrong of written")
    totals: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for numbering in ("tmdb", "tvdb"):
        for category in CATEGORIES:
            chosen = [
                answer
                for answer in answers
                if answer.row.label["category"] == category
                and answer.row.label["numbering"] == numbering
                and (category == "movie" or (answer.row.item.first_aired is not None) == dated)
            ]
            if chosen:
                counts = Counter(map(outcome, chosen))
                totals[numbering] += counts
                _print_counts(category, numbering, counts)
        _print_counts("all", numbering, totals[numbering])
    print()


def _late(
    indexes: dict[str, Index], service: Service, groups: Sequence[Sequence[Row]], options: argparse.Namespace
) -> None:
    """Measure what becomes of seasons whose dates are all late by as much."""
    modes = (("all of a season", together), ("its first episodes", first_ones), ("every item alone", alone))
    print(f"dates late as a whole\n{'':22}{'days':>5}{'':6}{'rows':>7}{'right':>8}{'wrong':>8}{'asked':>8}")
    regular = [[row for row in group if row.item.season] for group in groups]
    for name, mode in modes:
        for days in LATE:
            late = [rows for group in regular if (rows := _dated_late(service, group, days))]
            answers = [answer for group in late for answer in mode(indexes, service, group)]
            for numbering in ("tmdb", "tvdb"):
                counts = Counter(outcome(answer) for answer in answers if answer.row.label["numbering"] == numbering)
                shares = "".join(f"{counts[result] / counts.total():8.2%}" for result in ("right", "wrong", "asked"))
                print(f"{name:22}{days:5} {numbering:5}{counts.total():7}{shares}")
            if options.wrong:
                _wrong(answers, options)
    print()


def _print_counts(category: str, numbering: str, counts: Counter[str]) -> None:
    rows = counts.total() or 1
    written = counts["right"] + counts["wrong"] or 1
    shares = "".join(f"{counts[name] / rows:8.2%}" for name in ("right", "wrong", "asked"))
    print(f"{category:16}{numbering:6}{rows:7}{shares}  {counts['wrong']:4} = {counts['wrong'] / written:.2%}")


def _wrong(answers: Sequence[Answer], options: argparse.Namespace) -> None:
    for answer in answers:
        label, verdict = answer.row.label, answer.verdict
        result = outcome(answer)
        if result != options.show or (options.category and options.category not in label["category"]):
            continue
        if options.dated and not label.get("first_aired"):
            continue
        if options.numbering and options.numbering != label["numbering"]:
            continue
        best = verdict.best
        said = f"{best.subject_id}#{best.position} {best.confidence.name}" if best else "nothing"
        show = label.get("tmdb_show") or label.get("tmdb_movie")
        print(
            f"{label['category']} {label['numbering']} {show}/{label.get('tvdb_show')}"
            f" S{label.get('season')}E{label.get('episode')} {label.get('first_aired', '')}"
            f" {label['show_title_ja']} ({label['source']}): {said},"
            f" label {label['expected_subject_id']}#{label['expected_ep']} {answer.blocked or ''}{verdict.reason}"
        )
        for candidate in verdict.candidates[:4]:
            evidence = ", ".join(f"{'' if e.supports else 'not '}{e.code} {dict(e.detail)}" for e in candidate.evidence)
            print(f"      {candidate.subject_id}#{candidate.position} {candidate.confidence.name}: {evidence}")


def _index_costs() -> None:
    """Measure in a fresh process, as a worker would load it."""
    code = (
        "import resource, time\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "started = time.perf_counter()\n"
        "from sync.matching import datasets\n"
        "index = datasets.load()\n"
        "seconds = time.perf_counter() - started\n"
        "grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before\n"
        "print(f'index: {len(index.entries)} subjects ready in {seconds:.2f} s, {grown / 1024:.0f} MB')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1])  # noqa: S603 - our own interpreter and code


def _speed(index: Index, service: Service, groups: Sequence[Sequence[Row]]) -> None:
    """Count matches a second where everything that is wanted has been read."""
    known = Known(service.subjects, ())
    started = time.process_time()
    count = 0
    for group in groups:
        items = [row.item for row in group]
        judge(index, items[0].work, items, known)
        count += len(items)
    seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"speed: {count / seconds:,.0f} matches a second on one core; peak of this benchmark {peak:.0f} MB")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--wrong", action="store_true", help="print every wrong answer with its evidence")
    parser.add_argument("--late", action="store_true", help="also measure seasons that Trakt dates late as a whole")
    parser.add_argument("--show", default="wrong", choices=("wrong", "asked", "right"), help="print these instead")
    parser.add_argument("--mode", default="", help="only the mode whose name has this in it")
    parser.add_argument("--category", default="")
    parser.add_argument("--numbering", default="")
    parser.add_argument("--dated", action="store_true", help="print only rows with a date")
    return parser.parse_args()


if __name__ == "__main__":
    main()
