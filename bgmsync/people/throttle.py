"""How often what can be guessed at may be tried: who comes too often is told to come back later.

Counted in the database, so that it holds over all processes and machines, and over a restart.
"""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, NamedTuple

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from bgmsync.people.models import Tries

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest

PERIOD = timedelta(minutes=10)
"""In which tries are counted together."""
MOST = 20
HOUSEHOLD = 64
"""Bits of an IPv6 address that one customer is given; the rest is theirs to vary."""


class Limit(NamedTuple):
    """*most* tries in a period of *what*, counted together for *who*."""

    what: str
    who: str
    most: int = MOST


def too_many(*limits: Limit) -> bool:
    """Count one more try by each of the *limits*, and tell whether it is one too many by any.

    It is counted before it is looked at, so that tries that come at once do not slip by together.
    """
    now = timezone.now()
    Tries.objects.filter(since__lte=now - PERIOD).delete()
    return any([_count(limit, now) > limit.most for limit in limits])  # noqa: C419  # each is counted, whatever the others say


def _count(limit: Limit, now: datetime) -> int:
    key = _key(limit)
    with transaction.atomic():
        Tries.objects.bulk_create([Tries(key=key, since=now)], ignore_conflicts=True)
        Tries.objects.filter(key=key).update(count=F("count") + 1)
        return Tries.objects.values_list("count", flat=True).get(key=key)


def forgive(*limits: Limit) -> None:
    """Take one try back: it was a right one."""
    keys = [_key(limit) for limit in limits]
    Tries.objects.filter(key__in=keys, count__gt=0).update(count=F("count") - 1)


def address_of(request: HttpRequest) -> str:
    """Return the caller's address; behind a proxy ``bgmsync.middleware.Proxy`` has put it there."""
    return str(request.META.get("REMOTE_ADDR", ""))


def neighbourhood(address: str) -> str:
    """Return what tries from *address* are counted by: of IPv6 the network, as an attacker has all its addresses."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    return str(found.ipv4_mapped or IPv6Network((int(found), HOUSEHOLD), strict=False))


def _key(limit: Limit) -> str:
    return sha256(f"{limit.what}:{limit.who}".encode()).hexdigest()
