"""All settings, in one typed file. docs/settings.md explains each variable; a test compares the two."""

import base64
import secrets
from datetime import timedelta
from pathlib import Path

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from config import env
from lib import embedded, mailbox

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env.text("VAR_DIR", str(BASE_DIR / "var"))).resolve()
KEY_DIR = VAR_DIR / "keys"

# --- What differs between a laptop and a company --------------------------------------------------------------
DEBUG = env.flag("DEBUG")
BASE_URL = env.text("BASE_URL", f"http://127.0.0.1:{env.whole('PORT', 8000)}")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]", "testserver"])
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", [BASE_URL])
SECURE = BASE_URL.startswith("https://")

SECRET_KEY = env.secret("SECRET_KEY", KEY_DIR, lambda: secrets.token_urlsafe(50).encode()).decode()
# The root of every privacy key. It is not SECRET_KEY, and it never enters a database.
PRIVACY_ROOT = env.secret("PRIVACY_ROOT", KEY_DIR, lambda: base64.b64encode(secrets.token_bytes(32)))

EMBEDDED = embedded.urls(VAR_DIR)
DATABASES = {
    "default": env.database(env.text("DATABASE_URL", EMBEDDED.database_url)),
    "keystore": env.database(env.text("KEYSTORE_URL", EMBEDDED.keystore_url)),
}
DATABASE_ROUTERS = ["config.routers.KeystoreRouter"]
REDIS_URL = env.text("REDIS_URL", EMBEDDED.redis_url)
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}

# When another program had the port, the mailbox took the next one and wrote it down.
MAILBOX_PORT = env.whole("MAILBOX_PORT", mailbox.known_port(VAR_DIR, 1025))
EMAIL_URL = env.text("EMAIL_URL")
# Without a mail server of one's own, mail goes over real SMTP to the mailbox and is read at /mailbox/.
EMAIL_TRANSPORT = env.email(EMAIL_URL or f"smtp://127.0.0.1:{MAILBOX_PORT}")
MAILBOX_ENABLED = not EMAIL_URL
SENDER_NAME = env.text("SENDER_NAME", "Relata")
SENDER_ADDRESS = env.text("SENDER_ADDRESS", "news@example.com")
EXAMPLE_POSTAL_ADDRESS = "1 Example Street, Example City"
POSTAL_ADDRESS = env.text("POSTAL_ADDRESS", EXAMPLE_POSTAL_ADDRESS)
WORKSPACE_NAME = env.text("WORKSPACE_NAME", "Relata")
WORKSPACE_CURRENCY = env.text("WORKSPACE_CURRENCY", "EUR")
# Of segments' and products' texts; the first is the workspace's own. Pages are in LANGUAGES below.
WORKSPACE_LANGUAGES = [tag.replace("_", "-").lower() for tag in env.words("WORKSPACE_LANGUAGES", ["en", "zh-hans"])]

# --- Applications ------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",
    "csp",
    "axes",
    "rest_framework",
    "drf_spectacular",
    "django_cotton",
    "django_htmx",
    "config",
    "crm",
    "segmentation",
    "recommendations",
    "campaigns",
    "workspace",
]
AUTH_USER_MODEL = "crm.User"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    # With bytes of chance in every answer, against BREACH.
    "django.middleware.gzip.GZipMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.middleware.StorableAddress",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    # Every page needs a login unless its view says otherwise with @login_not_required.
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "config.middleware.Idle",
    "config.middleware.NotKept",
    "config.middleware.StorableForm",
    "config.middleware.OneTimePassword",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context.workspace",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "django.contrib.humanize.templatetags.humanize",
                "django_cotton.templatetags.cotton",
                "crm.templatetags.relata",
            ],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django_cotton.cotton_loader.Loader",
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
        },
    }
]
COTTON_DIR = "cotton"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- People who sign in ------------------------------------------------------------------------------------------
PASSWORD_HASHERS = ["crm.access.passwords.SmallArgon2", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
BEHIND_PROXY = env.flag("BEHIND_PROXY")
# Ten wrong passwords for one name from one address, and it waits. Never by address alone, which a whole office shares,
# nor by name alone, by which anybody could lock a colleague out.
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_HANDLER = "axes.handlers.cache.AxesCacheHandler"
AXES_CLIENT_IP_CALLABLE = "crm.access.lockout.address_of"
AXES_LOCKOUT_CALLABLE = "crm.access.lockout.refuse"
AXES_RESET_ON_SUCCESS = True
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address"]
AXES_VERBOSE = False
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
SESSION_COOKIE_AGE = 12 * 60 * 60
IDLE_SECONDS = env.whole("IDLE_SECONDS", 2 * 60 * 60)
# A browser takes such a name only over HTTPS, for the whole site, and from nobody but the host itself.
SESSION_COOKIE_NAME = "__Host-sessionid" if SECURE else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if SECURE else "csrftoken"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = SECURE
CSRF_COOKIE_SECURE = SECURE
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = SECURE
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_HSTS_PRELOAD = SECURE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-src": [SELF],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# --- Language, time, files -----------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
# Django's own Chinese format writes thousands without a separator.
FORMAT_MODULE_PATH = ["config.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.text("TIME_ZONE", "UTC")
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
HASHED_STATIC = env.flag("HASHED_STATIC", not DEBUG)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": VAR_DIR / "files"}},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if HASHED_STATIC
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
MAX_IMPORT_BYTES = env.whole("MAX_IMPORT_MB", 2048) * 1024 * 1024

# --- Where the stages keep their files -------------------------------------------------------------------------------
RELEASE_DIR = VAR_DIR / "releases"
MODEL_DIR = VAR_DIR / "models"
IMPORT_DIR = VAR_DIR / "imports"
CERTIFICATE_DIR = VAR_DIR / "certificates"
RELEASE_DAYS = env.whole("RELEASE_DAYS", 30)
WEB_STATEMENT_SECONDS = env.whole("WEB_STATEMENT_SECONDS", 60)
WORKER_STATEMENT_SECONDS = env.whole("WORKER_STATEMENT_SECONDS", 1800)
LOST_AFTER_SECONDS = env.whole("LOST_AFTER_SECONDS", 300)
K_SUPPORT = env.whole("K_SUPPORT", 10)
SEND_BATCH = env.whole("SEND_BATCH", 500)
SHOWN_BUFFER_SECONDS = env.whole("SHOWN_BUFFER_SECONDS", 1)
NEURAL = env.flag("NEURAL")
ENGINE = env.text("ENGINE", "local")
SPARK_MASTER = env.text("SPARK_MASTER", "local[*]")
SPARK_MEMORY_MB = env.whole("SPARK_MEMORY_MB", 2048)
SPARK_DIR = Path(env.text("SPARK_DIR", str(VAR_DIR / "tmp")))

# --- Background work -----------------------------------------------------------------------------------------------
CELERY_BROKER_URL = embedded.broker_url(REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    # Starting, holding and clearing up never wait behind a shift that sends.
    "campaigns.tasks.start_due_campaigns": {"queue": "control"},
    "campaigns.tasks.reap_leases": {"queue": "control"},
    "campaigns.tasks.*": {"queue": "sending"},
    # A withdrawal does not wait behind a training.
    "segmentation.tasks.forget_withdrawn": {"queue": "default"},
    "crm.tasks.run_due_releases": {"queue": "learning"},
    "segmentation.tasks.*": {"queue": "learning"},
    "recommendations.tasks.*": {"queue": "learning"},
    "workspace.tasks.walk_circle": {"queue": "learning"},
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_ACKS_LATE = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "crm.api.authentication.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["crm.api.authentication.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "crm.api.pagination.KeysetPagination",
    "PAGE_SIZE": 100,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Relata",
    "DESCRIPTION": "Customers (masked by role), products, interactions, segments, recommendations and campaigns.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    # Five models have a field called state; each gets a name of its own.
    "ENUM_NAME_OVERRIDES": {
        "CustomerState": "crm.customers.models.Customer.State",
        "RunState": "lib.runs.Run.State",
        "CampaignState": "campaigns.planning.models.Campaign.State",
        "ProductKind": "crm.catalog.models.Product.Kind",
    },
    "SERVE_PERMISSIONS": ["crm.api.authentication.HasScope"],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    # Every line passes the scrubber: addresses and phone numbers never reach a log, whoever wrote the message.
    "filters": {"scrub": {"()": "lib.scrub.ScrubFilter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain", "filters": ["scrub"]}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO")},
    "loggers": {
        "django.server": {"handlers": ["console"], "propagate": False},
        # Six tasks look for due rows every few seconds; a line for each would bury what matters.
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        # The wire between Python and Spark tells of every connection it closes.
        "py4j": {"level": "WARNING"},
    },
}
