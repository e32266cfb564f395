"""The guard where it counts: in a process of its own, around what Python really does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
BLOCKED = "Blocked"


def held(code: str, *arguments: str) -> str:
    """Run *code* in a process that is held to the public internet, and return what it printed, or its error's name."""
    program = f"import sys\nfrom sync.notifying import guard\nheld = guard.arm(private=False)\n{code}"
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or done.stderr.strip().rsplit("\n", 1)[-1].partition(":")[0].rpartition(".")[2]


@pytest.mark.parametrize(
    "code",
    [
        "open(sys.argv[1])",
        "import os; os.open(sys.argv[1], os.O_RDONLY)",
        "from pathlib import Path; Path(sys.argv[1]).read_text()",
        "open(sys.argv[1] + '.new', 'w')",
    ],
)
def test_files_of_this_machine_stay_closed(tmp_path, code):
    secret = tmp_path / "secret"
    secret.write_text("s")

    assert held(code, str(secret)) == BLOCKED


@pytest.mark.parametrize(
    "code",
    [
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "import socket; socket.create_connection(('localhost', 9))",
        "import socket; socket.socket(socket.AF_UNIX).connect('/run/docker.sock')",
        "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'', ('169.254.169.254', 80))",
        "import smtplib; smtplib.SMTP('127.0.0.1', 25)",
        "import urllib.request; urllib.request.urlopen('ftp://127.0.0.1/')",
    ],
)
def test_whatever_connects_by_whichever_library_connects_to_the_internet_alone(code):
    refused = f"try:\n    {code}\nexcept Exception:\n    pass\nprint(held.refused)"

    assert held(refused) == "True"


def test_a_name_is_judged_by_the_address_it_has_at_the_connection():
    """What a look-up before said is of no use: here each look-up says something else."""
    code = """
import socket
def getaddrinfo(*_args, told=[]):
    told.append(1)
    host = "9.9.9.9" if len(told) == 1 else "127.0.0.1"
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, 9))]
socket.getaddrinfo = getaddrinfo
assert socket.getaddrinfo("example.com", 9)[0][4][0] == "9.9.9.9"
socket.create_connection(("example.com", 9))
"""

    assert held(code) == BLOCKED


@pytest.mark.parametrize("code", ["import os; os.system('true')", "import subprocess; subprocess.run(['true'])"])
def test_no_program_is_started(code):
    assert held(code) == BLOCKED


def test_python_still_loads_its_modules():
    assert held("import xmlrpc.client, httpx; print('loaded')") == "loaded"
