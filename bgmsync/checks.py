"""System checks: what is wrong with the settings, what it means, and how to mend it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import Error, register
from django.core.checks import Warning as CheckWarning
from django.db import DatabaseError

from bgmsync import __version__
from bgmsync.shared import keyproof, schema
from bgmsync.shared.command import KEYS, SCHEMA, TAG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.core.checks import CheckMessage

NAME_OF_ADDRESS = re.compile(r"[A-Za-z0-9.:-]{0,32}")


@register(TAG)
def token_keys(**_kwargs: Any) -> list[CheckMessage]:
    """Refuse to start with keys that could not read or write a token."""
    found: list[CheckMessage] = []
    for place, key in enumerate(settings.TOKEN_KEYS, start=1):
        try:
            Fernet(key)
        except ValueError:
            found.append(
                Error(
                    f"TOKEN_KEYS: key {place} is not a Fernet key, so stored tokens can be neither read nor written.",
                    hint="Make one with: python -c 'from cryptography.fernet import Fernet; "
                    "print(Fernet.generate_key().decode())'. Keep old keys after the new one.",
                    id="bgmsync.E001",
                )
            )
    return found


@register(TAG)
def addresses(**_kwargs: Any) -> list[CheckMessage]:
    """Check the addresses that OAuth and the clients are given."""
    names = ("BASE_URL", "TRAKT_API_URL", "TRAKT_AUTH_URL", "BANGUMI_API_URL", "BANGUMI_AUTH_URL")
    return [message for name in names for message in _address(name, getattr(settings, name))]


def _address(name: str, value: str) -> Iterator[CheckMessage]:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        yield Error(
            f"{name} is not an http(s) address: {value!r}.",
            hint=f"Set {name} to something like https://sync.example.org (no path, no query).",
            id="bgmsync.E002",
        )
    elif name == "BASE_URL" and parts.scheme == "http" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
        yield CheckWarning(
            "BASE_URL is plain http on a public name: log-ins and cookies can be read on the way, and Trakt may "
            "refuse the redirect address.",
            hint="Put the program behind https and set BASE_URL to it; until then Trakt can be connected by code.",
            id="bgmsync.W001",
        )


@register(TAG)
def limits(**_kwargs: Any) -> list[CheckMessage]:
    """Check the numbers that decide how politely and how patiently the program works."""
    found: list[CheckMessage] = [
        Error(f"{name} is negative.", hint="Use a positive number; 0 lifts a rate limit.", id="bgmsync.E003")
        for name in ("TRAKT_RATE", "BANGUMI_RATE", "RETRY_SCALE")
        if getattr(settings, name) < 0
    ]
    real = settings.BANGUMI_API_URL == "https://api.bgm.tv" or settings.TRAKT_API_URL == "https://api.trakt.tv"
    if real and (settings.TRAKT_RATE == 0 or settings.BANGUMI_RATE == 0):
        found.append(
            CheckWarning(
                "A rate limit is lifted towards a real service: it will ban this address.",
                hint="Remove TRAKT_RATE and BANGUMI_RATE, or set them to the defaults in .env.example.",
                id="bgmsync.W002",
            )
        )
    return found


@register(TAG)
def public_address(**_kwargs: Any) -> list[CheckMessage]:
    """Refuse a name that does not fit into the key of a budget."""
    if NAME_OF_ADDRESS.fullmatch(settings.PUBLIC_ADDRESS):
        return []
    return [
        Error(
            f"PUBLIC_ADDRESS is {settings.PUBLIC_ADDRESS!r}: not a name that a budget can have.",
            hint="Use up to 32 letters, digits, dots, colons and dashes, such as 203.0.113.7 or tokyo-1.",
            id="bgmsync.E008",
        )
    ]


@register(TAG)
def registration(**_kwargs: Any) -> list[CheckMessage]:
    """Refuse a word that is none of the three: a door that is neither open nor shut."""
    if settings.REGISTRATION in {"off", "invite", "open"}:
        return []
    return [
        Error(
            f"REGISTRATION is {settings.REGISTRATION!r}, so nobody can tell who may make an account.",
            hint="Set it to off, invite or open.",
            id="bgmsync.E005",
        )
    ]


@register(TAG)
def second_step(**_kwargs: Any) -> list[CheckMessage]:
    """Refuse a word that is none of the three: nobody could tell of whom a second step is asked."""
    if settings.REQUIRE_TOTP in {"off", "operators", "all"}:
        return []
    return [
        Error(
            f"REQUIRE_TOTP is {settings.REQUIRE_TOTP!r}, so nobody can tell of whom a second step is asked.",
            hint="Set it to off, operators or all.",
            id="bgmsync.E006",
        )
    ]


@register(TAG, deploy=True)
def proxy(**_kwargs: Any) -> list[CheckMessage]:
    """Say so where everybody would seem to come from the proxy: one who guesses passwords would shut out all."""
    if settings.BEHIND_PROXY or not settings.HTTPS:
        return []
    return [
        CheckWarning(
            "BASE_URL is https, which the program itself does not speak, and BEHIND_PROXY is off: all visitors seem to "
            "have the proxy's address, so tries at passwords are counted for all of them together.",
            hint="Remove BEHIND_PROXY=false, and have the proxy set X-Forwarded-For and X-Forwarded-Proto.",
            id="bgmsync.W003",
        )
    ]


@register(SCHEMA)
def database_not_newer(**_kwargs: Any) -> list[CheckMessage]:
    """Refuse to work on what a later version left: a downgrade would misread it, and write what that one misreads."""
    newer = schema.newer_than_program()
    if not newer:
        return []
    return [
        Error(
            f"The database is newer than the program: bgmsync {__version__} does not know {', '.join(newer)}. "
            "Nothing was changed.",
            hint=schema.WHAT_TO_DO,
            id="bgmsync.E004",
        )
    ]


@register(KEYS)
def keys_of_the_installation(**_kwargs: Any) -> list[CheckMessage]:
    """Refuse to work with keys that are not those of the database: every connection would be taken for lost."""
    try:
        fit = keyproof.look() if schema.exists() else keyproof.Fit.WELL
    except DatabaseError:
        return []  # its tables are still to be made, or whoever needs it says what is wrong with it
    if fit is keyproof.Fit.OTHER_TOKEN_KEYS:
        return [
            Error(
                "The tokens in the database can't be read with this machine's keys, so users' accounts can't be "
                "reached. Nothing was changed.",
                hint="Give this machine the TOKEN_KEYS (or the file VAR_DIR/token_key) that the others have, or that "
                "it had before. If they are lost: manage.py backup FILE, then restore FILE --yes --force; users "
                "then connect their accounts again, and nothing else is lost.",
                id="bgmsync.E007",
            )
        ]
    if fit is keyproof.Fit.OTHER_SECRET_KEY:
        return [
            CheckWarning(
                "SECRET_KEY is not the one that was used last with this database: who was logged in there must log in "
                "again, and jobs that wait are handed out anew.",
                hint="If you have changed it, all is well, and this is said once. On several machines it must be the "
                "same everywhere, as must TOKEN_KEYS.",
                id="bgmsync.W004",
            )
        ]
    return []
