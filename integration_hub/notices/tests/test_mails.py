"""Mails to admins: once for each problem that lasts, once when it is over, together when there are many, never lost."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends import locmem
from django.utils import timezone

from integration_hub.companies.models import Company, Membership, User
from integration_hub.notices import mails, problems
from integration_hub.notices.models import Mailbox, Problem

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


@pytest.fixture(autouse=True)
def server(settings: Any) -> None:
    settings.SMTP_HOST = "mail.example.org"
    settings.PUBLIC_URL = "https://hub.example.org"


class Clock:
    """Time in our hands: `later` moves it."""

    def __init__(self) -> None:
        self.now = timezone.now()

    def __call__(self) -> datetime:
        return self.now

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(timezone, "now", made)
    return made


Sweep = Callable[..., list[str]]


@pytest.fixture
def sweep(clock: Clock) -> Sweep:
    """Wait so many seconds, sweep, and answer the subjects of the mails that went out."""

    def swept(seconds: float = 0) -> list[str]:
        clock.later(seconds)
        before = len(mail.outbox)
        count = mails.sweep(clock)
        subjects = [str(sent.subject) for sent in mail.outbox[before:]]
        assert count == len(subjects)
        return subjects

    return swept


def open_(company: Company, key: str = "k", **more: Any) -> Problem:
    """As the engine does, but a new one begins by our clock: the model's default is the system's."""
    known = set(Problem.everywhere.values_list("pk", flat=True))
    problem = problems.raise_(company.pk, key, **{"sentence": f"Paper ran out of {key}.", **more})
    if problem.pk not in known:
        Problem.everywhere.filter(pk=problem.pk).update(since=timezone.now())
    return problem


def test_a_problem_that_lasts_is_mailed_once_and_its_end_too(sweep: Sweep, alice: User, company: Company) -> None:
    open_(company, affected=7, detail="Drawer · Orders")
    assert sweep(59) == []
    assert sweep(2) == ["[Alice's] Paper ran out of k."]
    assert sweep(0) == sweep(3600) == []
    open_(company, affected=9)  # the engine says it again: nothing new
    assert sweep(61) == []
    problems.close(company.pk, "k")
    assert sweep(59) == []
    assert sweep(2) == ["[Alice's] Settled: Paper ran out of k."]
    assert sweep(3600) == []


def test_what_a_mail_says(sweep: Sweep, alice: User, company: Company, clock: Clock) -> None:
    clock.now = datetime(2026, 7, 15, 14, 0, tzinfo=UTC)
    problem = open_(company, affected=7, detail="Drawer · Orders")
    sweep(61)
    (sent,) = mail.outbox
    assert sent.to == ["alice@example.com"]
    assert "Paper ran out of k.\n" in sent.body and "Drawer · Orders" in sent.body
    assert "Since 15 Jul 2026, 17:00 EEST. 7 records are affected." in sent.body
    link = f"https://hub.example.org/admin/hub/problems/?_company={company.pk}#problem-{problem.pk}"
    assert sent.body.count("https://") == 1 and link in sent.body
    assert sent.content_subtype == "plain" and not getattr(sent, "alternatives", None)


def test_what_is_over_at_once_is_not_mailed(sweep: Sweep, alice: User, company: Company) -> None:
    open_(company)
    sweep(30)
    problems.close(company.pk, "k")
    assert sweep(61) == [] and sweep(3600) == []


def test_what_comes_back_at_once_is_the_same_problem(sweep: Sweep, alice: User, company: Company, clock: Clock) -> None:
    open_(company)
    assert len(sweep(61)) == 1
    for _round in range(3):
        problems.close(company.pk, "k")
        clock.later(10)
        open_(company)
        assert sweep(10) == [] and sweep(120) == []
    problems.close(company.pk, "k")
    assert sweep(61) == ["[Alice's] Settled: Paper ran out of k."]


def test_what_is_only_worth_a_look_is_not_mailed(sweep: Sweep, alice: User, company: Company) -> None:
    open_(company, severity="warn")
    assert sweep(3600) == []
    open_(company)  # it became worse
    assert len(sweep(0)) == 1


def test_only_active_admins_of_that_company_get_it(
    sweep: Sweep, alice: User, bob: User, charlie: User, company: Company, other_company: Company
) -> None:
    gone = User.objects.create_user("gone", "gone@example.com", is_active=False)
    mute = User.objects.create_user("mute", "")
    for user in (gone, mute, charlie):
        Membership.everywhere.create(company=company, user=user, role="admin" if user != charlie else "staff")
    open_(company)
    sweep(61)
    assert [sent.to for sent in mail.outbox] == [["alice@example.com"]]
    open_(other_company)
    sweep(61)
    assert mail.outbox[-1].to == ["charlie@example.com"] and str(other_company.pk) in mail.outbox[-1].body


def test_who_gets_an_address_later_is_told_then(sweep: Sweep, alice: User, company: Company) -> None:
    User.objects.update(email="")
    open_(company)
    assert sweep(61) == []
    assert mails.standing(company).admins == 0
    User.objects.update(email="alice@example.com")
    assert len(sweep(0)) == 1


def test_many_come_together_and_never_more_than_a_few_in_ten_minutes(
    sweep: Sweep, alice: User, company: Company
) -> None:
    for number in range(30):
        open_(company, f"first-{number}")
    assert sweep(61) == ["[Alice's] 30 new problems"]
    assert "- and 10 more" in mail.outbox[-1].body and "first-0." in mail.outbox[-1].body
    subjects = []
    for second in range(0, 1200, 20):  # one more every twenty seconds, for twenty minutes
        open_(company, f"more-{second}")
        subjects += sweep(20)
    assert 2 <= len(subjects) <= 2 * mails.MOST + 1
    assert sweep(700) and not Problem.everywhere.filter(told_at=None).exists()  # and none was forgotten
    problems.close_all(company.pk, "first")
    assert sweep(700) == ["[Alice's] 30 settled"]


def test_without_a_mail_server_nothing_is_sent_and_nothing_is_lost(
    sweep: Sweep, alice: User, company: Company, settings: Any
) -> None:
    settings.SMTP_HOST = ""
    open_(company)
    assert sweep(61) == []
    assert mails.standing(company) == mails.Standing(False, 0)
    settings.SMTP_HOST = "mail.example.org"
    assert len(sweep(0)) == 1


# --- when the server is down, refuses, or the worker is killed --------------------------------------------------------


class Failing(locmem.EmailBackend):
    """A mail server that answers with `error` while there is one, before or after it took the mail."""

    error: BaseException | None = None
    takes_it = False
    asked = 0

    def send_messages(self, messages: Any) -> int:
        Failing.asked += 1
        if self.error is None or self.takes_it:
            super().send_messages(messages)
        if self.error is not None:
            raise self.error
        return len(messages)


@pytest.fixture
def failing(settings: Any, monkeypatch: pytest.MonkeyPatch) -> type[Failing]:
    settings.EMAIL_BACKEND = f"{__name__}.Failing"
    for name, value in {"error": None, "takes_it": False, "asked": 0}.items():
        monkeypatch.setattr(Failing, name, value)
    return Failing


def test_a_server_that_is_down_loses_nothing_and_is_asked_less_and_less(
    sweep: Sweep, alice: User, company: Company, failing: type[Failing]
) -> None:
    failing.error = ConnectionRefusedError()
    open_(company)
    for _minute in range(60):
        assert sweep(61) == []
    assert failing.asked <= 7
    standing = mails.standing(company)
    assert standing.trouble.startswith("The mail server does not answer.") and standing.again_at is not None
    failing.error = None
    open_(company, "second")
    assert len(sweep(3601)) == 2
    assert mails.standing(company).trouble == ""


def test_one_companys_refused_address_keeps_no_other_company_waiting(
    sweep: Sweep, alice: User, charlie: User, company: Company, other_company: Company, failing: type[Failing]
) -> None:
    failing.error = SMTPRecipientsRefused({})
    for one in (company, other_company):
        open_(one)
    sweep(61)
    assert failing.asked == 2
    assert "refused the admins' addresses" in mails.standing(company).trouble


def test_a_server_that_is_gone_is_asked_once_a_sweep_not_once_a_company(
    sweep: Sweep, alice: User, charlie: User, company: Company, other_company: Company, failing: type[Failing]
) -> None:
    failing.error = SMTPServerDisconnected()
    for one in (company, other_company):
        open_(one)
    sweep(61)
    assert failing.asked == 1


def test_a_kill_in_between_repeats_at_most_the_one_mail(
    sweep: Sweep, alice: User, company: Company, failing: type[Failing], clock: Clock
) -> None:
    for number in range(3):
        open_(company, str(number))
    failing.error, failing.takes_it = KeyboardInterrupt(), True
    clock.later(61)
    with pytest.raises(KeyboardInterrupt):
        mails.sweep(clock)
    assert len(mail.outbox) == 1
    Mailbox.everywhere.update(lease_until=clock() + mails.LEASE)  # a kill leaves the lease where it was
    failing.error = None
    assert sweep(1) == []
    assert len(sweep(121)) == 3
    assert len(mail.outbox) == 4


def test_two_sweeps_at_once_send_one_mail(sweep: Sweep, alice: User, company: Company, clock: Clock) -> None:
    open_(company)
    clock.later(61)
    assert mails._claim(company.pk, clock()) is not None
    assert sweep() == []
    assert len(sweep(121)) == 1


def test_a_sentence_of_many_lines_makes_a_subject_of_one(sweep: Sweep, alice: User, company: Company) -> None:
    open_(company, sentence="Paper ran out.\nBcc: everybody@example.org\n" + "x" * 300)
    (subject,) = sweep(61)
    assert "\n" not in subject and len(subject) == 120 and mail.outbox[0].bcc == []


def test_the_beat_asks_for_mails_and_a_worker_knows_the_task(alice: User, company: Company, clock: Clock) -> None:
    from django_celery_beat.models import PeriodicTask

    from integration_hub.celery import app

    house = PeriodicTask.objects.get(name="House: mail")
    assert (house.task, house.interval.every, house.enabled) == ("notices.mail", 20, True)
    app.loader.import_default_modules()
    clock.later(-120)
    open_(company)
    app.tasks[house.task]()
    assert [sent.to for sent in mail.outbox] == [["alice@example.com"]]
