"""API tokens: made once, shown once, found by their digest, revocable at any time."""

import hashlib
import secrets
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from integration_hub.companies.models import ApiToken, Company, User

SCOPES = ("read", "write", "admin")
MARK = "hub_"
_TOUCH = timedelta(minutes=1)


def digest(token: str) -> str:
    """A token has 256 random bits, so a fast hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def issue(
    company: Company, name: str, scopes: list[str], *, created_by: User | None = None, unthrottled: bool = False
) -> tuple[ApiToken, str]:
    """A new token and its text, which nobody can see again. ValueError for a scope that does not exist."""
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise ValueError(
            f"scopes: choose from {', '.join(SCOPES)}" + (f", not {', '.join(unknown)}" if unknown else "")
        )
    text = MARK + secrets.token_urlsafe(32)
    row = ApiToken.everywhere.create(
        company=company,
        name=name,
        prefix=text[:12],
        digest=digest(text),
        scopes=sorted(scopes),
        created_by=created_by,
        unthrottled=unthrottled,
    )
    return row, text


def find(text: str) -> ApiToken | None:
    """The live token with this text; notes its use at most once a minute."""
    token = ApiToken.everywhere.select_related("company").filter(digest=digest(text), revoked_at=None).first()
    if token is not None:
        now = timezone.now()
        if token.last_used_at is None or token.last_used_at < now - _TOUCH:
            unseen = Q(last_used_at=None) | Q(last_used_at__lt=now - _TOUCH)
            ApiToken.everywhere.filter(unseen, pk=token.pk).update(last_used_at=now)
    return token


def revoke(token: ApiToken) -> None:
    ApiToken.everywhere.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
