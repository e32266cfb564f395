"""Taking secrets out of texts: those that this process has read, and what looks like one.

Secrets come into a process by two doors only, the settings and :mod:`bgmsync.shared.encryption`, and both tell them
here (:func:`keep_out`). What came another way, such as a token in a service's answer, is met by its looks. It is better
to hide a word too many than to show one token: what a log loses by it is at most an address's path.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from threading import Lock
from urllib.parse import unquote, urlsplit

HIDDEN = "[hidden]"
SHORTEST = 6
"""Shorter texts are not kept out by their value: every word that holds them would be maimed."""
MOST = 1_000
"""Secrets of users that are remembered; those that were read last. A run reads its own when it begins."""

_always: set[str] = set()
_lately: OrderedDict[str, None] = OrderedDict()
_lock = Lock()

ADDRESS = re.compile(r"\b([A-Za-z][A-Za-z0-9+.\-]*)://[^\s'\"<>]+")
WEB = frozenset({"http", "https"})
MAIL = re.compile(r"[^\s@'\"<>:/=]{1,64}@[^\s@'\"<>:/]{1,255}\.\w+")
"""Bounded as addresses are: without it, a long word without an @ is read from each of its letters to its end."""
HEADER = re.compile(
    r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie|x-csrftoken|trakt-api-key)(['\"]?\s*[:=,]\s*)[^\r\n]+"
)
SCHEME = re.compile(r"(?i)\b(bearer|basic|token)\s+[A-Za-z0-9._~+/\-]{6,}=*")
WORD = r"(?:token|secret|passw(?:or)?d|passphrase|api_?key|private_?key|sessionid|csrf|signature)"
WORDS = rf"[\w\-]{{0,40}}{WORD}[\w\-]{{0,40}}"
NAMED = re.compile(rf"(?i)\b({WORDS}['\"]?\s*[=:]\s*)(b?'[^']*'|b?\"[^\"]*\"|[^\s,;&)\]}}]+)")
QUERY = re.compile(r"(?<=[\w/])\?[\w\-.%\[\]]+=[^\s'\"<>]*")
INVITATION = re.compile(r"(/join/)[^\s/'\"]+")
RANDOM = re.compile(r"(?<![A-Za-z0-9_\-])(?=[A-Za-z_\-]*[0-9])(?=[0-9_\-]*[A-Za-z])[A-Za-z0-9_\-]{24,}={0,2}")
"""What no word is as long as, and has letters and digits: tokens, keys, checksums, session ids, UUIDs."""


def keep_out(*secrets: str, always: bool = False) -> None:
    """Hide *secrets* in all texts from now on; ``always`` is for the few of the installation itself."""
    with _lock:
        for secret in secrets:
            if len(secret) < SHORTEST or re.fullmatch(f"(?i){WORD}", secret):
                continue  # were such a word hidden, what it names would not be known for a secret
            if always:
                _always.add(secret)
                continue
            _lately[secret] = None
            _lately.move_to_end(secret)
        while len(_lately) > MOST:
            _lately.popitem(last=False)


def keep_out_password_of(*addresses: str) -> None:
    """Hide the passwords that *addresses*, such as a database's, carry."""
    for address in addresses:
        try:
            parts = urlsplit(address)
            password = unquote(parts.password or "")
        except ValueError:
            password = ""
        keep_out(password, always=True)


def redact(text: str) -> str:
    """Return *text* without what is secret.

    >>> redact("GET https://me:pw@example.org/x?token=1 failed: Authorization: Bearer abcdef0123456789")
    'GET https://example.org/… failed: Authorization: [hidden]'
    """
    with _lock:
        known = [secret for secret in (*_always, *_lately) if secret in text]
    for secret in sorted(known, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    text = ADDRESS.sub(lambda found: _shown(found.group()), text)
    text = HEADER.sub(rf"\1\2{HIDDEN}", text)
    text = SCHEME.sub(rf"\1 {HIDDEN}", text)
    text = NAMED.sub(rf"\1{HIDDEN}", text)
    text = QUERY.sub("?…", text)
    text = INVITATION.sub(rf"\1{HIDDEN}", text)
    text = MAIL.sub(HIDDEN, text)
    return RANDOM.sub(HIDDEN, text)


def names_a_secret(name: str) -> bool:
    """Tell whether what is called *name* is hidden whatever it looks like."""
    return re.fullmatch(f"(?i){WORDS}|authorization|cookie", name) is not None


def _shown(address: str) -> str:
    """Return what may be shown of *address*: of the web its host; of all others, which lead to a person, their kind."""
    scheme = address.partition("://")[0].lower()
    try:
        host = urlsplit(address).hostname or ""
        port = urlsplit(address).port
    except ValueError:
        return f"{scheme}://{HIDDEN}"
    if scheme not in WEB or not host:
        return f"{scheme}://{HIDDEN}"
    return f"{scheme}://{host}{f':{port}' if port else ''}/…"
