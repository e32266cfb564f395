"""The image's steps are done, and what comes out is run as a container would be: minutes, so by `make test-ship`."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from bgmsync.processes import GRACE
from tests.e2e.test_processes import wait_for
from tests.ship.image import build, can_be_tried, exec_form

pytestmark = [
    pytest.mark.skipif(not os.environ.get("SHIP"), reason="takes minutes and the network: make test-ship"),
    pytest.mark.skipif(bool(can_be_tried()), reason=can_be_tried() or "-"),
]

LOG_IN = """
import urllib.request as r
base = "http://localhost:8000"
page = r.urlopen(f"{base}/admin/login/").read().decode()
style = r.urlopen(f"{base}/static/bgmsync/theme.css").read()
asked = r.Request(f"{base}/admin/login/", headers={"Accept-Language": "zh-CN"})
chinese = r.urlopen(asked).read().decode()
print(int('name="password"' in page and len(style) > 1000 and "登录" in chinese))
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    folder = tmp_path_factory.mktemp("image")
    yield build(folder)
    shutil.rmtree(folder)  # half a gigabyte


def test_the_image_runs_as_nobody_in_particular_where_it_can_write_its_volume_alone(image, tmp_path, record_property):
    volume = tmp_path / "data"
    volume.mkdir(mode=0o700)
    uid, gid = map(int, image.user.split(":"))
    os.chown(volume, uid, gid)
    assert uid != 0
    log = (tmp_path / "log").open("w+")
    started = time.monotonic()
    process = subprocess.Popen(
        image.inside(exec_form(image.rest["CMD"]), volume=volume), stdout=log, stderr=log, start_new_session=True
    )
    try:

        def beside(*command: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(image.beside(process.pid, [*command]), capture_output=True, text=True, check=False)

        def healthy() -> bool:
            assert process.poll() is None, Path(log.name).read_text()
            return beside(*exec_form(image.rest["HEALTHCHECK"])).returncode == 0

        wait_for(healthy, 120)
        record_property("seconds until healthy", round(time.monotonic() - started, 1))
        assert beside("python", "-c", LOG_IN).stdout.strip() == "1"
        for path in ("/app/x", "/etc/x", "/usr/x"):
            refused = beside("touch", path)
            assert refused.returncode != 0
            assert "Read-only" in refused.stderr or "Permission denied" in refused.stderr
        assert Path(f"/proc/{process.pid}/status").read_text().split("Uid:\t")[1].split()[0] == str(uid)
    finally:
        asked = time.monotonic()
        os.kill(process.pid, getattr(signal, image.rest["STOPSIGNAL"]))
        status = process.wait(GRACE + 10)
    took = time.monotonic() - asked
    record_property("seconds until stopped", round(took, 1))
    said = Path(log.name).read_text()
    assert (status, "Traceback" in said) == (0, False), said
    assert took < GRACE
    kept = {path.name for path in volume.iterdir()}
    assert {"db.sqlite3", "secret_key", "token_key"} <= kept
    assert {path.stat().st_mode & 0o077 for path in volume.glob("*_key")} == {0}


def test_the_image_has_no_tests_no_compilers_and_no_uv_in_it(image):
    venv = image.place("/app/.venv")
    packages = {path.name.partition("-")[0] for path in venv.glob("lib/*/site-packages/*.dist-info")}
    assert {"django", "bgmsync", "granian"} <= packages
    assert not {"pytest", "hypothesis", "ruff", "uv", "playwright"} & packages
    assert not (image.place("/app") / "tests").exists()
