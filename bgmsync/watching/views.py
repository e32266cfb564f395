"""``/metrics``: for whoever has the token of the installation, and for nobody where none is set."""

from __future__ import annotations

import hmac

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client.exposition import choose_encoder

from bgmsync.watching.metrics import registry

PLAIN = "text/plain; charset=utf-8"


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer 404 where ``METRICS_TOKEN`` is not set, as an address does that is not there; 401 without the token."""
    if not settings.METRICS_TOKEN:
        return HttpResponse("There are no metrics here: METRICS_TOKEN is not set.\n", PLAIN, 404)
    if not _has_token(request):
        answer = HttpResponse("Send METRICS_TOKEN as a Bearer token.\n", PLAIN, 401)
        answer["WWW-Authenticate"] = 'Bearer realm="metrics"'
        return answer
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return HttpResponse(encode(registry()), content_type)


def _has_token(request: HttpRequest) -> bool:
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    same = hmac.compare_digest(token.strip().encode(), settings.METRICS_TOKEN.encode())
    return same and scheme.lower() == "bearer"
