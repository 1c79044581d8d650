"""How one signs in at Airtable, and what is asked for.

https://airtable.com/developers/web/api/oauth-reference – tokens last an hour, refresh tokens 60 days from their last
use; each works once, and both old ones end with it.
"""

from django.utils.translation import gettext_noop as _  # translated where it is shown

from integration_hub.contract import OAuth2, Scope

DAY = 86_400
ASKED = (
    Scope("data.records:read", _("read records")),
    Scope("data.records:write", _("create, change and delete records")),
    Scope("schema.bases:read", _("see bases, tables and fields")),
    Scope("schema.bases:write", _("create and rename tables and fields")),
    Scope("webhook:manage", _("be told at once what changes there")),
    Scope("user.email:read", _("see the e-mail address of the account")),
)
SIGN_IN = OAuth2(
    url="https://airtable.com",
    authorize_path="/oauth2/v1/authorize",
    token_path="/oauth2/v1/token",  # noqa: S106 - a path
    grant="airtable.AirtableConnection",
    scopes=ASKED,
    refresh_seconds=60 * DAY,
    by_name=True,
)
