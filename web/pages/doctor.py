"""The corpus doctor's report in sentences: what it found, what it recommends, and why."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import url_for

from shared.corpora.findings import TextFinding
from shared.estimates.services import CorpusReport, Estimate
from web.messages import _, _l, ngettext
from web.pages.reports import REPAIRS
from web.pages.words import Words, about, number, share

Values = Mapping[str, int | float | str]

# What the list of repairs beside it says already.
SAID_ELSEWHERE = {"newlines_changed", "nul_removed", "marks_removed"}
REASONS: Words = {
    "fits": _l("The text suffices for the preset as it is."),
    "gpu": _l("A worker has a GPU, and the text suffices for the large model."),
    "larger_model": _l("There is so much text that a wider model can learn from it."),
    "smaller_model": _l(
        "The text is short: a wide model would learn it by heart and not how it is written."
    ),
    "tiny_text": _l("The text is very short: a small model, which looks at short windows of it."),
    "too_short": _l(
        "The text is so short that nothing of it can be held out: no validation loss will tell "
        "whether the model only learns by heart."
    ),
}
BASES: Words = {
    "jobs": _l("By how fast the workers at hand trained before."),
    "start": _l("By a speed that the workers at hand measured when they started."),
    "earlier_jobs": _l("By how fast other machines trained."),
}
NO_TIME: Words = {
    "no_workers": _l("No worker that trains is running now."),
    "not_measured": _l("No speed is known yet of the workers at hand."),
}
CATEGORIES: Words = {
    "L": _l("letters"),
    "M": _l("accents and other marks"),
    "N": _l("digits and other numbers"),
    "P": _l("punctuation"),
    "S": _l("symbols"),
    "Z": _l("blanks"),
    "C": _l("line ends and control characters"),
}


def finding_words(finding: TextFinding) -> str:
    """Return a finding as a sentence or two: what it is, and what one may do about it."""
    return FINDINGS[finding.code](finding.values)


def shown_findings(report: CorpusReport) -> list[tuple[str, str]]:
    """Return the level and the words of each finding, warnings first."""
    found = [each for each in report.findings if each.code not in SAID_ELSEWHERE]
    found.sort(key=lambda each: each.level != "warning")
    return [(each.level, finding_words(each)) for each in found]


def training_link(corpus_id: str, report: CorpusReport, newest: bool) -> str:
    """Return the address of the training form, filled in with what is recommended."""
    best = report.recommendation
    asked: dict[str, Any] = {"preset": best.preset} | best.fields
    asked |= {"corpus": corpus_id} if newest else {"version": report.corpus_version_id}
    return url_for("pages.training.new", **asked)


def time_words(estimate: Estimate) -> list[str]:
    """Return how long the run will take, and what that goes by."""
    time = estimate.time
    if time.seconds is None:
        return [str(NO_TIME[time.reason or "not_measured"])]
    told = [_("About %(time)s.", time=about(time.seconds)), str(BASES[time.basis])]
    return [*told, str(NO_TIME[time.reason])] if time.reason else told


def kinds_of_characters(report: CorpusReport) -> list[tuple[str, int, int]]:
    """Return the kinds of characters: a kind's name, how many there are of it, how often."""
    sums: dict[str, tuple[int, int]] = {}
    for each in report.examination.categories if report.examination else []:
        distinct, count = sums.get(each.category[0], (0, 0))
        sums[each.category[0]] = (distinct + each.distinct, count + each.count)
    ordered = sorted(sums.items(), key=lambda item: -item[1][1])
    return [(str(CATEGORIES[kind]), distinct, count) for kind, (distinct, count) in ordered]


def _counted(values: Values, name: str) -> int:
    return int(values[name])


def _number(values: Values, name: str) -> str:
    return number(int(values[name]))


def _share(values: Values) -> str:
    found = float(values["share"])
    return share(found) if found >= 0.0005 else _("less than %(share)s", share="0.1%")


FINDINGS: dict[str, Callable[[Values], str]] = {
    "encoding_detected": lambda v: _(
        "The text was not UTF-8: it was read as %(encoding)s, as its bytes look like that. Check "
        "below that its letters are right; if not, save it as UTF-8 and take it in again.",
        encoding=str(v["encoding"]).upper().replace("_", "-"),
    ),
    "newlines_changed": lambda v: REPAIRS["newlines_changed"](_counted(v, "newlines")),
    "mixed_newlines": lambda v: _(
        "Line ends of several systems were mixed: %(newlines)s of %(lines)s lines ended otherwise "
        "than the rest. Perhaps texts of different sources were joined.",
        newlines=_number(v, "newlines"), lines=_number(v, "lines"),
    ),
    "nul_removed": lambda v: REPAIRS["nul_removed"](_counted(v, "characters")),
    "marks_removed": lambda v: REPAIRS["marks_removed"](_counted(v, "characters")),
    "short_text": lambda v: _(
        "%(characters)s characters are few. From about %(wanted)s on, a model learns words and "
        "sentences, too.",
        characters=_number(v, "characters"), wanted=_number(v, "wanted"),
    ),
    "very_short_text": lambda v: _(
        "%(characters)s characters are very few: a model will learn them by heart, or little. Take "
        "more text of the same kind, best %(wanted)s characters.",
        characters=_number(v, "characters"), wanted=_number(v, "wanted"),
    ),
    "large_vocabulary": lambda v: _(
        "%(characters)s distinct characters are many, as in Chinese or Japanese. The model grows "
        "with each of them, and learning takes longer.",
        characters=_number(v, "characters"),
    ),
    "rare_characters": lambda v: ngettext(
        "One character is rare: it stands in the text fewer than ten times. No model can learn it, "
        "but the model grows by it.",
        "%(count)s characters are rare: each stands in the text fewer than ten times, all together "
        "they are %(share)s of it. No model can learn them, but the model grows by each.",
        _counted(v, "characters"), count=_number(v, "characters"), share=_share(v),
    ),
    "invisible_characters": lambda v: ngettext(
        "One kind of character cannot be seen, or looks like a plain blank. If nobody put it there "
        "on purpose, take it out.",
        "%(count)s kinds of characters cannot be seen, or look like plain blanks. If nobody put "
        "them there on purpose, take them out.",
        _counted(v, "characters"), count=_number(v, "characters"),
    ),
    "long_lines": lambda v: _(
        "The longest line has %(characters)s characters. A text without line ends is learned as "
        "well, but perhaps the line ends were lost.",
        characters=_number(v, "characters"),
    ),
    "many_repeated_lines": lambda v: _(
        "%(share)s of the text are lines that stand there already. The model will learn them by "
        "heart: take out page heads, licences and copies.",
        share=_share(v),
    ),
    "many_repeated_paragraphs": lambda v: _(
        "%(share)s of the text are paragraphs that stand there already. What is held out to judge "
        "the model may stand in what it learns from: take out the copies.",
        share=_share(v),
    ),
}  # fmt: skip
