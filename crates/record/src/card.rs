//! What decides how fast a card is and what it draws, at one moment.

use serde::{Deserialize, Serialize};

use crate::units::Watts;

/// The state of a card; null where its driver does not tell.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CardState {
    /// Power that it is held to.
    #[serde(rename = "limit_watts")]
    pub limit: Option<Watts>,
    /// Clock of its processors, in MHz.
    pub sm_megahertz: Option<u32>,
    /// Temperature, in degrees Celsius.
    pub celsius: Option<u32>,
    /// What holds its clock back, by the driver's names; none of them where nothing does.
    pub held_back_by: Option<Vec<String>>,
    /// Whether it is cut into parts (MIG), whose power nobody tells.
    pub mig: Option<bool>,
    /// Processes that compute on it and are neither the metered one nor its children.
    pub other_processes: Option<u32>,
    /// Processes that compute on it and that this machine does not show, as from within a container.
    pub unseen_processes: Option<u32>,
}

impl CardState {
    /// Whether the driver tells nothing.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        *self == CardState::default()
    }

    /// As it is printed; empty where nothing is known.
    #[must_use]
    pub fn words(&self) -> String {
        let counted = |count: u32, what: &str| match count {
            0 => format!("no {what} process"),
            1 => format!("1 {what} process"),
            _ => format!("{count} {what} processes"),
        };
        let held = |names: &Vec<String>| match names.as_slice() {
            [] => "not held back".to_owned(),
            names => format!("held back by {}", names.join(", ")),
        };
        // One kind of company is told where there is no other.
        let others =
            self.other_processes.filter(|&others| others > 0 || self.unseen_processes.unwrap_or(0) == 0);
        let told = [
            self.limit.map(|Watts(watts)| format!("limit {watts:.0} W")),
            self.sm_megahertz.map(|clock| format!("SM {clock} MHz")),
            self.celsius.map(|celsius| format!("{celsius} C")),
            self.held_back_by.as_ref().map(held),
            self.mig.map(|on| format!("MIG {}", if on { "on" } else { "off" })),
            others.map(|others| counted(others, "other")),
            self.unseen_processes.filter(|&unseen| unseen > 0).map(|unseen| counted(unseen, "unseen")),
        ];
        told.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_tell_what_is_known() {
        let state = CardState {
            limit: Some(Watts(700.0)),
            held_back_by: Some(vec!["sw power cap".into(), "hw slowdown".into()]),
            other_processes: Some(0),
            unseen_processes: Some(2),
            ..CardState::default()
        };
        assert_eq!(state.words(), "limit 700 W, held back by sw power cap, hw slowdown, 2 unseen processes");
        let alone = CardState { other_processes: Some(0), unseen_processes: Some(0), ..CardState::default() };
        assert_eq!(alone.words(), "no other process");
        assert!(CardState::default().is_unknown() && CardState::default().words().is_empty());
    }
}
