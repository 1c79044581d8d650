"""What the mails say: plain text, one link, times in the company's zone. Pure, but for the address of the hub."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integration_hub.companies.models import Company
from integration_hub.notices.models import Problem

LONGEST = 120  # characters of a subject
LISTED = 20  # problems a digest names


@dataclass(frozen=True)
class Letter:
    """A mail to be sent, and the problems it tells of."""

    subject: str
    text: str
    opened: tuple[Problem, ...] = ()
    over: tuple[Problem, ...] = ()


def opened(company: Company, problem: Problem) -> Letter:
    lines = [
        problem.sentence,
        _("Since %(time)s.") % {"time": _moment(problem.since, company)} + _affected(problem),
        problem.detail,
        _("See it and mend it: %(link)s") % {"link": link(company.pk, problem)},
    ]
    return Letter(_subject(company, problem.sentence), _text(company, lines), opened=(problem,))


def over(company: Company, problem: Problem) -> Letter:
    lines = [
        _("This is settled: %(sentence)s") % {"sentence": problem.sentence},
        _("It lasted from %(start)s to %(end)s. There is nothing left to do.")
        % {"start": _moment(problem.since, company), "end": _moment(problem.closed_at, company)},
        _("Everything that was settled: %(link)s") % {"link": link(company.pk, show="settled")},
    ]
    subject = _subject(company, _("Settled: %(sentence)s") % {"sentence": problem.sentence})
    return Letter(subject, _text(company, lines), over=(problem,))


def digest(company: Company, problems: Sequence[Problem], settled: Sequence[Problem]) -> Letter:
    """Everything in one mail."""
    counts = [
        ngettext("%(n)d new problem", "%(n)d new problems", len(problems)) % {"n": len(problems)},
        ngettext("%(n)d settled", "%(n)d settled", len(settled)) % {"n": len(settled)},
    ]
    told = ", ".join(text for text, rows in zip(counts, (problems, settled), strict=True) if rows)
    lines = [
        _listed(_("New problems:"), problems),
        _listed(_("Settled:"), settled),
        _("See and mend them: %(link)s") % {"link": link(company.pk)},
    ]
    return Letter(_subject(company, told), _text(company, lines), tuple(problems), tuple(settled))


def link(company: UUID, problem: Problem | None = None, show: str = "") -> str:
    """The page of problems of this company: it asks to switch when the reader is in another one just then."""
    query = f"?show={show}&_company={company}" if show else f"?_company={company}"
    place = f"#problem-{problem.pk}" if problem else ""
    return f"{settings.PUBLIC_URL}/admin/hub/problems/{query}{place}"


def _listed(title: str, problems: Sequence[Problem]) -> str:
    if not problems:
        return ""
    rows = [f"- {' '.join(problem.sentence.split())}" for problem in problems[:LISTED]]
    more = len(problems) - len(rows)
    if more:
        rows.append(ngettext("- and %(n)d more", "- and %(n)d more", more) % {"n": more})
    return "\n".join([title, *rows])


def _affected(problem: Problem) -> str:
    if not problem.affected:
        return ""
    told = ngettext("%(n)d record is affected.", "%(n)d records are affected.", problem.affected)
    return " " + told % {"n": problem.affected}


def _subject(company: Company, text: str) -> str:
    """One line, whatever stands in a sentence or a name."""
    line = " ".join(f"[{company.name}] {text}".split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def _text(company: Company, lines: Sequence[str]) -> str:
    foot = _("You get this as an admin of %(company)s.") % {"company": company.name}
    return "\n\n".join([*(line for line in lines if line), f"-- \n{foot}"]) + "\n"


def _moment(moment: datetime | None, company: Company) -> str:
    if moment is None:
        return "–"
    with timezone.override(company.timezone):
        local = timezone.localtime(moment)
        return f"{date_format(local, 'j M Y, H:i')} {local.tzname()}"
