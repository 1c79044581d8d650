"""Links to the page on which a company connects by signing in: made for one company, good for a while, and once."""

from dataclasses import dataclass
from secrets import token_urlsafe
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.core.cache import cache
from django.utils.http import urlencode

from integration_hub.companies.middleware import FIELD

SECONDS = 15 * 60
PARAMETER = "link"
_SALT = "connections.links"


@dataclass(frozen=True)
class Link:
    """What a link was made for."""

    provider: str
    company_id: UUID
    word: str


def page(provider_key: str) -> str:
    """Where the start page lies on the hub's own host: the browser's session lives there."""
    return f"{settings.PUBLIC_URL}/connect/{provider_key}/"


def make(provider_key: str, company_id: UUID) -> str:
    """The whole address."""
    signed = signing.dumps([provider_key, str(company_id), token_urlsafe(12)], salt=_SALT)
    return f"{page(provider_key)}?{urlencode({PARAMETER: signed, FIELD: str(company_id)})}"


def read(text: str) -> Link | None:
    """None when it is not ours, too old, or was used."""
    try:
        provider, company, word = signing.loads(text, salt=_SALT, max_age=SECONDS)
    except signing.BadSignature:
        return None
    link = Link(provider, UUID(company), word)
    return None if cache.get(_used(link)) else link


def use(link: Link) -> bool:
    """False when somebody else was faster."""
    return bool(cache.add(_used(link), 1, SECONDS))


def _used(link: Link) -> str:
    return f"connect-link:{link.word}"
