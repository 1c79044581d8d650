"""A provider without a network: which keys it accepts, and what it says of their accounts, is a table."""

from collections.abc import Mapping
from typing import Any

from integration_hub.contract import Account, Api, ApiKey, AuthFailed, Provider, ProviderError, Secret, Setting
from integration_hub.contract.provider import Session
from integration_hub.http.door import refuse_inside_transaction

GOOD, SAME_ACCOUNT, OTHER_ACCOUNT, POOR, WEAK = "key-good", "key-same", "key-other", "key-poor", "key-weak"
ANN = Account("acc-1", "ann@example.com", ("read", "write", "extra"))
ACCOUNTS = {
    GOOD: ANN,
    SAME_ACCOUNT: ANN,
    OTHER_ACCOUNT: Account("acc-2", "ben@example.com", ("read", "write", "extra")),
    POOR: Account("acc-1", "ann@example.com", ("read", "write"), missing=("extra",)),
    WEAK: Account("acc-1", "ann@example.com", ("read",), missing=("write", "extra")),
}


class Toy(Provider):
    key = "toy"
    name = "Toy box"
    category = "tests"
    auth = ApiKey(
        secrets=(
            Secret(
                "api_key",
                "Key",
                hint="A key begins with key-.",
                pattern=r"key-\w+",
                env=("TOY_KEY", "TOY_OLD_KEY"),
                refuse=((r"old-.*", "Old keys ended."),),
            ),
            Secret("signing", "Signing secret", env=("TOY_SIGNING",)),
        ),
        settings=(
            Setting("place", "Place", env=("TOY_PLACE",), required=True, default="here"),
            Setting("note", "Note"),
            Setting("auto_sync_enabled", "Automatic", kind="switch", default=True),
            Setting("sync_interval", "Every", kind="choice", default=15, choices=(("15", "15 min"), ("60", "hour"))),
            Setting("team", "Team", kind="choice", default="a", choices=(("a", "Team A"), ("b", "Team B"))),
            Setting("limit", "Limit", kind="number", default=10),
        ),
    )
    api = Api(base_url="http://toy.invalid")
    essential_scopes = ("read", "write")

    def __init__(self) -> None:
        self.accounts: dict[str, Account | ProviderError] = dict(ACCOUNTS)
        self.asked: list[str] = []
        self.told: list[Account] = []
        self.before_answer: Any = None

    def headers(self, secrets: Mapping[str, str]) -> dict[str, str]:
        return {"X-Key": secrets["api_key"]}

    def client(self, session: Session) -> Any:
        return session

    def check(self, client: Any) -> Account:
        refuse_inside_transaction()
        key = client.headers["X-Key"]
        self.asked.append(key)
        if self.before_answer:
            self.before_answer()
        answer = self.accounts.get(key, AuthFailed("Toy box does not know this key."))
        if isinstance(answer, ProviderError):
            raise answer
        return answer

    def connected(self, connection: Any, account: Account) -> None:
        self.told.append(account)
