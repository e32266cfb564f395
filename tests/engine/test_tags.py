"""Tags are written whole, so those of the freshest row go along."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from sync.engine.entries import tags_on
from sync.models import SubjectPlan

CASES = [
    ("nothing changed since", ["a"], ["a", "owned"], ["a"], ["a", "owned"]),
    ("the user gave one since", ["a"], ["a", "owned"], ["a", "b"], ["a", "b", "owned"]),
    ("the user took one since", ["a", "b"], ["a", "b", "owned"], ["b"], ["b", "owned"]),
    ("ours is there already", ["a"], ["a", "owned"], ["a", "owned"], ["a", "owned"]),
    ("ours is taken back, the user's new one stays", ["a", "owned"], ["a"], ["a", "b", "owned"], ["a", "b"]),
    ("the user filled the list meanwhile", [], ["owned"], [f"t{n}" for n in range(10)], [f"t{n}" for n in range(10)]),
]


@pytest.mark.parametrize(("had", "wanted", "has", "written"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_tags_of_the_users_hand_are_kept_as_they_are_now(had, wanted, has, written):
    plan = SubjectPlan(before={"tags": had}, tags=wanted)
    assert list(tags_on(plan, cast("Any", SimpleNamespace(tags=has)))) == written


def test_without_a_row_the_plan_is_all_that_is_known():
    assert tags_on(SubjectPlan(before={}, tags=["owned"]), None) == ("owned",)
