"""Rules as people edit them, and as files."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from sync import decisions, rulefile
from sync.models import MappingOverride, SyncItem, SyncRun

RULES = "/admin/sync/mappingoverride/"


@pytest.fixture
def browser(rows, client, queued):
    client.force_login(rows.config.user)
    return client


@pytest.fixture
def write(browser):
    """``write(…)`` adds a rule by the form, or changes one; both as the page sends it."""

    def post(pk=None, **data):
        address = f"{RULES}{pk}/change/" if pk else f"{RULES}add/"
        return browser.post(address, {"kind": "show", "trakt_id": "7", "first_position": "1", **data}, follow=True)

    return post


def state(rows) -> tuple[str, str]:
    rows.item.refresh_from_db()
    return rows.item.state, rows.item.reason


def upload(browser, text: str, address: str = f"{RULES}import/"):
    file = SimpleUploadedFile("rules.json", text.encode(), "application/json")
    return browser.post(address, {"file": file}, follow=True)


def rules(**values):
    return sorted(
        MappingOverride.objects.filter(**values).values_list(
            "season", "first_episode", "last_episode", "subject_id", "first_position"
        ),
        key=str,
    )


def test_a_new_rule_lets_what_it_is_about_be_judged_anew(write, rows):
    page = write(subject_id="https://bgm.tv/subject/400602", season="1")

    assert state(rows) == ("new", "")
    assert "1 item is looked at again by run" in page.content.decode()
    assert SyncRun.objects.get(trigger="retry").only_retry


def test_a_changed_rule_frees_what_it_was_about_and_takes_what_it_is_about(write, rows):
    write(subject_id="400602", season="1", first_episode="3", last_episode="3")
    SyncItem.objects.filter(pk=rows.item.pk).update(state="done", subject_id=400602, position=1, by_person=True)
    other = SyncItem.objects.create(
        user=rows.item.user,
        source_key="5",
        title=rows.title,
        season=1,
        number=5,
        state="done",
        subject_id=1,
        position=5,
    )

    write(MappingOverride.objects.get(trakt_id=7).pk, subject_id="400602", season="1", first_episode="5")

    other.refresh_from_db()
    assert (state(rows), other.state) == (("new", ""), "new")


def test_the_page_that_asks_whether_to_delete_says_what_that_moves(browser, write, rows):
    write(subject_id="400602", season="1")
    rule = MappingOverride.objects.get(trakt_id=7)
    SyncItem.objects.filter(pk=rows.item.pk).update(
        state="done", subject_id=400602, by_person=True, ticked_subject_id=400602, ticked_episode_id=12
    )

    page = browser.get(f"{RULES}{rule.pk}/delete/").content.decode()

    assert "Up to 1 tick that this program made is taken back." in page


def test_a_deleted_rule_frees_what_it_had_decided(browser, write, rows):
    write(season="1")
    rule = MappingOverride.objects.get(trakt_id=7)
    SyncItem.objects.filter(pk=rows.item.pk).update(state="skipped", reason="ignored")

    browser.post(RULES, {"action": "delete_selected", "_selected_action": [rule.pk], "post": "yes"})

    assert state(rows) == ("new", "")


def test_two_rules_about_the_same_episodes_are_refused(write):
    write(subject_id="1", season="1", first_episode="1", last_episode="12")

    page = write(subject_id="2", season="1", first_episode="12", last_episode="24")

    assert "S01E01–12" in page.content.decode()
    assert MappingOverride.objects.filter(trakt_id=7).count() == 1


def test_a_narrower_rule_beside_a_wider_one_is_no_conflict(write):
    write(subject_id="1", season="1")
    write(subject_id="2", season="1", first_episode="12", last_episode="24")

    assert MappingOverride.objects.filter(trakt_id=7).count() == 2


def test_a_rule_is_not_changed_under_a_run_that_is_at_its_items(write, rows):
    SyncRun.objects.create(user=rows.config.user, trigger="button", status="running")
    SyncItem.objects.filter(pk=rows.item.pk).update(state="planned")

    page = write(subject_id="1", season="1")

    assert "Nothing was changed" in page.content.decode()
    assert not MappingOverride.objects.filter(trakt_id=7).exists()


# one decision after another


def decide(rows, first, last, subject, position=1):
    rule = MappingOverride(
        user=rows.item.user,
        trakt_id=7,
        season=1,
        first_episode=first,
        last_episode=last,
        subject_id=subject,
        first_position=position,
    )
    decisions.decide(rule, rows.item.user)


@pytest.mark.parametrize(
    ("newer", "left"),
    [
        ((13, 24), [(1, 1, 12, 51, 1), (1, 13, 24, 876, 1)]),
        ((1, 24), [(1, 1, 24, 876, 1)]),
        ((None, None), [(1, None, None, 876, 1)]),
        ((5, 6), [(1, 1, 4, 51, 1), (1, 5, 6, 876, 1), (1, 7, 24, 51, 7)]),
        ((20, None), [(1, 1, 19, 51, 1), (1, 20, None, 876, 1)]),
    ],
)
def test_of_two_decisions_the_newer_one_holds_and_the_rest_of_the_older_stays(rows, queued, newer, left):
    decide(rows, 1, 24, 51)
    decide(rows, *newer, 876)

    assert rules(trakt_id=7) == left


def test_a_wider_decision_from_before_stays_behind_a_narrower_one(rows, queued):
    decide(rows, None, None, 51)
    decide(rows, 3, 3, 876)

    assert rules(trakt_id=7) == [(1, 3, 3, 876, 1), (1, None, None, 51, 1)]


def test_a_rule_for_everybody_leaves_what_a_member_decided(rows, queued, root):
    MappingOverride.objects.create(user=rows.item.user, trakt_id=7, season=1, subject_id=1)

    effect = decisions.effect_of(MappingOverride(trakt_id=7, season=1, subject_id=2))

    assert (effect.plays, effect.moved) == (0, 0)


# files


def test_rules_go_out_and_come_in_again_the_same(browser, rows):
    values = {"kind": "show", "trakt_id": 7, "subject_id": 400602}
    mine = {"user": rows.item.user}
    MappingOverride.objects.create(**mine, **values, season=1, first_episode=3, first_position=5, note="芙莉莲")
    MappingOverride.objects.create(**mine, kind="movie", trakt_id=8)
    MappingOverride.objects.create(**mine, **values, season=0, first_episode=2, last_episode=2, episode_id=99)
    before, text = rules(), browser.get(f"{RULES}export/").content.decode()
    MappingOverride.objects.all().delete()

    upload(browser, text)

    assert rules() == before
    assert MappingOverride.objects.get(season=1).note == "芙莉莲"
    assert state(rows) == ("new", "")


def test_a_file_is_taken_whole_or_not_at_all_and_says_each_place(browser):
    wrong = [
        {"kind": "show", "trakt": 1, "subject_id": 5},
        {"kind": "show", "trakt": 1, "colour": "red"},
        {"kind": "show", "trakt": 1, "season": 1, "first": 5, "last": 4},
        {"kind": "play", "trakt": 1},
        {"kind": "show", "tmdb": 99},
        {"kind": "show", "trakt": 10**20},
        {"kind": "show", "trakt": 1, "note": 5},
        7,
    ]

    page = upload(browser, json.dumps({"overrides": wrong}))

    assert page.status_code == 400
    text = page.content.decode()
    for place, what in (
        (2, "colour"),
        (3, "last"),
        (4, "kind"),
        (5, "trakt"),
        (6, "trakt"),
        (7, "note"),
        (8, "object"),
    ):
        assert f"overrides[{place}]: " in text
        assert what in text
    assert not MappingOverride.objects.filter(trakt_id=1).exists()


@pytest.mark.parametrize(
    "text", ["", "[1]", '{"overrides": {}}', '{"overrides": [], "more": 1}', "[" * 100_000, '{"overrides": [\n{,']
)
def test_what_is_no_file_of_rules_is_refused(browser, text):
    assert upload(browser, text).status_code in {200, 400}
    with pytest.raises(rulefile.RuleFileError):
        rulefile.imported(text, None)


def test_another_id_than_trakts_is_looked_up_among_the_titles_here(browser, rows):
    rows.title.tmdb_id = 209867
    rows.title.save()

    upload(browser, json.dumps({"overrides": [{"kind": "show", "tmdb": 209867, "season": 1, "subject_id": 400602}]}))

    assert MappingOverride.objects.get(subject_id=400602).trakt_id == 7


def test_a_count_that_begins_before_the_subject_begins_with_it(rows, queued):
    row = {"kind": "show", "trakt": 7, "season": 1, "subject_id": 876, "offset": -12}

    rulefile.imported(json.dumps({"overrides": [row]}), rows.item.user)

    assert rules(trakt_id=7) == [(1, 13, None, 876, 1)]


def test_a_member_sees_neither_the_rules_for_everybody_nor_makes_them(browser):
    assert browser.get(f"{RULES}export/?everybody").status_code == 403
    assert upload(browser, '{"overrides": []}', f"{RULES}import/?everybody").status_code == 403


def test_the_command_carries_rules_over(rows, capsys, monkeypatch, tmp_path):
    MappingOverride.objects.create(user=None, trakt_id=7, season=1, subject_id=5)

    call_command("overrides", "export", "--json")
    text = capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", (tmp_path / "in").open("w+"))
    (tmp_path / "in").write_text(text)
    call_command("overrides", "import", "--user", "alice", "--json")

    assert json.loads(capsys.readouterr().out) == {"imported": 1}
    assert MappingOverride.objects.get(user__username="alice", trakt_id=7).subject_id == 5
    assert state(rows) == ("new", "")


def test_the_command_says_what_is_wrong_and_changes_nothing(rows, monkeypatch, tmp_path):
    (tmp_path / "in").write_text('{"overrides": [{"kind": "show", "trakt": 1, "subject": 5}]}')
    monkeypatch.setattr("sys.stdin", (tmp_path / "in").open())

    with pytest.raises(CommandError, match=r"overrides\[1\]: subject: not a field"):
        call_command("overrides", "import")
