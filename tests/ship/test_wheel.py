"""The wheel is built and run where nothing of the checkout is: a minute, so by `make test-ship`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from bgmsync import __version__
from bgmsync.processes import GRACE
from tests.e2e.test_processes import free_port, get, wait_for
from tests.ship.image import UV

ROOT = Path(__file__).parents[2]
OURS = {"bgmsync", "sync", "templates", "trakt"}

pytestmark = pytest.mark.skipif(not os.environ.get("SHIP"), reason="builds and installs for a minute: make test-ship")


@pytest.fixture(scope="module")
def dist(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([UV, "build", "--quiet", "--out-dir", str(folder)], cwd=ROOT, check=True)
    return folder


@pytest.fixture
def wheel(dist) -> Path:
    return next(dist.glob("*.whl"))


@pytest.fixture
def elsewhere(tmp_path):
    """Give a way to start the wheel's commands as somebody who has nothing but uv: an empty home, an empty folder."""
    home, folder = tmp_path / "home", tmp_path / "empty"
    home.mkdir()
    folder.mkdir()
    # The cache is this machine's: what is tried is whether the wheel runs, not the network.
    cache = subprocess.run([UV, "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()
    passed = ("PATH", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR")
    env = {name: os.environ[name] for name in passed if name in os.environ}
    env |= {name: value for name, value in os.environ.items() if name.startswith(("UV_", "PYENV_"))}
    env |= {"HOME": str(home), "UV_CACHE_DIR": cache, "UV_TOOL_DIR": str(home / "tools"), "PYTHONNOUSERSITE": "1"}

    def start(wheel: Path, *command: str) -> subprocess.Popen[str]:
        uvx = [UV, "tool", "run", "--quiet", "--from", str(wheel), "bgmsync", *command]
        return subprocess.Popen(
            uvx,
            cwd=folder,
            env=env,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    return start


def test_the_demo_runs_from_the_wheel_in_an_empty_home(wheel, elsewhere):
    process = elsewhere(wheel, "demo", "--once", "--json", "--port", str(free_port()))
    out, err = process.communicate(timeout=180)
    assert process.returncode == 0, err
    told = json.loads(out)["sync"]
    assert told["read"] == told["expected"] == sum(told["items"].values()) > 100
    assert told["items"]["done"] > 100
    assert "Traceback" not in err


def test_it_says_its_own_version(wheel, elsewhere):
    out, _err = elsewhere(wheel, "--version").communicate(timeout=60)
    assert out == f"bgmsync {__version__}\n"


def test_up_serves_from_the_wheel_and_stops(wheel, elsewhere):
    port = free_port()
    process = elsewhere(wheel, "up", "--json", "--port", str(port))
    assert process.stdout is not None
    try:
        assert json.loads(process.stdout.readline())["password"]
        base = f"http://127.0.0.1:{port}"
        wait_for(lambda: get(f"{base}/healthz")[0] == 200)
        assert 'name="password"' in get(f"{base}/admin/login/")[1]
        assert "--" in get(f"{base}/static/bgmsync/theme.css")[1]
    finally:
        process.terminate()
        _out, err = process.communicate(timeout=GRACE + 10)
    assert "Traceback" not in err


def test_the_wheel_holds_all_that_the_program_reads(wheel):
    inside = set(zipfile.ZipFile(wheel).namelist())
    wanted = [file for file in tracked() if file.partition("/")[0] in OURS]
    assert [file for file in wanted if file not in inside] == []
    tops = {name.partition("/")[0] for name in inside}
    assert tops == OURS | {f"bgmsync-{__version__}.dist-info"}
    assert f"bgmsync-{__version__}.dist-info/licenses/LICENSE" in inside


def test_nobody_whom_it_depends_on_has_a_package_of_the_same_name(wheel, tmp_path):
    """Names as plain as `sync` and `templates` are at home in `site-packages` only while nobody else uses them."""
    into = tmp_path / "installed"
    subprocess.run([UV, "venv", "--quiet", str(into)], check=True)
    install = [UV, "pip", "install", "--quiet", "--python", str(into), str(wheel)]
    subprocess.run(install, check=True)
    owners: dict[str, set[str]] = {name: set() for name in OURS}
    for record in into.glob("lib/*/site-packages/*.dist-info/RECORD"):
        tops = {line.partition("/")[0] for line in record.read_text().splitlines()}
        for name in tops & OURS:
            owners[name].add(record.parent.name)
    assert set().union(*owners.values()) == {f"bgmsync-{__version__}.dist-info"}


def test_the_source_archive_holds_all_that_is_kept(dist):
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("this is no checkout")
    with tarfile.open(next(dist.glob("*.tar.gz"))) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    assert [file for file in tracked() if file not in inside] == []


def tracked() -> list[str]:
    git = ["git", "ls-files"]
    listed = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=True)
    return [file for file in listed.stdout.splitlines() if (ROOT / file).exists()]
