//! What a run is and what it leaves behind: units, specs, records, journals and every JSON type.

pub mod bench;
pub mod card;
pub mod cost;
pub mod device;
pub mod doctor;
pub mod energy;
pub mod error;
pub mod journal;
pub mod literature;
pub mod metered;
pub mod output;
pub mod overhead;
pub mod peak;
pub mod profile;
pub mod project;
pub mod run;
pub mod simulate;
pub mod spec;
pub mod units;
pub mod utilisation;
