"""Is everything alive?"""

from django.http import HttpRequest, HttpResponse, JsonResponse


def healthz(request: HttpRequest) -> HttpResponse:
    """Answer ok."""
    return JsonResponse({"status": "ok"})
