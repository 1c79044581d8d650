"""Mails to a company's admins: once when something breaks, and once when it works again. Never a flood.

Problems are rows first; this sweep looks which of them nobody was told of. What is over within a minute is not told.
While the mail server is away everything stays as it is and is told later, as it is then: it blocks and loses nothing.
A mail is marked as sent right after it went out, so that a kill in between repeats at most that one.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from smtplib import SMTPConnectError, SMTPException, SMTPRecipientsRefused, SMTPServerDisconnected
from uuid import UUID

import structlog
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from integration_hub.companies.models import Company, Membership, Role
from integration_hub.notices import letters
from integration_hub.notices.models import Mailbox, Problem, Severity

log = structlog.get_logger(__name__)

PATIENCE = timedelta(seconds=60)  # what is over sooner is not worth a mail, and neither is what comes back sooner
SPAN = timedelta(minutes=10)
MOST = 5  # mails of one company in a span; what more there is comes together in one
LEASE = timedelta(minutes=2)
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
COMPANIES = 200  # in one sweep


@dataclass(frozen=True)
class Standing:
    """What the page of problems says about mails: is there a server, does anybody get them, did the last one go out?"""

    is_set_up: bool
    admins: int
    trouble: str = ""
    again_at: datetime | None = None


def is_set_up() -> bool:
    return bool(settings.SMTP_HOST)


def admins_of(company: UUID) -> list[str]:
    """Addresses of the people who can mend something, each once."""
    rows = _admins().filter(company=company)
    return list(dict.fromkeys(rows.order_by("pk").values_list("user__email", flat=True)))


def _admins() -> "QuerySet[Membership]":
    return Membership.everywhere.filter(role=Role.ADMIN, user__is_active=True).exclude(user__email="")


def standing(company: Company) -> Standing:
    if not is_set_up():
        return Standing(False, 0)
    box = Mailbox.everywhere.filter(company=company).exclude(sentence="").first()
    admins = len(admins_of(company.pk))
    return Standing(True, admins, box.sentence, box.next_at) if box else Standing(True, admins)


def sweep(clock: Callable[[], datetime] = timezone.now) -> int:
    """Send what is to be told, company by company. How many mails went out."""
    if not is_set_up() or not (waiting := _companies(clock())):
        return 0
    server = get_connection()
    try:
        return sum(_serve(company, server, clock) for company in waiting)
    except (OSError, SMTPException) as error:  # the server itself is away: the others need not knock too
        log.warning("mail server does not answer", error=type(error).__name__)
        return 0
    finally:
        _close(server)


def _serve(company: UUID, server: BaseEmailBackend, clock: Callable[[], datetime]) -> int:
    box = _claim(company, clock())
    if box is None:
        return 0
    try:
        return _tell(box, server, clock)
    except (SMTPRecipientsRefused, ValueError) as error:  # these addresses only; the next company's may be well
        _fail(box, error, clock())
        return 0
    except (OSError, SMTPException) as error:
        _fail(box, error, clock())
        raise
    finally:
        Mailbox.everywhere.filter(pk=box.pk).update(lease_until=None)


def _tell(box: Mailbox, server: BaseEmailBackend, clock: Callable[[], datetime]) -> int:
    _carry_over(box.company_id, clock())
    addresses, sent = admins_of(box.company_id), 0
    for letter in _letters(box, clock()) if addresses else ():
        _send(letter, addresses, server)
        now = clock()
        _mark(letter, now)
        sent += 1
        box.sent = [*_lately(box, now), now.isoformat()]
        told = {"sent": box.sent, "tries": 0, "sentence": "", "next_at": None, "lease_until": now + LEASE}
        Mailbox.everywhere.filter(pk=box.pk).update(**told)
    return sent


def _letters(box: Mailbox, now: datetime) -> list[letters.Letter]:
    """One mail for each piece of news, or one for all where there are more than may go out now; none when the span is
    used up: what waits goes into the next one."""
    opened, over = list(_opened(now).filter(company=box.company_id)), list(_over(now).filter(company=box.company_id))
    room = MOST - len(_lately(box, now))
    if len(opened) + len(over) <= room:
        single = [letters.opened(box.company, one) for one in opened]
        return single + [letters.over(box.company, one) for one in over]
    return [letters.digest(box.company, opened, over)] if room > 0 else []


def _lately(box: Mailbox, now: datetime) -> list[str]:
    return [moment for moment in box.sent if datetime.fromisoformat(moment) > now - SPAN]


# --- which problems -------------------------------------------------------------------------------------------------


def _opened(now: datetime) -> "QuerySet[Problem]":
    rows = Problem.everywhere.filter(severity=Severity.BAD, closed_at=None, told_at=None, since__lte=now - PATIENCE)
    return rows.order_by("since")


def _over(now: datetime) -> "QuerySet[Problem]":
    rows = Problem.everywhere.filter(told_at__isnull=False, recovery_told_at=None, closed_at__lte=now - PATIENCE)
    return rows.order_by("closed_at")


def _companies(now: datetime) -> list[UUID]:
    """Companies with news and somebody to tell, and none that waits after a failure or is being served."""
    busy = Mailbox.everywhere.filter(Q(next_at__gt=now) | Q(lease_until__gt=now), company=OuterRef("company"))
    admins = _admins().filter(company=OuterRef("company"))
    opened, over = (
        rows.filter(~Exists(busy), Exists(admins)).order_by().values_list("company", flat=True)
        for rows in (_opened(now), _over(now))
    )
    return list(opened.union(over)[:COMPANIES])


def _carry_over(company: UUID, now: datetime) -> None:
    """A problem that came back at once is the old one: whoever was told of it is told neither of its end nor again."""
    told = Problem.everywhere.filter(
        company=company, told_at__isnull=False, recovery_told_at=None, closed_at__isnull=False
    )
    for old in told:
        again = Problem.everywhere.filter(company=company, key=old.key, closed_at=None, told_at=None)
        if again.filter(since__lte=old.closed_at + PATIENCE).update(told_at=old.told_at):  # type: ignore[operator]
            Problem.everywhere.filter(pk=old.pk).update(recovery_told_at=now)


# --- sending --------------------------------------------------------------------------------------------------------


def _send(letter: letters.Letter, addresses: Sequence[str], server: BaseEmailBackend) -> None:
    server.open()  # once a sweep: an open connection stays
    EmailMessage(letter.subject, letter.text, None, list(addresses), connection=server).send()


def _mark(letter: letters.Letter, now: datetime) -> None:
    _rows(letter.opened).filter(told_at=None).update(told_at=now)
    _rows(letter.over).update(recovery_told_at=now)


def _rows(problems: Iterable[Problem]) -> "QuerySet[Problem]":
    return Problem.everywhere.filter(pk__in=[problem.pk for problem in problems])


def _claim(company: UUID, now: datetime) -> Mailbox | None:
    """The company's mailbox, leased; None when somebody else has it or it has to wait."""
    Mailbox.everywhere.get_or_create(company_id=company)
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    due = Q(next_at=None) | Q(next_at__lte=now)
    box = Mailbox.everywhere.filter(free, due, company=company)
    if not box.update(lease_until=now + LEASE):
        return None
    return Mailbox.everywhere.select_related("company").get(company=company)


def _fail(box: Mailbox, error: Exception, now: datetime) -> None:
    wait = min(FIRST_WAIT * 2 ** min(box.tries, 10), LONGEST_WAIT)
    Mailbox.everywhere.filter(pk=box.pk).update(tries=F("tries") + 1, next_at=now + wait, sentence=_why(error))
    log.warning("mail could not be sent", company=str(box.company_id), error=type(error).__name__)


def _why(error: Exception) -> str:
    """For people; the server's own words may hold addresses and are left to the log's error class."""
    if isinstance(error, SMTPRecipientsRefused | ValueError):
        return _("The mail server refused the admins' addresses. Check them under “Team and access”.")
    if isinstance(error, SMTPException) and not isinstance(error, SMTPConnectError | SMTPServerDisconnected):
        return _("The mail server refused the mail. Check SMTP_USER, SMTP_PASSWORD and SMTP_FROM.")
    return _("The mail server does not answer. Check SMTP_HOST and SMTP_PORT.")


def _close(server: BaseEmailBackend) -> None:
    try:
        server.close()
    except (OSError, SMTPException) as error:  # everything was sent or noted before
        log.info("mail server did not say goodbye", error=type(error).__name__)
