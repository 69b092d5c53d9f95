"""The door for programs that speak Segment: POST /v1/batch, /v1/track, /v1/identify, /v1/page, /v1/alias."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from crm.access import keys
from crm.access.models import ApiKey
from crm.api.authentication import ApiKeyAuthentication
from crm.ingest import clean, segment

MAX_BYTES = 500 * 1024


# No cookie is looked at, only the key, so there is nothing for a forged form to use.
@csrf_exempt
@login_not_required
@require_POST
def receive(request: HttpRequest, call: str) -> JsonResponse:
    """Take one call or a batch; 200 even when some events are refused, with each refusal's position and reason."""
    try:
        body = _body(request)
        key = _key(request, body)
    except _Refused as refused:
        return refused.answer
    messages = body.get("batch") if call == "batch" else [{**body, "type": call}]
    if not isinstance(messages, list):
        return _refusal(400, "batch", "A batch is a list of messages.")
    if len(messages) > segment.MAX_BATCH:
        return _refusal(400, "batch", f"A batch has at most {segment.MAX_BATCH} messages.")
    if isinstance(body.get("context"), dict) and call == "batch":
        messages = [_with_context(message, body["context"]) for message in messages]
    messages = clean.messages(messages, request.body)
    # A key that only sends events may lie in a browser, where anybody reads it: it undoes nobody's refusal.
    may_undo = ApiKey.Scope.WRITE in key.scopes
    outcome = segment.take(messages, f"api:{key.prefix}", undoes_refusals=may_undo)
    answer: dict[str, Any] = {"success": True, "accepted": outcome.accepted, "known": outcome.known}
    if outcome.rejected:
        answer["rejected"] = [
            {"index": item.index, "field": item.field, "reason": item.reason} for item in outcome.rejected
        ]
    return JsonResponse(answer)


class _Refused(Exception):
    """The whole call is refused, with this answer."""

    def __init__(self, answer: JsonResponse) -> None:
        super().__init__()
        self.answer = answer


def _refusal(status: int, field: str, reason: str) -> JsonResponse:
    return JsonResponse({"success": False, "errors": [{"field": field, "reason": reason}]}, status=status)


def _body(request: HttpRequest) -> dict[str, Any]:
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
        raw = request.body if length <= MAX_BYTES else b" " * (MAX_BYTES + 1)
    except (RequestDataTooBig, ValueError) as error:
        raise _Refused(_refusal(413, "", "The body is larger than 500 KB.")) from error
    if len(raw) > MAX_BYTES:
        raise _Refused(_refusal(413, "", "The body is larger than 500 KB."))
    try:
        body = clean.read(raw)
    except (ValueError, RecursionError) as error:
        raise _Refused(_refusal(400, "", "The body is not JSON in UTF-8.")) from error
    if not isinstance(body, dict):
        raise _Refused(_refusal(400, "", "The body is a JSON object."))
    return body


def _key(request: HttpRequest, body: dict[str, Any]) -> ApiKey:
    try:
        found = ApiKeyAuthentication().authenticate(Request(request))
    except AuthenticationFailed as error:
        raise _Refused(_refusal(401, "Authorization", str(error.detail))) from error
    # Libraries in browsers send the key in the body instead.
    key = found[1] if found else keys.find(str(body.get("writeKey") or ""))
    if key is None:
        raise _Refused(_refusal(401, "Authorization", "Send the write key as the user name, or as a bearer token."))
    if ApiKey.Scope.INGEST not in key.scopes:
        raise _Refused(_refusal(403, "Authorization", "This key may not send events."))
    return key


def _with_context(message: Any, context: dict[str, Any]) -> Any:
    if not isinstance(message, dict) or not isinstance(message.get("context", {}), dict):
        return message
    return {**message, "context": {**context, **(message.get("context") or {})}}


CALLS = ("batch", "track", "identify", "page", "alias")
urlpatterns = [path(call, receive, {"call": call}, name=f"segment_{call}") for call in CALLS]
