"""Signing in and out, and one's own password. Every one of them leaves an act."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView
from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy
from django.utils.translation import gettext as _

from crm.access import acts
from crm.access.lockout import address_of
from crm.access.models import User
from crm.access.verbs import Verb

LANGUAGE_SECONDS = 365 * 24 * 60 * 60


class NewPassword(PasswordChangeForm):
    """The old password and a new one, which must be another."""

    def clean(self) -> dict[str, Any]:
        """Refuse the old password as the new one: a one-time password would live on."""
        cleaned = super().clean() or {}
        if cleaned.get("new_password1") and cleaned.get("new_password1") == cleaned.get("old_password"):
            self.add_error("new_password1", _("Choose a password other than the one you have."))
        return cleaned


class SignIn(LoginView):
    """Sign in, and go on in one's own language."""

    redirect_authenticated_user = True

    def form_valid(self, form: Any) -> HttpResponse:
        """Sign in and set the language's cookie."""
        user = form.get_user()
        with transaction.atomic(durable=True):
            answer = super().form_valid(form)
            acts.record(by=user, verb=Verb.SIGNED_IN, on=user)
        language = user.language
        if language in dict(settings.LANGUAGES) and settings.LANGUAGE_COOKIE_NAME not in self.request.COOKIES:
            answer.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, max_age=LANGUAGE_SECONDS, samesite="Lax")
        return answer

    def form_invalid(self, form: Any) -> HttpResponse:
        """Say no, and write down whose password was not known; a name that nobody has may be a password."""
        known = User.objects.filter(username=form.cleaned_data.get("username", "")).first()
        verb = Verb.LOCKED_OUT if getattr(self.request, "axes_locked_out", False) else Verb.SIGN_IN_FAILED
        # Once a lock: whoever goes on guessing must not fill the table.
        lock = f"locked-out:{known.pk if known else address_of(self.request)}"
        if verb is Verb.SIGN_IN_FAILED or cache.add(lock, 1, settings.AXES_COOLOFF_TIME.total_seconds()):
            with transaction.atomic(durable=True):
                acts.record(by=None, verb=verb, on=known or "sign_in")
        return super().form_invalid(form)


class SignOut(LogoutView):
    """Sign out, on this device."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """End the session."""
        with transaction.atomic(durable=True):
            if isinstance(request.user, User):
                acts.record(by=request.user, verb=Verb.SIGNED_OUT, on=request.user)
            return super().post(request, *args, **kwargs)


class ChangePassword(PasswordChangeView):
    """Change one's password; the one-time password of the first start ends here."""

    form_class = NewPassword
    template_name = "registration/password_change.html"
    success_url = reverse_lazy("home")

    def form_valid(self, form: Any) -> HttpResponse:
        """Save, and note that the one-time password is gone."""
        with transaction.atomic(durable=True):
            answer = super().form_valid(form)
            User.objects.filter(pk=form.user.pk).update(must_change_password=False)
            acts.record(by=form.user, verb=Verb.PASSWORD_CHANGED, on=form.user)
        messages.success(self.request, _("Your password was changed."))
        return answer
