"""bgm.tv's OAuth: consent, codes that live a minute, tokens in forms or JSON, and asking what a token is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from bgmsync.standins.bodies import form_body, json_body
from bgmsync.standins.consent import consent_page, page
from bgmsync.standins.tokens import Refused, redirect_allowed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from bgmsync.standins.bangumi.site import BangumiSite
    from bgmsync.standins.world import App

SERVICE = "Bangumi"
DESCRIPTIONS = {
    "invalid_grant": "Invalid refresh token",
    "invalid_client": "The client credentials are invalid",
    "invalid_request": "The access token was not found",
}


class OAuth:
    def __init__(self, site: BangumiSite) -> None:
        self._site = site
        self._tokens = site.tokens
        self.routes = [
            Route("/oauth/authorize", self.authorize, methods=["GET"]),
            Route("/oauth/authorize", self.decide, methods=["POST"]),
            Route("/oauth/access_token", self.token, methods=["POST"]),
            Route("/oauth/token_status", self.status, methods=["POST"]),
        ]

    async def authorize(self, request: Request) -> Response:
        asked = request.query_params
        app = self._tokens.app(asked.get("client_id"))
        if app is None or not self._target(app, asked) or asked.get("response_type") != "code":
            return HTMLResponse(page("Bad request", "<p>Check the client id and the redirect URI.</p>"), 400)
        return HTMLResponse(consent_page(SERVICE, app.client_id, self._site.shelves, dict(asked)))

    async def decide(self, request: Request) -> Response:
        form = await form_body(request)
        app = self._tokens.app(form.get("client_id"))
        target = self._target(app, form) if app else None
        if app is None or not target or form.get("user") not in self._site.shelves:
            return Response(status_code=400)
        state = {"state": form["state"]} if "state" in form else {}
        if form.get("decision") != "allow":
            return RedirectResponse(f"{target}?{urlencode({'error': 'access_denied', **state})}", 302)
        code = self._tokens.consent(form["user"], app.client_id, target, None)
        return RedirectResponse(f"{target}?{urlencode({'code': code, **state})}", 302)

    def _target(self, app: App, asked: Mapping[str, str]) -> str | None:
        """Return where to go back to: what was asked, else the first address registered."""
        target = asked.get("redirect_uri") or next(iter(app.redirect_uris), "")
        return target if redirect_allowed(app, target) else None

    async def token(self, request: Request) -> Response:
        """Exchange a code or a refresh token; both work once."""
        sent: dict[str, Any] = await json_body(request) or dict(await form_body(request))
        app = self._tokens.app(sent.get("client_id"))
        if app is None or sent.get("client_secret") != app.client_secret:
            return refused("invalid_client")
        try:
            user, grown = self._granted(sent, app)
        except Refused as refusal:
            return refused(refusal.code)
        pair = self._tokens.issue(user, app.client_id)
        return JSONResponse(
            {
                "access_token": pair.access,
                "expires_in": pair.expires_in,
                "token_type": "Bearer",
                "scope": None,
                "refresh_token": pair.refresh,
                **grown,
            }
        )

    def _granted(self, sent: Mapping[str, Any], app: App) -> tuple[str, dict[str, Any]]:
        """Return the user, and what only a first token's answer tells."""
        if sent.get("grant_type") == "authorization_code":
            target = str(sent.get("redirect_uri", ""))
            consent = self._tokens.spend_code(str(sent.get("code", "")), app.client_id, target)
            return consent.user, {"user_id": self._site.shelves[consent.user].user.id}
        if sent.get("grant_type") == "refresh_token":
            return self._tokens.spend_refresh(str(sent.get("refresh_token", "")), app.client_id), {}
        raise Refused("unsupported_grant_type")

    async def status(self, request: Request) -> Response:
        """Tell whose token this is, and until when it lives, in unix seconds."""
        token = (await form_body(request)).get("access_token", "")
        user = self._tokens.owner(token)
        if user is None:
            return refused("invalid_request", 401)
        return JSONResponse(
            {
                "access_token": token,
                "client_id": self._tokens.apps[0].client_id,
                "expires": int(self._tokens.access[token][1]),
                "scope": None,
                "user_id": self._site.shelves[user].user.id,
            }
        )


def refused(code: str, status: int = 400) -> Response:
    return JSONResponse({"error": code, "error_description": DESCRIPTIONS.get(code, code)}, status)
