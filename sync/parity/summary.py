"""A comparison as the command prints it: for programs, and for people at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sync.models import ParityReport, Subject
from sync.parity.rules import Kind, What
from sync.reasons import text_of

if TYPE_CHECKING:
    from sync.models import ParityRow

MOST_LINES = 200
"""Rows printed for a person; a program gets them all."""

SAID = {
    What.UNTICKED: "{count} not ticked any more",
    What.REMARKED: "{count} marked otherwise since",
    What.ENTRY: "not on the list any more",
    What.RATING: "rated {on_trakt} on Trakt, {on_bangumi} on Bangumi",
    What.TAG: "the tag is gone",
    What.STATE: "the state on the list contradicts what was watched",
    What.DROPPED: "dropped on Trakt, not on Bangumi",
    What.TICKS: "{count} ticked there alone",
}


def as_data(report: ParityReport) -> dict[str, Any]:
    """Return the whole comparison; rows that are in step are only counted."""
    return {
        "report": report.pk,
        "status": report.status,
        "reason": report.reason,
        "subjects": report.subjects,
        "in_step": report.in_step,
        **{kind.value: report.counts.get(kind.value, 0) for kind in Kind},
        "requests": report.requests,
        "rows": [_row(row) for row in _differing(report)],
    }


def as_text(report: ParityReport) -> str:
    if report.status == ParityReport.Status.FAILED:
        return f"The comparison failed: {text_of(report.reason).short}. {text_of(report.reason).long}"
    lines = [f"{report.in_step} of {report.subjects} in step, {report.requests} requests"]
    lines += [f"  {kind.value:<12} {report.counts.get(kind.value, 0)}" for kind in Kind]
    rows = [row for row in _differing(report) if not row.alone]
    names = {row.pk: str(row) for row in Subject.objects.filter(pk__in=[row.subject_id for row in rows])}
    for row in rows[:MOST_LINES]:
        name = names.get(row.subject_id or 0) or str(row.title or row)
        lines += [f"  {finding['kind']:<12} {name}: {_said(finding)}" for finding in row.findings]
    if len(rows) > MOST_LINES:
        lines.append(f"  … and {len(rows) - MOST_LINES} more; --json prints all")
    return "\n".join(lines)


def _differing(report: ParityReport) -> list[ParityRow]:
    return [row for row in report.rows.select_related("title") if row.findings]


def _row(row: ParityRow) -> dict[str, Any]:
    return {
        "subject_id": row.subject_id,
        "title": row.title.title if row.title else None,
        "seasons": row.seasons,
        "only_on_bangumi": row.alone,
        "watched": row.watched,
        "ticked": row.ticked,
        "rating": row.rating,
        "rate": row.rate,
        "listed": row.listed,
        "findings": row.findings,
    }


def _said(finding: dict[str, Any]) -> str:
    text = SAID.get(finding["what"])
    if text is not None:
        return text.format(**finding)
    return f"{finding['count']} × {text_of(finding['reason']).short if finding['reason'] else 'not looked at yet'}"
