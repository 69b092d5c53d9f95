"""`manage.py first_admin`: the first person who may sign in."""

import secrets
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from crm.models import User


class Command(BaseCommand):
    """Creates the user `admin` when there is no administrator."""

    help = "Create the administrator `admin` with a one-time password, printed once, unless there is an administrator."

    def handle(self, *args: Any, **options: Any) -> None:
        """Create and print, or do nothing."""
        with transaction.atomic():
            if User.objects.filter(role=User.Role.ADMIN).exists():
                return
            password = secrets.token_urlsafe(12)
            User.objects.create_user("admin", password=password, role=User.Role.ADMIN, must_change_password=True)
        self.stdout.write(
            f"\n  Sign in as  admin\n  password    {password}\n\n"
            "  It is shown only now, and must be changed at the first sign-in.\n"
        )
