"""The dashboard."""

from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse_lazy


def dashboard(request: HttpRequest) -> HttpResponse:
    """Show how the circle is doing."""
    return render(request, "config/dashboard.html", {"nav": "home"})


def search(request: HttpRequest) -> HttpResponse:
    """Search customers, segments, campaigns."""
    return render(request, "config/search.html", {"nav": "home"})


def jobs(request: HttpRequest) -> HttpResponse:
    """Show the running jobs."""
    return render(request, "_jobs.html", {})


def walk(request: HttpRequest) -> HttpResponse:
    """Start a walk round the circle."""
    return render(request, "config/dashboard.html", {"nav": "home"})


class ChangePassword(PasswordChangeView):
    """Change one's password."""

    success_url = reverse_lazy("home")
