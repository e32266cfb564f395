"""The product's settings for tests: its own folder for what it keeps, no pauses, addresses that answer nothing."""

from __future__ import annotations

import os
import tempfile

os.environ.setdefault("VAR_DIR", tempfile.mkdtemp(prefix="bgmsync-tests-"))
os.environ.setdefault("RETRY_SCALE", "0.001")
os.environ.setdefault("TRAKT_RATE", "0")
os.environ.setdefault("BANGUMI_RATE", "0")
for _name in ("TRAKT_API_URL", "TRAKT_AUTH_URL", "BANGUMI_API_URL", "BANGUMI_AUTH_URL"):
    os.environ.setdefault(_name, "http://127.0.0.1:9")  # the discard port: a test that forgets its stand-in fails fast

_on_servers = os.environ.get("TEST_POSTGRES")
if _on_servers:  # `python -m tests.servers`; each process of the tests has a queue of its own
    os.environ["DATABASE_URL"] = f"{_on_servers}bgmsync"
    os.environ["REDIS_URL"] = f"{os.environ['TEST_REDIS']}0"

from bgmsync.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
