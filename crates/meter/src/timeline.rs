//! The time of a run, by phase.

use record::energy::Phase;
use record::run::SecondsRecord;
use record::units::Seconds;

/// The phases that have time of their own, in the order in which they are summed.
pub(crate) const PHASES: [Phase; 5] =
    [Phase::Load, Phase::Transfer, Phase::Train, Phase::Evaluate, Phase::Other];

/// Place of a phase in [`PHASES`]. The total is no phase one can be in; its time is `Other`.
pub(crate) fn index(phase: Phase) -> usize {
    match phase {
        Phase::Load => 0,
        Phase::Transfer => 1,
        Phase::Train => 2,
        Phase::Evaluate => 3,
        Phase::Other | Phase::Total => 4,
    }
}

/// Time of one phase, over all its parts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Span {
    pub seconds: f64,
    pub start: f64,
    pub end: f64,
    /// How often the phase was entered; 0 when never.
    pub visits: u32,
}

/// Which phase the run is in, and how long it was in each.
#[derive(Clone, Debug)]
pub(crate) struct Timeline {
    pub phase: Phase,
    /// Up to here the time is accounted for; seconds since the start.
    pub now: f64,
    pub spans: [Span; 5],
}

impl Timeline {
    /// At time 0, in [`Phase::Load`].
    pub(crate) fn start() -> Timeline {
        let mut timeline = Timeline { phase: Phase::Load, now: 0.0, spans: [Span::default(); 5] };
        timeline.spans[index(Phase::Load)].visits = 1;
        timeline
    }

    /// Accounts for the time up to `now` and returns how long that was.
    pub(crate) fn advance(&mut self, now: f64) -> f64 {
        let ran = (now - self.now).max(0.0);
        let span = &mut self.spans[index(self.phase)];
        span.seconds += ran;
        self.now += ran;
        span.end = self.now;
        ran
    }

    /// From here on the run is in `phase`.
    pub(crate) fn enter(&mut self, phase: Phase) {
        if index(phase) == index(self.phase) {
            return;
        }
        self.phase = phase;
        let span = &mut self.spans[index(phase)];
        if span.visits == 0 {
            span.start = self.now;
        }
        span.end = self.now;
        span.visits += 1;
    }

    /// All phases together, as one part.
    pub(crate) fn whole(&self) -> Span {
        Span { seconds: self.seconds().total.0, start: 0.0, end: self.now, visits: 1 }
    }

    /// As the record has it.
    pub(crate) fn seconds(&self) -> SecondsRecord {
        let of = |phase| Seconds(self.spans[index(phase)].seconds);
        summed(SecondsRecord {
            load: of(Phase::Load),
            transfer: of(Phase::Transfer),
            train: of(Phase::Train),
            evaluate: of(Phase::Evaluate),
            other: of(Phase::Other),
            total: Seconds(0.0),
        })
    }
}

/// With the total set to the sum of the phases, in the order of [`PHASES`].
pub(crate) fn summed(mut seconds: SecondsRecord) -> SecondsRecord {
    seconds.total = PHASES.iter().fold(Seconds(0.0), |sum, &phase| sum + of_phase(&seconds, phase));
    seconds
}

/// The time of one phase.
pub(crate) fn of_phase(seconds: &SecondsRecord, phase: Phase) -> Seconds {
    match phase {
        Phase::Load => seconds.load,
        Phase::Transfer => seconds.transfer,
        Phase::Train => seconds.train,
        Phase::Evaluate => seconds.evaluate,
        Phase::Other => seconds.other,
        Phase::Total => seconds.total,
    }
}
