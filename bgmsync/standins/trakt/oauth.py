"""auth.trakt.tv: consent with PKCE, tokens, refreshing, revoking, and the device flow."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from bgmsync.standins.bodies import form_body, json_body
from bgmsync.standins.consent import code_page, consent_page, page
from bgmsync.standins.tokens import Pair, Refused, redirect_allowed
from bgmsync.standins.trakt.paging import Json

if TYPE_CHECKING:
    from starlette.requests import Request

    from bgmsync.standins.trakt.site import TraktSite
    from bgmsync.standins.world import App

SERVICE = "Trakt"
DEVICE_LIFETIME = 600
SHORTEST_VERIFIER = 43
LONGEST_VERIFIER = 128

DESCRIPTIONS = {"invalid_grant": "session not found", "invalid_client": "client_id is required"}


@dataclass(slots=True)
class Device:
    """A device waiting for its user. ``decision``: the user who allowed it, "" when denied, None while pending."""

    client_id: str
    user_code: str
    expires: float
    polled: float = 0
    decision: str | None = None
    used: bool = False


class OAuth:
    def __init__(self, site: TraktSite) -> None:
        self._site = site
        self._tokens = site.tokens
        self._clock = site.hub.clock
        self._devices: dict[str, Device] = {}
        self.routes = [
            Route("/oauth/authorize", self.authorize, methods=["GET"]),
            Route("/oauth/authorize", self.decide, methods=["POST"]),
            Route("/oauth/token", self.token, methods=["POST"]),
            Route("/oauth/revoke", self.revoke, methods=["POST"]),
            Route("/oauth/device/code", self.device_code, methods=["POST"]),
            Route("/oauth/device/token", self.device_token, methods=["POST"]),
            Route("/activate", self.activate, methods=["GET"]),
            Route("/activate", self.decide_device, methods=["POST"]),
        ]

    async def authorize(self, request: Request) -> Response:
        """Show the consent page; a bad request is told to the person, never sent back to an unknown address."""
        asked = request.query_params
        app = self._tokens.app(asked.get("client_id"))
        if app is None or not redirect_allowed(app, asked.get("redirect_uri", "")):
            return HTMLResponse(page("Unknown application", "<p>Check the client id and the redirect URI.</p>"), 400)
        if asked.get("response_type") != "code" or asked.get("code_challenge_method", "S256") != "S256":
            return HTMLResponse(page("Bad request", "<p>Only codes, and only S256 challenges.</p>"), 400)
        return HTMLResponse(consent_page(SERVICE, app.client_id, self._site.libraries, dict(asked)))

    async def decide(self, request: Request) -> Response:
        form = await form_body(request)
        app = self._tokens.app(form.get("client_id"))
        target = form.get("redirect_uri", "")
        if app is None or not redirect_allowed(app, target) or form.get("user") not in self._site.libraries:
            return Response(status_code=400)
        state = {"state": form["state"]} if "state" in form else {}
        if form.get("decision") != "allow":
            return RedirectResponse(f"{target}?{urlencode({'error': 'access_denied', **state})}", 302)
        code = self._tokens.consent(form["user"], app.client_id, target, form.get("code_challenge"))
        return RedirectResponse(f"{target}?{urlencode({'code': code, **state})}", 302)

    async def token(self, request: Request) -> Response:
        """Exchange a code or a refresh token."""
        sent = await json_body(request)
        if sent is None:
            return Response(status_code=400)
        try:
            app = self._app(sent)
            return Json(self._written(self._granted(sent, app)))
        except Refused as refusal:
            return refused(refusal.code)

    def _granted(self, sent: dict[str, Any], app: App) -> Pair:
        redirect_uri = str(sent.get("redirect_uri", ""))
        if sent.get("grant_type") == "authorization_code":
            consent = self._tokens.spend_code(str(sent.get("code", "")), app.client_id, redirect_uri)
            if consent.challenge is not None and not verified(consent.challenge, str(sent.get("code_verifier", ""))):
                raise Refused("invalid_grant")
            return self._tokens.issue(consent.user, app.client_id)
        if sent.get("grant_type") == "refresh_token":
            if not redirect_allowed(app, redirect_uri):
                raise Refused("invalid_grant")
            user = self._tokens.spend_refresh(str(sent.get("refresh_token", "")), app.client_id)
            return self._tokens.issue(user, app.client_id)
        raise Refused("unsupported_grant_type")

    def _app(self, sent: dict[str, Any]) -> App:
        """Return the app that asks. The secret is optional, but a wrong one is refused."""
        app = self._tokens.app(sent.get("client_id"))
        if app is None or (sent.get("client_secret") and sent["client_secret"] != app.client_secret):
            raise Refused("invalid_client")
        return app

    def _written(self, pair: Pair) -> dict[str, Any]:
        return {
            "access_token": pair.access,
            "token_type": "bearer",
            "expires_in": pair.expires_in,
            "refresh_token": pair.refresh,
            "scope": "public offline_access",
            "created_at": pair.created,
            "expires_at": pair.created + pair.expires_in,
        }

    async def revoke(self, request: Request) -> Response:
        sent = await json_body(request)
        if sent is None or self._tokens.app(sent.get("client_id")) is None:
            return refused("invalid_client")
        self._tokens.revoke(str(sent.get("token", "")))
        return Json({})

    async def device_code(self, request: Request) -> Response:
        sent = await json_body(request)
        app = self._tokens.app(sent.get("client_id")) if sent else None
        if app is None:
            return refused("invalid_client")
        code = secrets.token_hex(32)
        device = Device(app.client_id, secrets.token_hex(4).upper(), self._clock.timestamp() + DEVICE_LIFETIME)
        self._devices[code] = device
        return Json(
            {
                "device_code": code,
                "user_code": device.user_code,
                "verification_url": f"{request.base_url}activate",
                "expires_in": DEVICE_LIFETIME,
                "interval": self._site.world.device_interval,
            }
        )

    async def device_token(self, request: Request) -> Response:
        """Answer a waiting device by status alone: 400 pending, 404, 409, 410, 418 and 429 as Trakt documents."""
        sent = await json_body(request) or {}
        device = self._devices.get(str(sent.get("code", "")))
        if device is None or device.client_id != sent.get("client_id"):
            return Response(status_code=404)
        now = self._clock.timestamp()
        too_soon = now - device.polled < self._site.world.device_interval
        device.polled = now
        if status := device_status(device, now, too_soon=too_soon):
            return Response(status_code=status)
        device.used = True
        return Json(self._written(self._tokens.issue(device.decision or "", device.client_id)))

    async def activate(self, request: Request) -> Response:
        return HTMLResponse(code_page(SERVICE, self._site.libraries, request.query_params.get("code", "")))

    async def decide_device(self, request: Request) -> Response:
        form = await form_body(request)
        code = form.get("user_code", "").strip().upper()
        device = next((device for device in self._devices.values() if device.user_code == code), None)
        if device is None or form.get("user") not in self._site.libraries:
            return HTMLResponse(page("Unknown code", "<p>Check the code that the device shows.</p>"), 404)
        device.decision = form["user"] if form.get("decision") == "allow" else ""
        return HTMLResponse(page("Done", "<p>You can go back to the device.</p>"))


def device_status(device: Device, now: float, *, too_soon: bool) -> int | None:
    """Return the status that says why a device gets no token (yet), or None when it gets one."""
    if device.used:
        return 409
    if now >= device.expires:
        return 410
    if device.decision == "":
        return 418
    if too_soon:
        return 429
    return 400 if device.decision is None else None


def verified(challenge: str, verifier: str) -> bool:
    """Check a PKCE verifier (S256)."""
    if not SHORTEST_VERIFIER <= len(verifier) <= LONGEST_VERIFIER:
        return False
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    return hmac.compare_digest(digest, challenge)


def refused(code: str) -> Response:
    return Json({"error": code, "error_description": DESCRIPTIONS.get(code, code)}, 400)
