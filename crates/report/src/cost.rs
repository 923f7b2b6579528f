//! What energy and time cost: kilowatt-hours, carbon and money, from joules and seconds whenever they are reported.

use record::cost::CostOutput;
use record::units::{Joules, Seconds};

use crate::grid::Grid;

/// A kilowatt-hour in joules, exactly.
const JOULES_PER_KWH: f64 = 3.6e6;
const SECONDS_PER_HOUR: f64 = 3600.0;

/// What the user says of where and how the machine stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Rates {
    /// The grid that feeds it.
    pub grid: Option<Grid>,
    /// Power usage effectiveness: what the building draws for each watt of the machine.
    pub pue: f64,
    /// Price of a kilowatt-hour.
    pub usd_per_kwh: Option<f64>,
    /// Price of renting the machine.
    pub usd_per_hour: Option<f64>,
}

/// The cost of some energy, where it is known (low, central, high), and some time. Electricity and rent are alternatives and never added.
#[must_use]
pub fn cost(energy: Option<[Joules; 3]>, seconds: Seconds, rates: &Rates) -> CostOutput {
    let kwh = |joules: Joules| joules.0 / JOULES_PER_KWH * rates.pue;
    let all = energy.map(|energy| energy.map(kwh));
    let times = |factor: Option<f64>| {
        Some(all?.map(|kwh| kwh * factor.unwrap_or_default())).filter(|_| factor.is_some())
    };
    CostOutput {
        kwh: all,
        kg_co2e: times(rates.grid.as_ref().map(|grid| grid.grams_per_kwh / 1000.0)),
        usd_electricity: times(rates.usd_per_kwh),
        usd_rental: rates.usd_per_hour.map(|price| price * seconds.0 / SECONDS_PER_HOUR),
        assumptions: assumptions(rates),
    }
}

fn assumptions(rates: &Rates) -> Vec<String> {
    let pue = format!("a PUE of {}", rates.pue);
    let grid = rates.grid.as_ref().map(ToString::to_string);
    let price = rates.usd_per_kwh.map(|price| format!("{price} USD/kWh"));
    let rent = rates.usd_per_hour.map(|price| format!("{price} USD/h for the machine"));
    [Some(pue), grid, price, rent].into_iter().flatten().collect()
}

impl Default for Rates {
    /// No grid, no prices, and nothing for the building.
    fn default() -> Rates {
        Rates { grid: None, pue: 1.0, usd_per_kwh: None, usd_per_hour: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates() -> Rates {
        Rates {
            grid: Some("FRA".parse().unwrap()),
            pue: 1.5,
            usd_per_kwh: Some(0.2),
            usd_per_hour: Some(3.0),
        }
    }

    /// 7.2 MJ are 2 kWh, 3 kWh with the building: 0.168 kg at 56 g, 0.60 USD; two hours at 3 USD are 6.
    #[test]
    fn a_cost_by_hand() {
        let energy = [3.6e6, 7.2e6, 14.4e6].map(Joules);
        let cost = cost(Some(energy), Seconds(7200.0), &rates());
        let close = |found: Option<[f64; 3]>, expected: [f64; 3]| {
            found.unwrap().iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12)
        };
        assert!(close(cost.kwh, [1.5, 3.0, 6.0]), "{cost:?}");
        assert!(close(cost.kg_co2e, [0.084, 0.168, 0.336]), "{cost:?}");
        assert!(close(cost.usd_electricity, [0.3, 0.6, 1.2]), "{cost:?}");
        assert_eq!(cost.usd_rental, Some(6.0));
        assert!(cost.assumptions.iter().any(|words| words.contains("PUE of 1.5")), "{cost:?}");
    }

    #[test]
    fn what_is_not_known_costs_nothing_that_is_known() {
        let cost = cost(None, Seconds(3600.0), &rates());
        assert_eq!((cost.kwh, cost.kg_co2e, cost.usd_electricity), (None, None, None));
        assert_eq!(cost.usd_rental, Some(3.0));
        let without = Rates { grid: None, usd_per_kwh: None, usd_per_hour: None, ..rates() };
        let energy = [Joules(1.0); 3];
        let cost = super::cost(Some(energy), Seconds(1.0), &without);
        assert!(cost.kwh.is_some() && cost.kg_co2e.is_none() && cost.usd_electricity.is_none());
    }
}
