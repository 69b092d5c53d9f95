"""The WSGI application gunicorn serves."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from config.statements import limit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()
limit(settings.WEB_STATEMENT_SECONDS)
