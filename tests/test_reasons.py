"""Every code that an item or a run can carry has words for people."""

from __future__ import annotations

import pytest

from bgmsync.shared.http import errors
from sync.lookup import BAD_LINE
from sync.matching.codes import EvidenceCode, MatchReason
from sync.reasons import REMEDY_TEXT, TEXTS, Reason, Remedy, text_of

REMOTE = [
    f"{service}_{kind.code}"
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.RemoteError) and kind is not errors.RemoteError
    for service in ("trakt", "bangumi")
    if not (service == "bangumi" and kind.code in {"vip_only", "account_locked", "account_limit"})
    if not (service == "trakt" and kind.code == "outcome_unknown")
]


@pytest.mark.parametrize("code", [*Reason, *MatchReason, *REMOTE])
def test_a_reason_has_a_short_text_a_long_one_and_a_remedy_with_words(code):
    text = TEXTS[code]
    assert str(text.short)
    assert str(text.long)
    assert text.remedy is Remedy.NONE or str(REMEDY_TEXT[text.remedy])


def test_a_code_of_another_version_is_shown_as_it_is():
    assert text_of("from_the_future").short == "from the future"


@pytest.mark.parametrize("code", [*EvidenceCode])
def test_evidence_has_a_sentence(code):
    from sync.admin.evidence import SENTENCES  # noqa: PLC0415  # the admin needs loaded apps

    assert str(SENTENCES[str(code)])


def test_a_bad_line_is_no_reason_of_an_item():
    assert BAD_LINE not in TEXTS
