"""Claims about streams of events: that there is one, and that what was appended can be read again."""

from __future__ import annotations

from pytest_distaudit.checks._appended import Appended, performances
from pytest_distaudit.checks._kept import kept
from pytest_distaudit.checks._watched import baseline, busy
from pytest_distaudit.domain.check import Parameter, ParameterType, Role, check
from pytest_distaudit.domain.claim import Claim
from pytest_distaudit.domain.evidence import Evidence
from pytest_distaudit.domain.judgement import Judgement, refute, unverifiable, verified
from pytest_distaudit.domain.needs import Look, Need, Perform
from pytest_distaudit.domain.observation import Ask
from pytest_distaudit.domain.verdict import Reason, Rung, Scope
from pytest_distaudit.domain.wording import counted, listed
from pytest_distaudit.ports.capabilities import ActivityRun
from pytest_distaudit.ports.streams import STREAM, Stream, StreamGroup, StreamTail

LOG = {"system": Role("the system that keeps the stream")}
NAME = Parameter(ParameterType.TEXT, "the stream's name: a topic, a stream's key, a stream queue")


def _stream(claim: Claim) -> Ask:
    return Stream.ask(name=claim["stream"])


def tail_ask(claim: Claim) -> Ask:
    """The latest entries of the claim's stream."""
    return StreamTail.ask(name=claim["stream"])


def formed(told: Stream | StreamTail | StreamGroup) -> None:
    """Raise unless it keeps what was appended, by its kind."""
    if not told.form:
        refute(f"no stream {told.name}", f"nothing has the name {told.name!r}")
    if told.form != STREAM:
        because = f"{told.name!r} is a {told.form}: it keeps nothing for a second reader"
        refute(f"a {told.form}, no stream", because)


@check(
    "stream.exists",
    claims="the system keeps a stream of that name",
    says="stream {stream}",
    rung=Rung.CONFIGURED,
    roles=LOG,
    params={
        "stream": NAME,
        "partitions": Parameter(ParameterType.NUMBER, "how many partitions, such as '>= 3'", None),
        "groups": Parameter(ParameterType.NUMBER, "how many named groups of readers, such as '>= 1'", None),
    },
    needs=lambda claim: (Look("system", _stream(claim)),),
    shows_not="that anybody appends to it, or reads it (stream.replayable)",
)
def exists(claim: Claim, evidence: Evidence) -> Judgement:
    """A stream by its kind, not a queue, list or channel that is called one, nor one of the product's own."""
    stream = evidence.one(Stream, ask=_stream(claim))
    formed(stream)
    if stream.internal:
        refute(f"{stream.name} is the product's own", "it is there without anybody's events")
    told = [f"stream {stream.name} exists"]
    for word, noun, found in (("partitions", "partition", stream.partitions), ("groups", "group", stream.groups)):
        wanted = claim[word]
        if wanted is None:
            continue
        if found is None:
            unverifiable(Reason.NO_OBSERVABLE, f"{word} unknown", f"the audit may not see the {word} of {stream.name}")
        if not wanted.holds(len(found)):
            refute(counted(len(found), noun), f"of {stream.name}; claimed {wanted}")
        told.append(counted(len(found), noun))
    names = [f"{group.name} ({_members(group.members)})" for group in stream.groups or ()]
    return verified(", ".join(told), f"groups of readers: {listed(names)}" if stream.groups is not None else "")


def _members(members: int | None) -> str:
    return "members unknown" if members is None else counted(members, "member")


def _watched(claim: Claim) -> tuple[Need, ...]:
    asks = [tail_ask(claim), *([_stream(claim)] if claim["retention"] is not None else [])]
    return (Perform(tuple(Look("system", ask) for ask in asks)),)


@check(
    "stream.replayable",
    claims="what an activity appends to the stream can be read again, by anybody, with the same bytes",
    says="what an activity appends to {stream} can be read again",
    rung=Rung.USED,
    scope=Scope.ACTIVITY,
    roles=LOG,
    params={
        "stream": NAME,
        "retention": Parameter(ParameterType.TIME, "for how long entries are kept, such as '>= 168 h'", None),
    },
    takes_activity=True,
    connects=(("activity", "system"),),
    changes_target=True,
    cost_s=5.0,
    needs=_watched,
    shows_not="that the application's own readers read it, or can begin again",
)
def replayable(claim: Claim, evidence: Evidence) -> Judgement:
    """Two readers of the audit's own, at every look, must find what the performances appended, and find it again."""
    run = evidence.shared(ActivityRun)
    looks = evidence.history(StreamTail, ask=tail_ask(claim))
    performed = [one for one in run.runs if one.ok]
    if not performed and looks[-1].fact.form in ("", STREAM):  # it may be the first event that makes it
        baseline(run)
    formed(looks[-1].fact)
    appended = Appended(looks, run)
    told = _refuted_by(appended, len(performed))
    if len(performed) < len(run.runs):
        baseline(run)
    if appended.nonces < len(performed):
        _attributable(appended, len(performed))
    if claim["retention"] is None and appended.found == appended.pushed_out:
        because = f"{appended.found} appended, as many older ones gone: only the latest are kept"
        unverifiable(
            Reason.AMBIGUOUS_CLAIM, "new entries push out older ones", because, remedy="claim a retention, too"
        )
    for_how_long = ""
    if claim["retention"] is not None:
        for_how_long = "; " + kept(claim["retention"], evidence.history(Stream, ask=_stream(claim)), run)
    return verified(f"{told} read twice", f"{performances(run)}; {appended.told}{for_how_long}")


def _refuted_by(appended: Appended, runs: int) -> str:
    """Refute what other traffic cannot excuse; else say what was found."""
    if appended.changed:
        refute("entries change", f"{appended.changed} were read differently the second time")
    if appended.lost:
        because = f"{appended.told}; {appended.lost} of them, seen before, were gone at a later reading"
        refute("entries do not stay", because, remedy="keep entries for longer, or let nobody remove what was read")
    if appended.nonces >= runs:
        return f"{runs} of {runs} events"
    if not appended.found and not appended.moved:
        refute(f"0 of {runs} events arrived", f"nothing was appended; {appended.told}")
    if appended.overlooked:
        busy("more was appended than could be read", f"{appended.told}: the events may be among what was not read")
    if appended.nonces:
        refute(f"{appended.nonces} of {runs} events can be read", appended.told)
    if appended.found < runs:
        missing = f"{appended.told}, fewer than performances"
        refute(f"{appended.found} of {runs} events can be read", missing)
    return f"{runs} of {runs} events"


def _attributable(appended: Appended, runs: int) -> None:
    """Entries without nonces count only where nobody else can have appended them."""
    if not appended.quiet_before:
        busy("the stream is busy by itself", f"it grew before the activity began; {appended.told}, none with a nonce")
    if not appended.rested:
        busy("the stream does not come to rest", f"it still grew after {appended.waited:.0f} s; {appended.told}")
    if appended.found % runs:
        busy("the counts do not fit the activity", f"{appended.told}: others append, too")
