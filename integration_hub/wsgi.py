"""WSGI entrance, served by granian."""

import os

from django.core.wsgi import get_wsgi_application

from integration_hub.garbage import keep_what_is_here
from integration_hub.hub.processes import die_with

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration_hub.settings")
if os.environ.get("HUB_DIES_WITH_SERVER"):  # this is a server's worker: without the server nobody could end it
    die_with(os.getppid())

application = get_wsgi_application()
keep_what_is_here()
