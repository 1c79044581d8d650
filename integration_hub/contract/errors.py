"""Errors are named by their remedy; a provider translates its own errors into these and nothing else."""

from typing import ClassVar


class ProviderError(Exception):
    """Something the outside world said. `sentence` is for people, `code` is the provider's own word for it."""

    remedy: ClassVar[str] = ""

    def __init__(self, sentence: str, *, code: str = "", status: int | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code
        self.status = status


class TransientError(ProviderError):
    """Try again later. `unsure`: the call may have taken effect (it timed out or broke off after it was sent)."""

    remedy = "retry"

    def __init__(
        self,
        sentence: str,
        *,
        code: str = "",
        status: int | None = None,
        retry_after: float | None = None,
        unsure: bool = False,
    ) -> None:
        super().__init__(sentence, code=code, status=status)
        self.retry_after = retry_after
        self.unsure = unsure


class RateLimited(ProviderError):
    """Wait `retry_after` seconds. `scope` says what waits: the `bucket` of the call, or the whole `account`."""

    remedy = "wait"

    def __init__(
        self,
        sentence: str,
        *,
        retry_after: float,
        scope: str = "bucket",
        code: str = "",
        status: int | None = None,
    ) -> None:
        super().__init__(sentence, code=code, status=status)
        self.retry_after = retry_after
        self.scope = scope


class AuthFailed(ProviderError):
    """The key or grant no longer opens the door: people must reconnect."""

    remedy = "reconnect"


class ConfigError(ProviderError):
    """Something was set up wrongly or vanished at the provider's side: people must configure."""

    remedy = "configure"


class FieldRefused(ProviderError):
    """One mapped field cannot be written any more: deleted, of another type, without a choice it needs, or closed to
    us. `fields` are the remote ids (or names) the provider blames; empty when it does not say: the engine then looks
    at the table itself. That field is paused, the others go on. `lasting`: no record could be written to it; otherwise
    perhaps only this value does not fit, and the engine decides by what became of the table."""

    remedy = "configure"

    def __init__(
        self,
        sentence: str,
        *,
        fields: tuple[str, ...] = (),
        lasting: bool = True,
        code: str = "",
        status: int | None = None,
    ) -> None:
        super().__init__(sentence, code=code, status=status)
        self.fields = fields
        self.lasting = lasting


class Rejected(ProviderError):
    """The provider will never take this record as it is. `hub_ids` names the culprits where the provider does."""

    remedy = "give up"

    def __init__(
        self, sentence: str, *, code: str = "", status: int | None = None, hub_ids: tuple[str, ...] = ()
    ) -> None:
        super().__init__(sentence, code=code, status=status)
        self.hub_ids = hub_ids


class RowsGone(ProviderError):
    """Rows we were linked to were deleted over there: `hub_ids` of rows in this call, `remote_ids` of rows that cells
    link to. The engine forgets the links and writes those records whole."""

    remedy = "again"

    def __init__(
        self,
        sentence: str,
        *,
        hub_ids: tuple[str, ...] = (),
        remote_ids: tuple[str, ...] = (),
        code: str = "",
        status: int | None = None,
    ) -> None:
        super().__init__(sentence, code=code, status=status)
        self.hub_ids = hub_ids
        self.remote_ids = remote_ids
