"""HTTP to Trakt and Bangumi: transport, budget interface, tokens, errors. Knows no Django."""

from __future__ import annotations

import logging

from bgmsync.shared.http.budget import Budget, LocalBudget
from bgmsync.shared.http.concurrently import together
from bgmsync.shared.http.errors import (
    AccountLimit,
    AccountLocked,
    AppRefused,
    Forbidden,
    NeedsVip,
    NotFound,
    OutcomeUnknown,
    PutOff,
    RateLimited,
    Rejected,
    RemoteError,
    ServerTrouble,
    Unauthorized,
    Unreachable,
)
from bgmsync.shared.http.identity import BANGUMI_USER_AGENT, TRAKT_USER_AGENT, user_agent
from bgmsync.shared.http.oauth import TokenGrant
from bgmsync.shared.http.tokens import Anonymous, StaticTokens, Tokens, with_token
from bgmsync.shared.http.transport import Answer, Transport, new_client

__all__ = [
    "BANGUMI_USER_AGENT",
    "TRAKT_USER_AGENT",
    "AccountLimit",
    "AccountLocked",
    "Anonymous",
    "Answer",
    "AppRefused",
    "Budget",
    "Forbidden",
    "LocalBudget",
    "NeedsVip",
    "NotFound",
    "OutcomeUnknown",
    "PutOff",
    "RateLimited",
    "Rejected",
    "RemoteError",
    "ServerTrouble",
    "StaticTokens",
    "TokenGrant",
    "Tokens",
    "Transport",
    "Unauthorized",
    "Unreachable",
    "new_client",
    "together",
    "user_agent",
    "with_token",
]

# httpx logs each address with its query, httpcore each answer's headers: what we log ourselves says enough.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)
