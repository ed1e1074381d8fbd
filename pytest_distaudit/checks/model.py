"""Claims about language models: that the server has them, and that they answer what they are asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.errors import Unobservable
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement, NeedMore, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look, Probe
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason, Rung, Scope
from pytest_distaudit.domain.wording import counted, listed
from pytest_distaudit.ports.models import Model, ModelAnswer, ModelProbe

_SERVER = {"system": Role("the server of language models")}
_MODEL = Parameter(ParameterType.TEXT, "the model's name, with its tag where it matters")


def _ask(claim: Claim) -> Ask:
    return Model.ask(name=claim["model"])


def _readable(claim: Claim, model: Model) -> Model:
    if not model.exists:
        because = f"the server lists {listed(model.others, 'no model')}"
        refute(f"no model {claim['model']}", because, remedy="pull the model, or correct the document")
    if model.fault:
        because = f"it is listed, and cannot be read: {model.fault}"
        refute(f"model {model.name} is broken", because, remedy="pull the model again")
    return model


# --- it is there


@check(
    "model.available",
    claims="the server has that model itself",
    says="model {model}",
    rung=Rung.CONFIGURED,
    roles=_SERVER,
    params={
        "model": _MODEL,
        "remote": Parameter(ParameterType.FLAG, "whether another host may run it in the server's place", False),
        "context": Parameter(ParameterType.NUMBER, "tokens that it takes in, such as '>= 8192'; default: any", None),
    },
    needs=lambda claim: (Look("system", _ask(claim)),),
    shows_not="that it loads and answers (model.answers), or that anybody asks it",
)
def available(claim: Claim, evidence: Evidence) -> Judgement:
    """Listed, readable, and run here unless the claim allows otherwise."""
    model = _readable(claim, evidence.one(Model, ask=_ask(claim)))
    if model.remote and not claim["remote"]:
        because = f"the server passes what it is asked on to {model.remote}"
        refute(f"model {model.name} is remote", because, remedy="pull a model that runs here, or correct the document")
    wanted = claim["context"]
    if wanted is not None and model.context is None:
        unverifiable(Reason.NO_OBSERVABLE, "context unknown", "the server does not tell how much the model takes in")
    if wanted is not None and not wanted.holds(model.context or 0):
        refute(f"{model.context} tokens of context", f"claimed {wanted}")
    where = f"run by {model.remote}" if model.remote else "on the server's own disk"
    return verified(f"model {model.name} is there", f"{where}; digest {model.digest[:12] or 'unknown'}")


# --- it answers


@check(
    "model.answers",
    claims="the model answers, and its answers follow from what it is asked",
    says="model {model} answers",
    rung=Rung.USED,
    scope=Scope.ACTIVITY,
    roles=_SERVER,
    params={
        "model": _MODEL,
        "right": Parameter(ParameterType.NUMBER, "how many of three small tasks it solves; default: any", None),
    },
    changes_target=True,
    cost_s=30.0,
    needs=lambda claim: (Look("system", _ask(claim)),),
    shows_not="that the application asks it, or that it is the model that its name says",
)
def answers(claim: Claim, evidence: Evidence) -> Judgement | NeedMore:
    """Prompts that nobody can have seen: what does not follow from them, or contradicts itself, is no model's work.

    Nothing is asked of a model that cannot be read.
    """
    model = _readable(claim, evidence.one(Model, ask=_ask(claim)))
    try:
        probe = evidence.shared(ModelProbe)
    except Unobservable as error:
        if error.reason is not Reason.NOT_RECORDED:
            raise
        return NeedMore((Probe(ModelProbe.capability, ("system",), (("model", claim["model"]),)),))
    given = _given(probe)
    _possible(given)
    _follow(given)
    _held(model, probe)
    return _solved(claim, given)


def _given(probe: ModelProbe) -> Sequence[ModelAnswer]:
    """All answers; refuted if there is none."""
    failed = [one for one in probe.answers if one.error]
    if not probe.answers:
        unverifiable(Reason.VACUOUS, "nothing was asked")
    if len(failed) == len(probe.answers):
        refute("it does not answer", f"all {len(failed)} prompts fail: {failed[0].error}", remedy="see its own words")
    if failed:
        many = f"{len(failed)} of {len(probe.answers)} prompts fail"
        unverifiable(Reason.BASELINE, many, failed[0].error)
    if not any(one.text.strip() for one in probe.answers):
        refute("empty answers", f"{counted(len(probe.answers), 'prompt')}, and not a word")
    return probe.answers


#: no token of any vocabulary is longer, blanks aside
_LONGEST_TOKEN = 64
#: clocks, and work that the server leaves out of one figure and puts into another
_SLACK_S = 0.25
_NS = 1e9


def _possible(given: Sequence[ModelAnswer]) -> None:
    """Refute what a model cannot have done."""
    for one in given:
        if one.tokens is not None and one.tokens > one.limit:
            _made_up("more than it was allowed to say", f"it says {one.tokens} tokens, {one.limit} were allowed")
        if len(one.text.strip()) > one.limit * _LONGEST_TOKEN:
            size = f"{len(one.text.strip())} characters are more than {one.limit} tokens can hold"
            _made_up("more than it was allowed to say", size)
        total = (one.total_ns or 0) / _NS
        parts = sum(part or 0 for part in (one.load_ns, one.prompt_ns, one.answer_ns)) / _NS
        if total > one.took_s + _SLACK_S:
            _made_up(
                "its time is made up", f"it says that it worked for {total:.2f} s and answered after {one.took_s:.2f} s"
            )
        if total and parts > total + _SLACK_S:
            _made_up("its time is made up", f"its parts take {parts:.2f} s, the whole {total:.2f} s")
    totals = [one.total_ns for one in given if one.total_ns]
    if len(totals) > len(set(totals)):
        _made_up("its time is made up", "two answers took equally long to the nanosecond")
    if len(totals) < len(given) or any(one.tokens is None for one in given):
        because = "it tells neither tokens nor time of all its answers, as a model's server does"
        unverifiable(Reason.NO_OBSERVABLE, "no account of its work", because)


def _made_up(actual: str, because: str) -> NoReturn:
    refute(actual, f"{because}: no model made this answer", remedy="put a model behind the server's address")


def _follow(given: Sequence[ModelAnswer]) -> None:
    """Refute answers that do not follow from the questions."""
    if any(one.prompt in one.text for one in given if len(one.prompt) > one.limit * _FEWEST):
        _made_up("the question comes back", "an answer repeats a whole prompt in fewer tokens than that takes")
    whole = [one for one in given if one.right is not None]
    if len(whole) < _TO_COMPARE:
        unverifiable(Reason.VACUOUS, f"{counted(len(whole), 'answer')} to compare", "two at least are wanted")
    texts = [" ".join(one.text.split()) for one in whole]
    if len(set(texts)) == 1:
        _made_up("one answer to everything", f"{len(whole)} different tasks: {texts[0][:60]!r}")
    # of all the questions: what is said around one may stand in another
    asked = {word for one in whole for word in _words(one.prompt)}
    rests = {" ".join(word for word in _words(one.text) if word not in asked) for one in whole}
    if len(rests) == 1 and rests != {""}:
        _made_up("one answer to everything", f"but for words of the questions: {rests.pop()[:60]!r}")


_TO_COMPARE = 2
#: characters of a prompt with a nonce that make more than one token, at least
_FEWEST = 20


def _words(text: str) -> list[str]:
    return "".join(letter if letter.isalnum() else " " for letter in text.lower()).split()


def _held(model: Model, probe: ModelProbe) -> None:
    """What answers here is loaded here."""
    if model.remote or probe.loaded is None or model.name in probe.loaded:
        return
    if not probe.loaded:
        refute("answers without a model", "right after it answered the server holds no model loaded")
    because = f"right after it answered the server holds {listed(probe.loaded)}: others use it, too"
    unverifiable(Reason.INCONCLUSIVE_STATISTICS, "another model is loaded", because, remedy="audit a quieter target")


def _solved(claim: Claim, given: Sequence[ModelAnswer]) -> Judgement:
    tasks = [one.right for one in given if one.right is not None]
    told = f"{sum(tasks)} of {counted(len(tasks), 'task')} solved"
    wanted = claim["right"]
    if wanted is not None and not wanted.holds(sum(tasks)):
        refute(told, f"claimed {wanted}", remedy="serve a model that is able to, or correct the document")
    tokens = sum(one.tokens or 0 for one in given)
    return verified(f"{counted(len(given), 'answer')}, {counted(tokens, 'token')}", told)
