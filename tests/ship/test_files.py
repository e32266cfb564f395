"""What cannot be run here is read as strictly as can be: Dockerfile, compose files, unit, workflows."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest
import yaml
from django.core.management import get_commands, load_command_class

from bgmsync import __version__
from bgmsync.processes import GRACE
from tests.ship.image import exec_form, instructions

ROOT = Path(__file__).parents[2]
TOOLS = Path(sys.executable).parent
COMPOSE = ["compose.yaml", "compose.scale.yaml"]
WORKFLOWS = sorted(path.name for path in (ROOT / ".github" / "workflows").glob("*.yml"))
PROMISED = 40
"""Seconds that the documents and supervisors give us to stop in."""


def said_by(*command: str) -> str:
    """Run a tool of ours over files of ours; return what it complains of."""
    done = subprocess.run(
        [str(TOOLS / command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def compose(name: str) -> dict:
    return yaml.safe_load((ROOT / name).read_text())


def workflow(name: str) -> dict:
    return yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text())


def test_supervisors_give_more_time_than_we_take():
    assert GRACE < PROMISED - 5


# the image


def dockerfile() -> list[tuple[str, str]]:
    return instructions((ROOT / "Dockerfile").read_text())


def test_the_dockerfile_passes_its_linter():
    assert said_by("hadolint", "Dockerfile") == ""


def test_the_image_is_made_in_two_stages_and_runs_as_nobody_in_particular():
    words = dockerfile()
    assert [word for word, _rest in words].count("FROM") == 2
    last = words[max(place for place, (word, _rest) in enumerate(words) if word == "FROM") :]
    found = dict(last)
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", found["USER"])
    assert found["STOPSIGNAL"] == "SIGTERM"
    assert exec_form(found["CMD"])[0] == exec_form(found["HEALTHCHECK"])[0] == "bgmsync"


def test_every_command_of_the_image_and_of_the_compose_files_is_one_of_ours():
    found = dict(dockerfile())
    commands = [exec_form(found["CMD"]), exec_form(found["HEALTHCHECK"])]
    for name in COMPOSE:
        for service in compose(name)["services"].values():
            commands += [service.get("command", []), service.get("healthcheck", {}).get("test", [])[1:]]
    ours = [command[1:] for command in commands if command[:1] == ["bgmsync"]]
    assert len(ours) > 5
    for command, *options in ours:
        parser = load_command_class(get_commands()[command], command).create_parser("bgmsync", command)
        parser.parse_args(options)


def test_the_engine_is_given_all_that_the_image_is_made_of_and_nothing_else():
    copied = {
        name.partition("/")[0]
        for word, rest in dockerfile()
        if word == "COPY" and not rest.startswith("--from")
        for name in rest.split()[:-1]
    }
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert let_through == copied


# compose


@pytest.mark.parametrize("name", COMPOSE)
def test_compose_files_follow_the_published_schema(name):
    assert said_by("check-jsonschema", "--builtin-schema", "vendor.compose-spec", name) == ""


@pytest.mark.parametrize(
    ("name", "service"), [(name, service) for name in COMPOSE for service in compose(name)["services"]]
)
def test_every_service_is_watched_stops_in_time_and_may_do_nothing_else(name, service):
    how = compose(name)["services"][service]
    assert how["read_only"] is True
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", how["user"])
    assert how["cap_drop"] == ["ALL"]
    assert how["security_opt"] == ["no-new-privileges:true"]
    assert how["healthcheck"].get("test") or service == "migrate"
    assert how["logging"]["options"]["max-size"]
    assert "privileged" not in how
    if "build" in how:
        assert how["stop_grace_period"] == f"{PROMISED}s"
        assert how["environment"]["VAR_DIR"] == "/data"
        assert how["volumes"] == ["data:/data"]
        assert how["user"] == dict(dockerfile())["USER"]
    for port in how.get("ports", []):
        assert port.startswith("${BIND:-127.0.0.1}:"), "open to this machine alone, until somebody says otherwise"


def test_the_large_one_has_two_workers_a_web_server_and_both_stores():
    services = compose("compose.scale.yaml")["services"]
    assert set(services) == {"migrate", "web", "worker", "postgres", "redis"}
    assert services["worker"]["deploy"]["replicas"] == 2
    assert {service["environment"]["DATABASE_URL"] for service in services.values() if "build" in service} == {
        "postgres://bgmsync:${POSTGRES_PASSWORD:?set it in .env}@postgres/bgmsync"
    }


# systemd


def unit() -> ConfigParser:
    parser = ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # ty: ignore[invalid-assignment]  # the documented way to keep capitals
    parser.read(ROOT / "deploy" / "bgmsync.service")
    return parser


def test_the_unit_stops_the_first_process_alone_and_waits_as_long_as_is_promised():
    service = unit()["Service"]
    assert service["KillMode"] == "mixed"
    assert service["TimeoutStopSec"] == str(PROMISED)
    assert service["Restart"] == "on-failure"
    assert service["User"] == "bgmsync"
    assert service["Environment"].startswith(f"VAR_DIR=/var/lib/{service['StateDirectory']} ")


def test_systemd_understands_the_unit_and_finds_it_well_shut(tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not here")
    text = (ROOT / "deploy" / "bgmsync.service").read_text()
    copy = tmp_path / "bgmsync.service"
    copy.write_text(text.replace(unit()["Service"]["ExecStart"].split()[0], "/bin/true"))
    verify = ["systemd-analyze", "verify", "--man=no", str(copy)]
    done = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    security = ["systemd-analyze", "security", "--offline=yes", "--threshold=20", str(copy)]
    done = subprocess.run(security, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


# workflows


@pytest.mark.parametrize("name", WORKFLOWS)
def test_workflows_follow_the_published_schema(name):
    assert said_by("check-jsonschema", "--builtin-schema", "vendor.github-workflows", f".github/workflows/{name}") == ""


def test_nobody_can_misuse_the_workflows():
    assert said_by("zizmor", "--offline", "--no-progress", "--quiet", ".github/workflows") == ""


@pytest.mark.parametrize("name", WORKFLOWS)
def test_workflows_use_pinned_actions_and_may_do_nothing_that_a_job_does_not_say(name):
    text = (ROOT / ".github" / "workflows" / name).read_text()
    used = re.findall(r"uses: (.+)", text)
    assert [use for use in used if not re.fullmatch(r"[\w/.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use)] == []
    parsed = workflow(name)
    assert parsed["permissions"] == {}
    assert all(job["permissions"] and job["timeout-minutes"] for job in parsed["jobs"].values())


def test_what_workflows_run_is_there_and_begins_with_what_ci_runs():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    lines = [
        line
        for name in WORKFLOWS
        for job in workflow(name)["jobs"].values()
        for step in job["steps"]
        for line in step.get("run", "").splitlines()
    ]
    assert {line.split()[1] for line in lines if line.startswith("make ")} <= targets
    assert lines.count(".ci/run") == len(WORKFLOWS)


# versions


def test_the_version_stands_in_one_place_and_the_changelog_names_it():
    assert 'dynamic = ["version"]' in (ROOT / "pyproject.toml").read_text()
    assert re.search(rf"^## {re.escape(__version__)}\b", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


def test_the_image_brings_the_uv_that_is_named_with_its_number():
    (line,) = [rest for word, rest in dockerfile() if word == "RUN" and "pip install" in rest]
    assert re.search(r" uv==\d+\.\d+\.\d+$", line)
    assert not re.search(r"index|://", line)


def test_nothing_that_ships_it_names_a_registry_of_packages():
    files = ["Dockerfile", *COMPOSE, "deploy/bgmsync.service", *(f".github/workflows/{name}" for name in WORKFLOWS)]
    assert json.dumps([file for file in files if "pypi.org" in (ROOT / file).read_text()]) == "[]"
