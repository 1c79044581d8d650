"""Settings of the hub, read from the environment and from a `.env` beside manage.py.

Outside DEBUG a missing or malformed secret stops the start with a sentence that names it.
"""

import os
import sys
from pathlib import Path
from typing import Any

import environ
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
if (BASE_DIR / ".env").is_file() and os.environ.get("HUB_ENV_FILE", "1") != "0":
    env.read_env(str(BASE_DIR / ".env"))

DEBUG = env.bool("DEBUG", default=False)
VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var")))
VAR_DIR.mkdir(parents=True, exist_ok=True)
if (VAR_DIR / "secrets.env").is_file() and os.environ.get("HUB_ENV_FILE", "1") != "0":
    for _name in ("SECRET_KEY", "FIELD_ENCRYPTION_KEY"):
        if not os.environ.get(_name):  # a line without a value is not a value
            os.environ.pop(_name, None)
    env.read_env(str(VAR_DIR / "secrets.env"))  # the keys `make run` made once

# The process this is: web (default), worker, beat, command. Decides how long SQLite may keep it waiting.
PROCESS = env.str("HUB_PROCESS", default="web")


# Asking for a first key must not need one.
_MAKING_A_KEY = sys.argv[1:2] == ["generate_encryption_key"]


def _secret(name: str, hint: str) -> str:
    value = env.str(name, default="").strip()
    if value and not _MAKING_A_KEY:
        return value
    if DEBUG or _MAKING_A_KEY:
        return "insecure-development-key-" + "x" * 40 if name == "SECRET_KEY" else "x" * 43 + "="
    raise ImproperlyConfigured(f"{name} is not set. {hint}")


def _fernet_keys(text: str) -> list[str]:
    keys = [key.strip() for key in text.split(",") if key.strip()]
    for number, key in enumerate(keys, 1):
        try:
            Fernet(key)
        except ValueError:
            raise ImproperlyConfigured(
                f"FIELD_ENCRYPTION_KEY: key {number} of {len(keys)} is not 32 url-safe base64 bytes. "
                "Make one with: python manage.py generate_encryption_key"
            ) from None
    return keys


SECRET_KEY = _secret("SECRET_KEY", "Set it to at least 50 random characters, or start with `make run`.")
if not DEBUG and len(SECRET_KEY) < 50:
    raise ImproperlyConfigured("SECRET_KEY is shorter than 50 characters. Set a longer random one.")
FIELD_ENCRYPTION_KEY = _fernet_keys(
    _secret("FIELD_ENCRYPTION_KEY", "Make one with: python manage.py generate_encryption_key")
)

PUBLIC_URL = env.str("PUBLIC_URL", default="http://localhost:8000").rstrip("/")
_public_host = PUBLIC_URL.split("://", 1)[-1].split("/", 1)[0].rsplit(":", 1)[0]
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[_public_host, "localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[PUBLIC_URL])
_HTTPS = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _HTTPS
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=_HTTPS)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000 if _HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _HTTPS
if env.bool("BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# --- the house -------------------------------------------------------------------------------------------------------
ROOMS = [
    *("contract", "companies", "notices", "http", "connections", "sync", "records", "rest", "api", "hub", "sandbox"),
    "webhooks",
]
PROVIDERS = ["airtable"]

INSTALLED_APPS = [
    *[f"integration_hub.{room}" for room in ROOMS],
    *[f"providers.{key}" for key in PROVIDERS],
    "integration_hub.hub.admin_app.HubAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "django_htmx",
    "csp",
]

MIDDLEWARE = [
    "integration_hub.logs.RequestLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "integration_hub.hub.uploads.UploadLimitMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "integration_hub.companies.middleware.CompanyMiddleware",
    "integration_hub.hub.times.CompanyTimeMiddleware",
    "integration_hub.hub.login.RequireMFAMiddleware",
]

ROOT_URLCONF = "integration_hub.urls"
WSGI_APPLICATION = "integration_hub.wsgi.application"
ASGI_APPLICATION = "integration_hub.asgi.application"
AUTH_USER_MODEL = "companies.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

FORM_RENDERER = "django.forms.renderers.TemplatesSetting"  # so that templates/ may say how a widget looks
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "integration_hub.hub.context.hub",
            ]
        },
    }
]

# --- database --------------------------------------------------------------------------------------------------------
_database_url = env.str("DATABASE_URL", default="") or f"sqlite:///{VAR_DIR / 'hub.sqlite3'}"
if _database_url.split(":", 1)[0] not in ("sqlite", "postgres", "postgresql"):
    raise ImproperlyConfigured(
        "DATABASE_URL: write postgres://user:password@host:5432/name, or leave it empty for SQLite."
    )
DATABASES: dict[str, Any] = {"default": env.db_url_config(_database_url)}
SQLITE = DATABASES["default"]["ENGINE"].endswith("sqlite3")
if SQLITE:
    DATABASES["default"]["CONN_MAX_AGE"] = None
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": env.float("SQLITE_TIMEOUT", default=2.5 if PROCESS == "web" else 30.0),
        # auto_vacuum must come before the file's first page; FULL keeps an answered webhook through a power cut.
        "init_command": "PRAGMA auto_vacuum=INCREMENTAL;PRAGMA journal_mode=WAL;"
        f"PRAGMA synchronous={env.str('SQLITE_SYNCHRONOUS', default='FULL')};",
    }
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}  # a file: threads must see each other
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 0
    DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {
        "min_size": 2,
        "max_size": env.int("DATABASE_POOL", default=8 if PROCESS == "web" else 20),
        "timeout": 5.0 if PROCESS == "web" else 30.0,  # seconds to wait for a free connection
    }

# --- broker and cache ------------------------------------------------------------------------------------------------
REDIS_URL = env.str("REDIS_URL", default="")
EMBEDDED = SQLITE and not REDIS_URL
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "integration_hub.caching.PatientRedisCache",
            "LOCATION": REDIS_URL,
        }
    }
elif SQLITE:  # one web process: its memory is shared by every thread that answers
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "hub_cache"}}

if REDIS_URL:
    CELERY_BROKER_URL = REDIS_URL
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
        "visibility_timeout": 900,
        "socket_connect_timeout": 0.2 if PROCESS == "web" else 5,
        "socket_timeout": 0.2 if PROCESS == "web" else 30,
        "unacked_restore_throttle": 1,
        # A nudge may be lost, who sends it may not wait: kombu would try again after 2 and 4 seconds.
        "max_retries": 0,
        "interval_start": 0,
        "interval_step": 0,
    }
else:
    _queue = VAR_DIR / "queue"
    for _part in ("messages", "control"):
        (_queue / _part).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_URL = "folder://localhost"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_queue / "messages"),
        "data_folder_out": str(_queue / "messages"),
        "control_folder": str(_queue / "control"),
    }
CELERY_TASK_IGNORE_RESULT = True
CELERY_RESULT_EXPIRES = None  # no results, so nothing for beat to clean up
CELERY_TASK_SERIALIZER = "json"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_CONCURRENCY = env.int("WORKER_THREADS", default=16)
CELERY_WORKER_POOL = "threads"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULER = "integration_hub.beat:Scheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 1
CELERY_TIMEZONE = "UTC"

# --- people ----------------------------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
ACCOUNT_ADAPTER = "integration_hub.hub.login.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "integration_hub.hub.consent.adapter.SocialAdapter"
SOCIALACCOUNT_STORE_TOKENS = False
MFA_ADAPTER = "integration_hub.hub.login.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Integration Hub"
MFA_ALLOW_UNVERIFIED_EMAIL = True  # accounts and their addresses are made by admins
REQUIRE_MFA = env.bool("REQUIRE_MFA", default=False)
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_LOGOUT_ON_GET = False
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/admin/hub/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"

# --- e-mail: to admins when a problem opens and when it is over, and for lost passwords ------------------------------
SMTP_HOST = EMAIL_HOST = env.str("SMTP_HOST", default="").strip()
EMAIL_PORT = env.int("SMTP_PORT", default=587)
EMAIL_HOST_USER = env.str("SMTP_USER", default="")
EMAIL_HOST_PASSWORD = env.str("SMTP_PASSWORD", default="")
EMAIL_USE_SSL = EMAIL_PORT == 465
EMAIL_USE_TLS = not EMAIL_USE_SSL and env.bool("SMTP_STARTTLS", default=EMAIL_PORT == 587)
EMAIL_TIMEOUT = 10  # seconds
DEFAULT_FROM_EMAIL = env.str("SMTP_FROM", default="") or (
    EMAIL_HOST_USER if "@" in EMAIL_HOST_USER else f"Integration Hub <hub@{_public_host}>"
)
_mail = "smtp" if SMTP_HOST else "console"
EMAIL_BACKEND = env.str("EMAIL_BACKEND", default="") or f"django.core.mail.backends.{_mail}.EmailBackend"

# --- languages, time, files ------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ro", "Română"), ("he", "עברית"), ("de", "Deutsch"), ("es", "Español")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = "integration_hub.hub.formats"
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = False
if DEBUG or "pytest" in sys.modules:
    STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    WHITENOISE_USE_FINDERS = True
    WHITENOISE_AUTOREFRESH = DEBUG
MEDIA_ROOT = VAR_DIR / "media"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

# --- the API ---------------------------------------------------------------------------------------------------------
API_RATE_TOKEN = env.str("API_RATE_TOKEN", default="600/min")
API_RATE_ADDRESS = env.str("API_RATE_ADDRESS", default="60/min")
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "integration_hub.rest.authentication.TokenAuthentication",
        "integration_hub.rest.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["integration_hub.rest.permissions.CompanyPermission"],
    "DEFAULT_THROTTLE_CLASSES": [
        "integration_hub.rest.throttling.TokenThrottle",
        "integration_hub.rest.throttling.AddressThrottle",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["integration_hub.rest.parsers.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "integration_hub.rest.paging.PagePagination",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "integration_hub.rest.schema.HubSchema",
    "EXCEPTION_HANDLER": "integration_hub.rest.problems.handle",
    "COERCE_DECIMAL_TO_STRING": True,
    "URL_FORMAT_OVERRIDE": None,  # ?format= would be a parameter nobody declared
    "NUM_PROXIES": ALLAUTH_TRUSTED_PROXY_COUNT,  # whose word on the client's address is believed
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Integration Hub API",
    "DESCRIPTION": "Records of one company, its integrations and their runs.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": r"/api",
    "COMPONENT_SPLIT_REQUEST": True,
    "DEFAULT_QUERY_MANAGER": "everywhere",  # the document is made outside of any company
    "ENUM_NAME_OVERRIDES": {
        "OrderStatus": "integration_hub.records.models.Order.Status",
        "OrderPriority": "integration_hub.records.models.Order.Priority",
        "EventStatus": "integration_hub.records.models.Event.Status",
        "EventKind": "integration_hub.records.models.Event.Kind",
        "TicketStatus": "integration_hub.records.models.Ticket.Status",
        "AppointmentStatus": "integration_hub.records.models.Appointment.Status",
        "ConnectionStatus": "integration_hub.connections.models.Status",
        "RunKind": "integration_hub.sync.models.run.RunKind",
        "RunState": "integration_hub.sync.models.run.RunState",
        "Outcome": "integration_hub.sync.models.run.Outcome",
        "WhoWins": "integration_hub.sync.models.mapping.WhoWins",
        "WriteWay": "integration_hub.sync.models.run.Went",
        "Planned": "integration_hub.sync.models.preview.Planned",
        "PlanState": "integration_hub.sync.models.preview.PlanState",
        "ConflictChoice": "integration_hub.sync.models.pull.Choice",
        "ConflictSide": "integration_hub.api.conflicts.SIDES",
        "ConflictState": "integration_hub.api.conflicts.STATES",
        "ProofState": "integration_hub.sync.models.proof.ProofState",
        "DifferenceKind": "integration_hub.sync.models.proof.Kind",
        "DifferenceFix": "integration_hub.sync.models.proof.Mend",
        "WebhookEventState": "integration_hub.webhooks.models.State",
        "WebhookDeliveryState": "integration_hub.webhooks.out.models.State",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "integration_hub.rest.schema.describe_problems",
    ],
}

# --- the outside world -----------------------------------------------------------------------------------------------
# Hosts on private addresses that people may name in the browser (self-hosted services).
ALLOWED_PRIVATE_HOSTS = env.list("ALLOWED_PRIVATE_HOSTS", default=[])
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
SYNC_INTERVAL_MINUTES = env.int("SYNC_INTERVAL_MINUTES", default=5)
# A create whose outcome is unknown is tried again no sooner than this (seconds): it may still land.
SYNC_UNSURE_WAIT = env.float("SYNC_UNSURE_WAIT", default=60.0)
# How long a lane stays with a worker that went silent (seconds); every outside call ends 5 s before.
SYNC_LEASE = env.float("SYNC_LEASE", default=45.0)
CALL_SECONDS = env.float("CALL_SECONDS", default=30.0)  # what one outside call may take in all
if SYNC_LEASE < CALL_SECONDS + 8:
    raise ImproperlyConfigured(
        "SYNC_LEASE must be at least 8 seconds longer than CALL_SECONDS, or no call could be made."
    )


def provider_url(key: str, default: str, kind: str = "API") -> str:
    """The address of a provider: `<KEY>_API_URL` / `<KEY>_OAUTH_URL`, else the real host."""
    return env.str(f"{key.upper()}_{kind}_URL", default=default).rstrip("/")


def provider_word(key: str, name: str) -> str:
    """What the environment says for a provider: `<KEY>_CLIENT_ID`, `<KEY>_REDIRECT_URI` …; empty when it does not."""
    return env.str(f"{key.upper()}_{name}", default="").strip()


def webhook_secrets(key: str) -> tuple[str, ...]:
    """What signs the deliveries to a provider's app-level addresses: `<KEY>_WEBHOOK_SECRET`, two with a comma between
    them while one replaces the other."""
    listed = env.str(f"{key.upper()}_WEBHOOK_SECRET", default="").split(",")
    return tuple(secret.strip() for secret in listed if secret.strip())


# --- logs ------------------------------------------------------------------------------------------------------------
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOG_FORMAT = env.str("LOG_FORMAT", default="console" if DEBUG else "json")
LOGGING_CONFIG = "integration_hub.logs.configure"
LOGGING: dict[str, Any] = {"level": LOG_LEVEL, "format": LOG_FORMAT}
