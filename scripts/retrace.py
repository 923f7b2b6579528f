"""Computes every figure of `ergo meter --replay` again from the lines of a trace, by the rules of the meter and by none of its code."""

import json
import math
import subprocess
from dataclasses import dataclass, field, replace

PHASES = ["load", "transfer", "train", "evaluate", "other"]
BEGINNING = '{"start":'
JOULES_PER_KWH = 3.6e6

# The largest power of a counter is taken over so many of its updates and so many seconds at least.
PEAK_UPDATES, PEAK_LEAST = 10.0, 0.08
# A counter that shows nothing for so many seconds never moves.
STUCK = 0.1
# After a stand of so many updates and so many seconds, a counter shows this share of what it usually shows, or has lost it.
STALLED_UPDATES, STALLED_LEAST, STALLED_SHARE = 3.0, 0.2, 0.5
# After so many moves the mean power of a counter is known, and until then its updates may take so many seconds.
MOVES, UNLEARNT = 5, 0.1
# No package draws fewer watts.
LEAST = 0.01
# In so many updates a counter moves, if it is not late.
LATE = 3.0
# So many accounts are remembered, to go back to one of them.
KEPT = 8
# So many times more or less than before is about the same power.
LIKE = 1.25
# Steps are told apart by their length to this factor.
FACTOR = 1.05
# Counter and integrated power that differ by more than this share are not one truth, where both know nearly the same time.
DISAGREES, SAME = 0.1, 0.99
# Power beside a counter is a mean over so many seconds.
AVERAGED = 1.0
# Power beside a counter stands for all of a window where it was seen for more than this share of it.
BESIDE = 0.9
# Of a part of a total so much must be known.
SEEN = 0.99


@dataclass
class Step:
    """Energy between two looks in microjoules, and how often the counter began again from 0."""

    low: float
    microjoules: float
    high: float
    wraps: int = 0


@dataclass
class Booked:
    """A step of all phases together, or what one phase has of it."""

    step: Step
    seconds: float
    bridged: float


@dataclass
class Sums:
    """What was booked to one phase, or to all of them together."""

    low: float = 0.0
    microjoules: float = 0.0
    high: float = 0.0
    wraps: int = 0
    covered: float = 0.0
    bridged: float = 0.0
    gaps: int = 0
    ambiguous: int = 0
    cuts: int = 0

    def add(self, booked):
        self.low += booked.step.low
        self.microjoules += booked.step.microjoules
        self.high += booked.step.high
        self.wraps += booked.step.wraps
        self.covered += booked.seconds
        self.bridged += booked.bridged


@dataclass
class Repeats:
    """For how many seconds a power has been the same, was at most, up to the look that showed another, and from one change to the next."""

    same: float = 0.0
    longest: float = 0.0
    edge: float = math.inf
    most: float = math.inf

    def look(self, seconds, changed):
        self.same += seconds
        self.longest = max(self.longest, self.same)
        if changed:
            self.most = min(self.most, self.edge + self.same)
            self.same, self.edge = 0.0, seconds

    def late(self):
        return 2.0 * min(self.longest, self.most)


@dataclass
class Beside:
    """Power that is told beside a counter, integrated."""

    microjoules: float = 0.0
    low: float = 0.0
    high: float = 0.0
    seconds: float = 0.0
    shown: list = field(default_factory=list)
    repeats: Repeats = field(default_factory=Repeats)

    def add(self, before, now, seconds):
        self.microjoules += 0.5 * (before + now) * seconds * 1e6
        self.low += min(before, now) * seconds * 1e6
        self.high += max(before, now) * seconds * 1e6
        self.seconds += seconds
        self.shown = [min([before, now, *self.shown]), max([before, now, *self.shown])]
        self.repeats.look(seconds, before != now)

    def change(self):
        return self.shown[1] - self.shown[0] if self.shown else 0.0


@dataclass
class Span:
    """Time of one phase over all its visits, or of all phases as one."""

    seconds: float = 0.0
    start: float = 0.0
    end: float = 0.0
    visits: int = 0


@dataclass
class Fall:
    """What a counter showed before it did what it cannot, the seconds in each phase since, and the phase in which that was seen."""

    before: tuple
    since: list
    phase: int


@dataclass
class Before:
    """How long an account was before a step was booked, and what it knew then."""

    booked: int
    ambiguous: int
    known: tuple
    largest: list
    shown: list
    updates: "Updates"
    moves: int
    quickest: dict
    last: tuple
    since: list
    fell: bool = False


@dataclass
class Updates:
    """Seconds between two updates: as the source's kind has it, or longer, where a counter was seen to stand still for longer."""

    nominal: float
    stood: float = 0.0
    edge: float = None
    most: float = math.inf
    # The two longest times from a move to the look at the next.
    longest: tuple = (0.0, 0.0)

    def after(self, still, seconds):
        """The same after a move `seconds` after the last, with a stand of `still` seconds before it."""
        edge = seconds - still
        most = self.most if self.edge is None else min(self.most, self.edge + still + edge)
        # What was seen to move more often than that stalled.
        known = max(self.nominal, min(self.stood, most))
        stood = still if known < still <= most else self.stood
        first, second = sorted([*self.longest, seconds if still > self.nominal else 0.0])[:0:-1]
        return Updates(self.nominal, stood, edge, most, (first, second))

    def seconds(self):
        return max(self.nominal, min(self.stood, self.most))

    def age(self):
        """As old may a reading be, as looks that saw the counter stand may have missed its moves by the time between them."""
        is_longer = self.seconds() > self.nominal and self.most < math.inf
        return max(self.longest[1], self.most if is_longer else self.seconds())


def reading(shown, plausible):
    """What a source showed as a form and its numbers; None where it could not be read, or shows what it cannot."""
    if shown.get("uj") is not None:
        counter = ("uj", shown["uj"], shown.get("of"))
        return counter if counter[2] is None or counter[1] <= counter[2] else None
    if shown.get("w") is not None:
        return ("w", shown["w"]) if 0.0 <= shown["w"] <= plausible else None
    if shown.get("model") is not None:
        return ("model", *shown["model"])
    return None


def is_failed(shown, how):
    """Whether a failed reading says that all before it was not what it was taken for, or that the count goes on anew after it."""
    return bool(shown.get(how)) and all(shown.get(form) is None for form in ("uj", "w", "model"))


def counted(start, end, limit):
    """Difference of a counter over one wrap at most; None where it ran backwards and cannot wrap."""
    if end >= start:
        return end - start
    return None if limit is None or limit < start else limit - start + end


def step(last, now, seconds, source, update, missed):
    """Energy between two good readings, or in a word why there is none that can be believed."""
    if last[0] != now[0]:
        return "another form"
    if now[0] == "uj":
        return counter_step(last[1], now[1], now[2], seconds, source["plausible_watts"], update)
    if now[0] == "w":
        # Nobody looked meanwhile, and power does not add up by itself.
        if missed or seconds > source.get("holds_seconds", 2.5):
            return "unsampled"
        low, high = sorted((last[1], now[1]))
        return Step(low * seconds * 1e6, 0.5 * (low + high) * seconds * 1e6, high * seconds * 1e6)
    return Step(*[(after - before) * 1e6 for before, after in zip(last[1:], now[1:])])


def counter_step(start, end, limit, seconds, plausible, update):
    if limit is not None and plausible * seconds * 1e6 >= limit:
        return "ambiguous"
    count = counted(start, end, limit)
    # A short interval can hold one more update than it is long.
    if count is None or count > plausible * (seconds + update) * 1e6:
        return "reset"
    return Step(float(count), float(count), float(count), int(end < start))


def is_like(found, usual):
    return usual / LIKE <= found <= usual * LIKE


def ratio(amount, seconds):
    return amount / seconds if seconds > 0 else None


class Tally:
    """The account of one source: what was booked by phase, and what it takes to go back in it."""

    def __init__(self, source):
        self.source = source
        self.is_counter = source["kind"] == "counter"
        self.plausible = source["plausible_watts"]
        # Every step as a whole and by phase, and the phases of gaps in which a counter was read and what it counted is not known.
        self.booked, self.ambiguous, self.gaps = [], [], [0] * len(PHASES)
        # How often a count was cut off in a phase, and whether it awaits the next move of its counter.
        self.cuts, self.is_anew = [0] * len(PHASES), False
        # Microjoules and seconds of all that was booked.
        self.known = (0.0, 0.0)
        # The largest power by phase, with the seconds over which a counter showed it.
        self.largest = [None] * len(PHASES)
        self.last, self.pending, self.still = None, [0.0] * len(PHASES), [0.0] * len(PHASES)
        self.missed, self.is_void, self.moves = False, False, 0
        self.updates = Updates(source["update_seconds"])
        self.fall, self.past, self.quickest = None, [], {}
        # For how long it stood still at most in its first moves, and in which phase.
        self.stood_early = (0.0, 0)
        # Phase, seconds and microjoules of the stretch whose power is being taken.
        self.peak = (0, 0.0, 0.0)
        self.shown, self.repeats = [], Repeats()
        self.beside, self.beside_all, self.beside_last = [Beside() for _ in PHASES], Beside(), None

    def observe(self, phase, ran, shown):
        """Takes in a look at the end of `ran` seconds of a phase."""
        self.pending[phase] += ran
        for remembered in [*self.past, *([self.fall] if self.fall else [])]:
            remembered.since[phase] += ran
        now = reading(shown, self.plausible)
        if now is None:
            self.is_void |= is_failed(shown, "void")
            self.missed = True
            if is_failed(shown, "cut"):
                self.cut(phase)
            self.gap(phase)
        elif self.is_anew:
            self.await_move(now)
        elif now[0] == "uj" and now == self.last:
            # What could not be read meanwhile was nothing.
            self.missed, self.still = False, list(self.pending)
        else:
            self.take(now, phase)
        beside = shown.get("beside_w")
        self.check(phase, ran, beside if beside is not None and 0.0 <= beside <= self.plausible else None)

    def check(self, phase, ran, power):
        """Takes in the power beside a counter, on a straight line from the one before."""
        if self.beside_last is not None and power is not None:
            self.beside[phase].add(self.beside_last, power, ran)
            self.beside_all.add(self.beside_last, power, ran)
        self.beside_last = power

    def take(self, now, phase):
        """Takes in a reading that is not the one before."""
        fell = self.fall is not None
        self.take_back_fall(now)
        self.take_back_leap(now, phase)
        if self.last is not None:
            seconds = sum(self.pending)
            update = max(self.updates.seconds(), UNLEARNT if self.moves < MOVES else 0.0)
            found = step(self.last, now, seconds, self.source, update, self.missed)
            if isinstance(found, Step) and self.stood_long():
                found = self.made_up(found, seconds)
            if isinstance(found, Step):
                self.book(found, now, phase, seconds, fell)
            else:
                self.disbelieve(found, phase)
        if now[0] == "w":
            span = self.largest[phase][1] if self.largest[phase] else 0.0
            self.largest[phase] = (max(now[1], self.largest[phase][0]) if self.largest[phase] else now[1], span)
            self.shown = [min([now[1], *self.shown]), max([now[1], *self.shown])]
            if self.last is not None:
                self.repeats.look(sum(self.pending), now != self.last)
        self.last, self.missed = now, False
        self.pending, self.still = [0.0] * len(PHASES), [0.0] * len(PHASES)

    def disbelieve(self, why, phase):
        if why == "stalled":
            self.moves = max(self.moves, 1)
        if why == "reset":
            self.fall = Fall(self.last, list(self.pending), phase)
            for before in self.past:
                before.fell = True
        if why in ("reset", "ambiguous"):
            self.ambiguous.append(phase)
        self.gap(phase)

    def gap(self, phase):
        self.gaps[phase] += 1
        self.peak = (0, 0.0, 0.0)

    def take_back_fall(self, now):
        """Where a counter shows again what it would without what it cannot have done just before, its count over all of that holds."""
        fall, self.fall = self.fall, None
        if fall is None:
            return
        seconds = sum(fall.since)
        found = step(fall.before, now, seconds, self.source, self.updates.nominal, False)
        # One that did begin anew is far below, and would need a wrap; with another power than before it is as likely to have leapt.
        if not isinstance(found, Step) or found.wraps:
            return
        joules, covered = self.known
        if covered > 0 and not is_like(found.microjoules, joules / covered * seconds):
            return
        self.last, self.pending, self.missed = fall.before, fall.since, True
        # For how long it showed the same false thing says nothing of it.
        self.still = [0.0] * len(PHASES)
        self.ambiguous.pop()

    def take_back_leap(self, now, phase):
        """Where a counter showed too much, though not more than can be, or too little, and comes to what it would show without that, all
        steps since are taken back."""
        if self.last is None or now[0] != "uj" or self.last[0] != "uj":
            return
        nominal, seconds, (joules, covered) = self.updates.nominal, sum(self.pending), self.known
        found = step(self.last, now, seconds, self.source, nominal, False)
        fell = now[1] < self.last[1] and found == "reset"
        is_usual = isinstance(found, Step) and covered > 0 and found.microjoules <= LIKE * joules / covered * seconds
        if not fell and (now[1] <= self.last[1] or is_usual):
            return
        # What rises has to have fallen before.
        may = [(place, before) for place, before in enumerate(self.past) if fell or before.fell]
        places = [place for place, before in may if self.follows(before, now, nominal)]
        if not places:
            return
        before = self.past[places[-1]]
        # What was told of gaps stays, and the power beside the counter was no part of what was false.
        del self.past[places[-1] :], self.booked[before.booked :], self.ambiguous[before.ambiguous :]
        self.known, self.largest, self.shown = before.known, before.largest, before.shown
        self.updates, self.moves, self.quickest = before.updates, before.moves, before.quickest
        self.last, self.pending, self.still, self.missed = before.last, before.since, [0.0] * len(PHASES), True
        self.gap(phase)

    def follows(self, before, now, update):
        """Whether a counter comes from an account before to what it shows now, at about the power that it had until then."""
        seconds, (joules, covered) = sum(before.since), before.known
        found = step(before.last, now, seconds, self.source, update, False)
        is_step = isinstance(found, Step) and found.wraps == 0 and covered > 0
        return is_step and is_like(found.microjoules, joules / covered * seconds)

    def patience(self):
        """For how long a counter may stand still before that says anything."""
        return max(2 * PEAK_UPDATES * self.source["update_seconds"], 1.0, LATE * self.updates.seconds())

    def stood_long(self):
        return self.moves >= MOVES and sum(self.still) > STALLED_UPDATES * self.updates.seconds()

    def made_up(self, found, seconds):
        """What a counter shows after it stood still for long: less than at its largest power, it may have lost it; far less than usual,
        and nothing is known."""
        joules, covered = self.known
        usual = joules / covered * seconds if covered > 0 else 0.0
        if sum(self.still) > STALLED_LEAST and not (usual > 0 and found.microjoules >= STALLED_SHARE * usual):
            return "stalled"
        # It may have stopped at any time since the look before it was last seen to move.
        mean = joules / covered if covered > 0 else 0.0
        return replace(found, high=max(found.high, max(mean, 1e6 * self.fastest()) * (seconds + (self.updates.edge or 0.0))))

    def book(self, found, now, phase, seconds, fell):
        """Books a step, and remembers the account before it."""
        if now[0] == "uj":
            lengths, learnt = (len(self.booked), len(self.ambiguous)), (self.updates, self.moves, dict(self.quickest))
            known = self.known, list(self.largest), self.shown
            before = Before(*lengths, *known, *learnt, self.last, list(self.pending))
            self.past = [*self.past, before][-KEPT:]
        if not fell:
            learnt = self.updates.after(sum(self.still), seconds)
            if learnt.stood != self.updates.stood:
                self.peak = (0, 0.0, 0.0)
            self.updates = learnt
        is_early = self.moves < MOVES
        self.moves += found.microjoules > 0
        power = math.floor(math.log(max(seconds, 1e-6)) / math.log(FACTOR))
        self.quickest[power] = max(self.quickest.get(power, 0.0), found.microjoules)
        parts = self.divided(found, phase, seconds)
        self.known = (self.known[0] + found.microjoules, self.known[1] + seconds)
        self.booked.append((Booked(found, seconds, seconds if self.missed else 0.0), parts))
        self.watch_peak(phase, found, seconds, parts[phase].step.microjoules != found.microjoules)
        if is_early:
            self.early(phase)

    def early(self, phase):
        """Once it is known how often a counter moves, what it may have lost as it stood still before that is within the bounds."""
        self.stood_early = max(self.stood_early, (sum(self.still), phase), key=lambda stood: stood[0])
        stood, phase = self.stood_early
        if self.moves >= MOVES and stood > STALLED_UPDATES * self.updates.seconds():
            # It may be renewed as often as its kind is, however few of its moves were seen.
            watts = self.fastest(self.updates.nominal)
            most = Booked(Step(0.0, 0.0, 1e6 * watts * (stood + (self.updates.edge or 0.0))), 0.0, 0.0)
            self.booked.append((most, {phase: most}))

    def divided(self, found, phase, seconds):
        """What each phase has of a step: all of it the one in which it was seen, unless something went wrong; then by time."""
        is_split = self.missed or seconds > self.patience()
        parts, left = {}, found.microjoules
        for place, part in enumerate(self.pending):
            if place == phase or part == 0.0:
                continue
            # Whole microjoules, so that the parts add up exactly.
            share = math.floor(found.microjoules * part / seconds) if is_split else 0.0
            left -= share
            parts[place] = Booked(Step(0.0, share, found.high if is_split else 0.0), part, part if self.missed else 0.0)
        own = replace(found, microjoules=left, low=found.low if left == found.microjoules else 0.0)
        parts[phase] = Booked(own, self.pending[phase], self.pending[phase] if self.missed else 0.0)
        return parts

    def watch_peak(self, phase, found, seconds, is_split):
        """Takes the power of stretches of one phase that are long enough for it."""
        if is_split or phase != self.peak[0]:
            self.peak = (phase, 0.0, 0.0)
        if is_split or self.source["kind"] == "integrated":
            return
        _, before, microjoules = self.peak
        length, microjoules = before + seconds, microjoules + found.microjoules
        self.peak = (phase, length, microjoules)
        if length >= max(PEAK_UPDATES * self.updates.seconds(), PEAK_LEAST):
            watts = microjoules * 1e-6 / length
            if self.largest[phase] is None or watts > self.largest[phase][0]:
                self.largest[phase] = (watts, length)
            self.peak = (phase, 0.0, 0.0)

    def fastest(self, update=None):
        """The largest power between two looks, over one update at least."""
        update = self.updates.seconds() if update is None else update
        return max([joules * 1e-6 / max(FACTOR**power, update) for power, joules in self.quickest.items()], default=0.0)

    def watts_max(self, phase):
        """The largest power of a phase; a span that is short of ten updates may hold one more of them than it is long."""
        if self.largest[phase] is None:
            return None
        (watts, span), update = self.largest[phase], self.updates.seconds()
        return watts * span / (span + update) if 0.0 < span < PEAK_UPDATES * update else watts

    def never_moved(self):
        return self.is_counter and self.was_read() and self.moves == 0 and self.known[0] == 0.0

    def was_read(self):
        return self.last is not None or self.known[1] > 0

    def sums(self):
        """What was booked by phase and in all, with what a counter that stands at the end says of the time since it moved."""
        cells = [Sums(gaps=self.gaps[i], ambiguous=self.ambiguous.count(i), cuts=self.cuts[i]) for i in range(len(PHASES))]
        whole = Sums(gaps=sum(self.gaps), ambiguous=len(self.ambiguous), cuts=sum(self.cuts))
        unknown, still = self.close()
        for of_whole, parts in [*self.booked, still] if still else self.booked:
            whole.add(of_whole)
            for place, part in parts.items():
                cells[place].add(part)
        if unknown is not None:
            cells[unknown].gaps += 1
            whole.gaps += 1
        return cells, whole

    def close(self):
        """The phase of a gap that a counter which stood too long leaves at the end, or what is booked of that time."""
        seconds, (joules, covered) = sum(self.still), self.known
        if seconds > self.patience() and joules > 0:
            # Nothing is known of that time.
            return max(place for place, part in enumerate(self.still) if part > 0.0), None
        # What the updates of a counter do not explain may have been drawn as fast as ever.
        is_late = seconds > LATE * self.updates.age() and joules > 0
        rate = max(ratio(joules, covered) or 0.0, 1e6 * self.fastest()) if is_late else 0.0
        # It may have stopped at any time since the look before it was last seen to move.
        unseen = self.updates.edge or 0.0

        def stood(part):
            return Booked(Step(0.0, 0.0, rate * (part + unseen) if part > 0.0 else 0.0), part, 0.0)

        return None, (stood(seconds), {place: stood(part) for place, part in enumerate(self.still)})

    def cut(self, phase):
        """Ends the account of what was counted so far at the last move of the counter."""
        self.cuts[phase] += self.last is not None
        self.last, self.fall, self.past, self.peak = None, None, [], (0, 0.0, 0.0)
        self.begin_anew(self.is_counter)

    def await_move(self, now):
        """A count that was cut off begins anew no sooner than with the next move of its counter."""
        moved = self.last is not None and now != self.last
        self.last = now
        self.begin_anew(not moved)

    def begin_anew(self, awaits):
        self.is_anew, self.missed = awaits, False
        self.pending, self.still = [0.0] * len(PHASES), [0.0] * len(PHASES)


def blank(source, phase, span):
    """A window of unknown energy."""
    unknown = ["joules", "joules_low", "joules_high", "bounds_cover", "joules_integrated", "watts_mean", "watts_max"]
    return {
        "domain": source["domain"],
        "phase": phase,
        "kind": "none",
        **dict.fromkeys(unknown),
        "seconds": span.seconds,
        "start": span.start,
        "end": span.end,
        "coverage": 0.0,
        "bridged_seconds": 0.0,
        **dict.fromkeys(["wraps", "ambiguous", "gaps"], 0),
    }


def of_tally(tally, spans, whole_span):
    """The windows of one source: each phase that was entered, and the total."""
    cells, whole = tally.sums()
    mean = (ratio(whole.microjoules, whole.covered) or 0.0) * 1e-6
    windows = []
    for place, span in enumerate(spans):
        if span.visits:
            found = (cells[place], tally.beside[place], tally.watts_max(place))
            windows.append(window(tally, whole, PHASES[place], span, *found, mean))
    total = window(tally, whole, "total", whole_span, whole, tally.beside_all, None, mean)
    largest = [one["watts_max"] for one in windows if one["watts_max"] is not None]
    total["watts_max"] = max([*largest, total["watts_mean"] or 0.0]) if largest else None
    # What is known of all phases together is not lost where nothing is known of one of them alone.
    if total["joules"] is not None and all(one["joules"] is not None for one in windows):
        total["joules"] = sum(one["joules"] for one in windows)
    for one in windows:
        # A phase takes no more than the whole.
        if total["joules_high"] is not None and one["joules_high"] is not None:
            one["joules_high"] = min(one["joules_high"], max(total["joules_high"], one["joules"] or 0.0))
    return [*windows, total]


def window(tally, whole, phase, span, cell, beside, most, mean):
    """One phase of one source."""
    told = {**blank(tally.source, phase, span), "wraps": cell.wraps, "ambiguous": cell.ambiguous, "gaps": cell.gaps}
    # Power beside a counter stands for a window where it was seen for nearly all of its time.
    has_power = beside.seconds > 0 and beside.seconds > BESIDE * span.seconds
    integrated = beside.microjoules / 1e6 if has_power else None
    if not tally.is_void and tally.never_moved() and has_power:
        return replaced(told, span, span.visits + cell.cuts, beside, tally.beside_all, tally.source)
    if is_unknown(tally, whole, span, cell):
        return told
    told["joules_integrated"] = integrated
    if tally.never_moved():
        # Nothing is known but what the domain can draw.
        stale = max((span.visits + cell.cuts) * tally.updates.age(), span.seconds) * tally.plausible * 1e6
        low, high = max(cell.low - stale, 0.0), cell.high + stale
        told.update(joules_low=low / 1e6, joules_high=high / 1e6, bounds_cover="resolution", watts_max=most)
        return told
    watts = ratio(cell.microjoules * 1e-6, cell.covered)
    low, high = bounds(tally, span, cell, max(watts or 0.0, mean))
    if has_power and disagree(integrated, cell, beside):
        # Which of the two is wrong is not known.
        least, most_beside = bounds_beside(tally.source, span.visits + cell.cuts, beside, tally.beside_all)
        low, high = min(low, least), max(high, most_beside)
    told.update(
        kind=tally.source["kind"],
        joules=cell.microjoules / 1e6,
        joules_low=low / 1e6,
        joules_high=high / 1e6,
        bounds_cover="model" if tally.source["kind"] == "modelled" else "resolution",
        watts_mean=watts,
        watts_max=most if most is None else max(most, watts or most),
        coverage=min((cell.covered - cell.bridged) / span.seconds, 1.0) if span.seconds > 0 else 1.0,
        bridged_seconds=cell.bridged,
    )
    return told


def is_unknown(tally, whole, span, cell):
    """Whether nothing is known of a window."""
    enough = max(PEAK_UPDATES * tally.source["update_seconds"], STUCK)
    is_stuck = tally.never_moved() and whole.covered >= enough
    is_package = tally.is_counter and tally.source["domain"].startswith("package-")
    crawls = is_package and whole.covered >= 1.0 and whole.microjoules < LEAST * 1e6 * whole.covered
    is_unread = not tally.was_read() or (cell.covered == 0.0 and span.seconds > 0.0)
    return tally.is_void or is_stuck or (crawls and not tally.never_moved()) or is_unread


def bounds_beside(source, ends, beside, run):
    """Ends in microjoules of the power beside a counter, which comes late at both ends of every visit and part."""
    late = max(AVERAGED, source.get("averaged_seconds", 0.0), run.repeats.late()) * run.change() * ends * 1e6
    return max(beside.low - late, 0.0), beside.high + late


def replaced(told, span, ends, beside, run, source):
    """The window of a counter that never moved, by the power beside it."""
    low, high = bounds_beside(source, ends, beside, run)
    return {
        **told,
        "kind": "integrated",
        "joules": beside.microjoules / 1e6,
        "joules_low": low / 1e6,
        "joules_high": high / 1e6,
        "bounds_cover": "resolution",
        "watts_mean": beside.microjoules / 1e6 / beside.seconds,
        "watts_max": beside.shown[1],
        "coverage": min(beside.seconds / span.seconds, 1.0),
    }


def disagree(integrated, cell, beside):
    """Whether a counter and a power do not tell the same, beyond what the averaging of a changing power explains."""
    if cell.covered < SAME * beside.seconds:
        return False
    joules = cell.microjoules / 1e6
    return abs(integrated - joules) - DISAGREES * max(joules, integrated) - AVERAGED * beside.change() > 0.0


def bounds(tally, span, cell, mean):
    """Ends in microjoules: a reading at an edge may be one update old, at both ends of every visit."""
    if tally.source["kind"] == "modelled":
        return max(cell.low, 0.0), cell.high
    most = tally.plausible if cell.microjoules == 0.0 else max(mean, tally.fastest())
    changed = tally.shown[1] - tally.shown[0] if tally.shown else 0.0
    late = max(tally.source.get("averaged_seconds", 0.0), tally.repeats.late()) * changed
    # A count that was cut off has more ends.
    stale = (span.visits + cell.cuts) * (tally.updates.age() * most + late) * 1e6
    return max(cell.low - stale, 0.0), cell.high + stale


def of_unreadable(source, spans, whole_span):
    entered = [(phase, span) for phase, span in zip(PHASES, spans) if span.visits]
    return [blank(source, phase, span) for phase, span in [*entered, ("total", whole_span)]]


def unknown(readable, unreadable):
    """Parts of the machine that are known to exist and cannot be read; an estimate stands in for packages and memory."""
    is_estimated = any(source["kind"] == "modelled" for source in readable)
    known = {source["domain"] for source in readable}
    always, unless_estimated = ("gpu-",), ("package-", "dram-")
    for source in unreadable:
        domain = source["domain"]
        is_part = domain == "host" or domain.startswith(always) or (not is_estimated and domain.startswith(unless_estimated))
        if source.get("belongs", True) and domain not in known and is_part:
            yield source


def merged(windows):
    """One window for each domain and phase: dies of a package are read apart and told together."""
    told = {}
    for one in windows:
        name = one["domain"], one["phase"]
        told[name] = beside(told[name], one) if name in told else one
    return told


def beside(known, other):
    """Two parts of a domain in the same time; where one is unknown, so is the sum."""
    is_known = known["kind"] == other["kind"] and None not in (known["joules"], other["joules"])
    told = {**known, "kind": known["kind"] if is_known else "none"}
    for name in ["joules", "joules_low", "joules_high", "joules_integrated", "watts_mean", "watts_max"]:
        told[name] = added(known[name], other[name]) if is_known else None
    told["bounds_cover"] = known["bounds_cover"] if is_known else None
    told["coverage"] = min(known["coverage"], other["coverage"])
    told["bridged_seconds"] = max(known["bridged_seconds"], other["bridged_seconds"])
    for name in ["wraps", "ambiguous", "gaps"]:
        told[name] = known[name] + other[name]
    return told


def added(first, second):
    return None if None in (first, second) else first + second


class Timeline:
    """Which phase a run is in, and how long it was in each."""

    def __init__(self):
        # Every run begins with loading.
        self.phase, self.now, self.spans = 0, 0.0, [Span() for _ in PHASES]
        self.spans[0].visits = 1

    def advance(self, now):
        ran = max(now - self.now, 0.0)
        self.now += ran
        self.spans[self.phase].seconds += ran
        self.spans[self.phase].end = self.now
        return ran

    def enter(self, phase):
        # The total is no phase that one can be in.
        place = PHASES.index("other" if phase == "total" else phase)
        if place == self.phase:
            return
        span = self.spans[place]
        span.start = span.start if span.visits else self.now
        span.end, span.visits, self.phase = self.now, span.visits + 1, place

    def whole(self):
        return Span(sum(span.seconds for span in self.spans), 0.0, self.now, 1)


def metered(start, looks):
    """Seconds by phase, and windows by domain and phase, of one part of a run."""
    timeline, tallies = Timeline(), [Tally(source) for source in start["sources"]]
    # Of several looks at one moment the last one counts.
    for look in [{"t": 0.0, "shown": start["shown"]}, *sorted(looks, key=lambda look: look["t"])]:
        ran = timeline.advance(look["t"])
        for tally, shown in zip(tallies, look["shown"]):
            tally.observe(timeline.phase, ran, shown)
        if look.get("enter"):
            timeline.enter(look["enter"])
    windows = [one for tally in tallies for one in of_tally(tally, timeline.spans, timeline.whole())]
    for source in unknown(start["sources"], start["unreadable"]):
        windows += of_unreadable(source, timeline.spans, timeline.whole())
    return {phase: span.seconds for phase, span in zip(PHASES, timeline.spans)}, merged(windows)


def after(earlier, later):
    """Two parts of a run as a whole."""
    (before, first), (seconds, second) = earlier, later
    offset, told = sum(before.values()), {}
    second = {name: {**one, "start": one["start"] + offset, "end": one["end"] + offset} for name, one in second.items()}
    for domain in dict.fromkeys(domain for domain, _ in [*first, *second]):
        of_phases = {(domain, phase): joined(first, second, before, seconds, (domain, phase)) for phase in PHASES}
        of_phases = {name: one for name, one in of_phases.items() if one}
        total = joined(first, second, before, seconds, (domain, "total"))
        # The total stays exactly the sum of its phases.
        total["seconds"] = sum(one["seconds"] for one in of_phases.values())
        if total["joules"] is not None and all(one["joules"] is not None for one in of_phases.values()):
            total["joules"] = sum(one["joules"] for one in of_phases.values())
        told.update({**of_phases, (domain, "total"): total})
    return {phase: before[phase] + seconds[phase] for phase in PHASES}, told


def joined(first, second, before, seconds, name):
    """The window of one domain and phase over two parts; None where neither has it."""
    length = lambda of: sum(of.values()) if name[1] == "total" else of[name[1]]
    if name in first and name in second:
        return summed(first[name], second[name])
    if name in first:
        return alone(first[name], length(seconds), sum(before.values()) + sum(seconds.values()))
    return alone(second[name], length(before), sum(before.values())) if name in second else None


def alone(only, elsewhere, end):
    """A window that the other part lacks: rightly so, if it was never in this phase, or else nothing is known of it there."""
    if elsewhere == 0.0:
        return dict(only)
    source, span = {"domain": only["domain"]}, Span(elsewhere, only["start"], end)
    return summed(only, blank(source, only["phase"], span))


def summed(first, second):
    """The same window in two parts of a run, one after the other."""
    is_known = first["kind"] == second["kind"] and None not in (first["joules"], second["joules"])
    covered = first["coverage"] * first["seconds"] + second["coverage"] * second["seconds"]
    told = {**first, "kind": first["kind"] if is_known else "none", "bounds_cover": None, "watts_max": None}
    for name in ["seconds", "bridged_seconds", "wraps", "ambiguous", "gaps"]:
        told[name] = first[name] + second[name]
    for name in ["joules", "joules_low", "joules_high", "joules_integrated"]:
        told[name] = added(first[name], second[name]) if is_known else None
    told["start"], told["end"] = min(first["start"], second["start"]), max(first["end"], second["end"])
    told["coverage"] = covered / told["seconds"] if told["seconds"] > 0 else min(first["coverage"], second["coverage"])
    told["watts_mean"] = ratio(told["joules"], covered + told["bridged_seconds"]) if is_known else None
    if is_known:
        covers = {first["bounds_cover"], second["bounds_cover"]}
        told["bounds_cover"] = None if None in covers else "model" if "model" in covers else "resolution"
        most = max([one["watts_max"] for one in (first, second) if one["watts_max"] is not None], default=None)
        # One part may have none, and the larger mean.
        told["watts_max"] = most if most is None else max(most, told["watts_mean"] or 0.0)
    return told


def known_share(one):
    """Share of a window whose energy is known."""
    bridged = one.get("bridged_seconds", 0.0) / one["seconds"] if one["seconds"] > 0 else 0.0
    return min(one["coverage"] + bridged, 1.0)


def unseen(one):
    """Joules of the time of a window that was not seen, at the largest power that was."""
    return (1.0 - known_share(one)) * one["seconds"] * max(one["watts_max"] or 0.0, one["watts_mean"] or 0.0)


def total(windows):
    """Kind, joules (low, central, high) and domains of a machine by the totals of its domains: the wall alone where it was seen, else all
    parts of one kind, or the platform for an estimate."""
    domains = {one["domain"]: one for one in windows if one["phase"] == "total"}
    is_whole = lambda one: one["joules"] is not None and known_share(one) >= SEEN and not one.get("ambiguous")
    parts = [one for domain, one in domains.items() if domain == "host" or domain.startswith(("package-", "dram-", "gpu-"))]
    if "wall" in domains and is_whole(domains["wall"]):
        parts = [domains["wall"]]
    elif [one["kind"] for one in parts] == ["modelled"] and "psys" in domains and is_whole(domains["psys"]):
        parts = [domains["psys"]]
    if not parts or len({one["kind"] for one in parts}) > 1 or not all(map(is_whole, parts)):
        return "none", None, []
    end = lambda one, name: one["joules"] if one[name] is None else one[name]
    low = sum(end(one, "joules_low") for one in parts)
    high = sum(end(one, "joules_high") + unseen(one) for one in parts)
    return parts[0]["kind"], [low, sum(one["joules"] for one in parts), high], [one["domain"] for one in parts]


def is_trace(path):
    with path.open("rb") as file:
        return file.read(len(BEGINNING)) == BEGINNING.encode()


def lines(path):
    """The lines of a trace, without half a line at the end of a part, where a run was killed."""
    whole = path.read_bytes().decode().split("\n")[:-1]
    for place, line in enumerate(whole):
        try:
            yield json.loads(line)
        except ValueError:
            if place + 1 < len(whole) and not whole[place + 1].startswith(BEGINNING):
                raise


def traced(path):
    """What a trace says of its run, and the seconds by phase and windows by domain and phase of all its parts together."""
    parts = []
    for line in lines(path):
        if "start" in line:
            # A line may be there twice.
            if all(start != line["start"] for start, _ in parts):
                parts.append((line["start"], []))
        elif "at" in line:
            parts[-1][1].append(line["at"])
    run = metered(*parts[0])
    for part in parts[1:]:
        run = after(run, metered(*part))
    return {"runs": len(parts), "started_unix": parts[0][0]["started_unix"]}, *run


def figures(printed, own_run, own_seconds, own_windows):
    """Every figure of a replay by its name: as it was printed, and as it follows from the trace."""
    length = sum(own_seconds.values())
    for name, value in own_run.items():
        yield (name,), printed[name], value
    yield ("seconds", "total"), printed["seconds"], length
    totals = {name: one for name, one in own_windows.items() if name[1] == "total"}
    yield from of_windows(("energy",), [{**one, "phase": "total"} for one in printed["energy"]], totals)
    has_phases = any(own_seconds[phase] > 0 for phase in ("transfer", "train", "evaluate"))
    yield ("phases",), "phases" in printed, has_phases
    if "phases" in printed:
        for phase, seconds in {**own_seconds, "total": length}.items():
            yield ("phases", "seconds", phase), printed["phases"]["seconds"][phase], seconds
        yield from of_windows(("phases", "energy"), printed["phases"]["energy"], own_windows)
    kind, joules, domains = total(own_windows.values())
    yield ("total_kind",), printed["total_kind"], kind
    yield ("total_of",), printed["total_of"], domains
    yield ("total_joules",), printed["total_joules"], joules and joules[1]
    for place in range(3):
        kwh = printed["costs"]["kwh"]
        yield ("costs", "kwh", str(place)), kwh and kwh[place], joules and joules[place] / JOULES_PER_KWH


def of_windows(where, printed, own):
    """The figures of all windows of a list; what is left out there is 0, or is not known."""
    names = {(one["domain"], one["phase"]): one for one in printed}
    yield (*where, "windows"), sorted(names), sorted(own)
    left_out = {"joules_integrated": None, "bridged_seconds": 0.0, "wraps": 0, "ambiguous": 0}
    for name in names.keys() & own.keys():
        for figure, value in own[name].items():
            # The length of a total is told once, beside the windows.
            if figure in names[name] or figure in left_out:
                yield (*where, *name, figure), names[name].get(figure, left_out.get(figure)), value


def agree(printed, own):
    if isinstance(printed, (int, float)) and isinstance(own, (int, float)):
        return math.isclose(printed, own, rel_tol=1e-9, abs_tol=1e-9)
    return printed == own


def check_trace(ergo, path):
    """How many figures of a replay follow from the lines of its trace, and which do not."""
    ended = subprocess.run([ergo, "meter", "--json", "--replay", path], capture_output=True, text=True)
    if ended.returncode != 0:
        return 0, [f"{path}: {ended.stderr.strip()}"]
    found = list(figures(json.loads(ended.stdout), *traced(path)))
    faults = [
        f"{path}: {' '.join(name)} is {printed}, and {own} by the trace"
        for name, printed, own in found
        if not agree(printed, own)
    ]
    return len(found), faults
