"""The Dockerfile without a container engine: its steps are done on an overlay of this machine's own file system.

This machine stands for the base image, Debian with Python 3.11, so what comes out is no image that anybody could use;
but every command of the file is run as it stands there, in the order of an engine, and what comes out is started as
an engine would: as another user, in a network of its own, on a file system that can't be written.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
PYTHON = "/standing-for-python-slim"
PATH = f"{PYTHON}/bin:/usr/sbin:/usr/bin:/sbin:/bin"

UV = os.environ.get("UV") or shutil.which("uv") or "uv"
"""The uv that runs these tests: `uv run` says which it is, and it may be on nobody's path."""
MACHINE = {
    name: value
    for name, value in os.environ.items()
    if name.startswith(("PIP_", "SSL_", "UV_")) or name.lower().endswith("_proxy")
}
"""How this machine reaches the packages that the build steps install; an engine has its own ways for that."""


def instructions(text: str) -> list[tuple[str, str]]:
    """Return the file's instructions with their arguments, continued lines joined and comments left out."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [(word, rest.strip()) for word, _sep, rest in (line.partition(" ") for line in joined.splitlines()) if word]


def can_be_tried() -> str:
    """Return why not; empty where it can."""
    if os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("nsenter"):
        return "needs root and Linux's namespaces"
    if not Path("/usr/bin/python3.11").exists():
        return "needs Debian's Python 3.11 in the place of the base image's"
    return ""


@dataclass
class Stage:
    """What has been made of one FROM."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str = "0:0"
    rest: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("upper", "work", "root"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    @property
    def root(self) -> Path:
        return self.folder / "root"

    def inside(self, command: list[str], *, volume: Path | None = None) -> list[str]:
        """Return the command line that runs *command* inside; with a *volume* as a container, else as a build step.

        Each program replaces the one before it, so that a signal reaches the command itself.
        """
        root = shlex.quote(str(self.root))
        upper, work = self.folder / "upper", self.folder / "work"
        steps = [
            f"mount -t overlay overlay -o lowerdir=/,upperdir={upper},workdir={work} {root}",
            *([] if volume is None else self._as_a_container(volume)),
            f"mount --rbind /proc {root}/proc",
            f"mount --rbind /dev {root}/dev",
            f"exec chroot {root} {shlex.join(self._as_user(command))}",
        ]
        net = [] if volume is None else ["--net"]
        return ["unshare", "--mount", *net, "sh", "-ec", "\n".join(steps)]

    def _as_a_container(self, volume: Path) -> list[str]:
        root = self.root
        writable = [f"mount -t tmpfs tmpfs {root}/tmp", f"mount --bind {shlex.quote(str(volume))} {root}/data"]  # noqa: S108  # the container's
        return [f"mount -o remount,ro {root}", *writable, "ip link set lo up"]

    def beside(self, pid: int, command: list[str]) -> list[str]:
        """Return the command line that runs *command* in the container whose first process is *pid*."""
        return ["nsenter", f"--target={pid}", "--mount", "--net", "--root", *self._as_user(command)]

    def _as_user(self, command: list[str]) -> list[str]:
        uid, _sep, gid = self.user.partition(":")
        who = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--no-new-privs", "--bounding-set=-all"]
        env = {"PATH": PATH, "HOME": "/root"} | (MACHINE if uid == "0" else {}) | self.env
        where = ["env", "-i", f"--chdir={self.workdir}", *(f"{name}={value}" for name, value in env.items())]
        return [*([] if uid == "0" else who), *where, *command]

    def run(self, *command: str) -> None:
        done = subprocess.run(self.inside(list(command)), capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"

    def place(self, path: str) -> Path:
        """Return where a path of the image lies in the layer that was written."""
        return self.folder / "upper" / os.path.normpath(os.path.join(self.workdir, path)).lstrip("/")  # noqa: PTH118  # a path in the image


def build(folder: Path) -> Stage:
    """Do what the Dockerfile says, and return its last stage."""
    stages: dict[str, Stage] = {}
    stage = base = Stage(folder / "base")
    base.run(UV, "venv", "--quiet", "--seed", "--python", "/usr/bin/python3.11", PYTHON)
    for word, rest in instructions((ROOT / "Dockerfile").read_text()):
        if word == "FROM":
            stage = Stage(folder / f"stage{len(stages)}")
            shutil.copytree(base.folder / "upper", stage.folder / "upper", symlinks=True, dirs_exist_ok=True)
            stages[rest.partition(" AS ")[2] or str(len(stages))] = stage
        elif word == "ENV":
            pairs = (pair.partition("=") for pair in shlex.split(rest))
            known = {"PATH": PATH} | stage.env
            stage.env |= {name: value.replace("$PATH", known["PATH"]) for name, _sep, value in pairs}
        elif word == "RUN":
            stage.run("sh", "-c", rest)
        elif word == "COPY":
            _copy(stages, stage, shlex.split(rest))
        elif word == "WORKDIR":
            stage.workdir = rest
            stage.place(".").mkdir(parents=True, exist_ok=True)
        elif word == "USER":
            stage.user = rest
        else:
            stage.rest[word] = rest
    return stage


def _copy(stages: dict[str, Stage], stage: Stage, arguments: list[str]) -> None:
    source: Stage | None = None
    if arguments[0].startswith("--from="):
        source = stages[arguments.pop(0).removeprefix("--from=")]
    *what, to = arguments
    for path in what:
        target = stage.place(f"{to}{path}" if to.endswith("/") else to)
        target.parent.mkdir(parents=True, exist_ok=True)
        if source:
            shutil.copytree(source.place(path), target, symlinks=True)
        else:
            _copy_context(path, target)


def context() -> list[str]:
    """Return the files that an engine would be given: those of the repository that .dockerignore lets through."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    return [file for file in files if file.partition("/")[0] in let_through and (ROOT / file).exists()]


def _copy_context(path: str, target: Path) -> None:
    found = [file for file in context() if file == path or file.startswith(f"{path}/")]
    assert found, f"COPY {path}: nothing of that name is let through"
    for file in found:
        to = target if file == path else target / file.removeprefix(f"{path}/")
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / file, to)


def exec_form(text: str) -> list[str]:
    """Return the words of a command that is written as a list, which no shell stands before."""
    words = json.loads(text[text.index("[") :])
    assert all(isinstance(word, str) for word in words)
    return words
