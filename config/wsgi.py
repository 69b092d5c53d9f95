"""The WSGI application gunicorn serves."""

import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from config.statements import limit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()
limit(settings.WEB_STATEMENT_SECONDS)
# gunicorn loads this before its workers part: else each of them reads all pages anew when the first visitor is waiting.
import_module(settings.ROOT_URLCONF)
