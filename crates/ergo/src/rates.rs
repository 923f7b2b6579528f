//! The options that turn joules and seconds into carbon and money, wherever those are reported.

use record::cost::CostOutput;
use report::cost::Rates;
use report::grid::Grid;

use crate::arguments;

/// What the user says of where and how the machine stands.
#[derive(Clone, Debug, clap::Args)]
pub struct RateArgs {
    /// Whose electricity: a code such as FRA (datasets/grid-carbon.csv), or grams of CO2 for a kilowatt-hour.
    #[arg(long, value_name = "CODE|GRAMS")]
    grid: Option<Grid>,
    /// Watts that the building draws for each watt of the machine (power usage effectiveness).
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = pue)]
    pue: f64,
    /// Price of a kilowatt-hour.
    #[arg(long, value_name = "USD", allow_negative_numbers = true, value_parser = arguments::positive)]
    usd_per_kwh: Option<f64>,
    /// Price of renting the machine for an hour; told apart from electricity, never added to it.
    #[arg(long, value_name = "USD", allow_negative_numbers = true, value_parser = arguments::positive)]
    usd_per_hour: Option<f64>,
}

fn pue(text: &str) -> Result<f64, String> {
    let factor = text.parse().ok().filter(|factor: &f64| (1.0..=10.0).contains(factor));
    factor.ok_or_else(|| "expected a factor from 1, such as 1.2".to_owned())
}

impl RateArgs {
    /// As the library takes them.
    #[must_use]
    pub fn rates(&self) -> Rates {
        Rates {
            grid: self.grid.clone(),
            pue: self.pue,
            usd_per_kwh: self.usd_per_kwh,
            usd_per_hour: self.usd_per_hour,
        }
    }
}

/// Costs in lines for people; `about` stands before what is only an estimate.
#[must_use]
pub fn text(costs: &CostOutput, about: &str) -> String {
    let number = |value: f64| law::number::short(value, 3);
    let line = |values: Option<[f64; 3]>, unit: &str| {
        values.map(|[low, central, high]| {
            format!("{about}{} {unit} [{}, {}]\n", number(central), number(low), number(high))
        })
    };
    let lines = [
        line(costs.kwh, "kWh"),
        line(costs.kg_co2e, "kg CO2e"),
        line(costs.usd_electricity, "USD of electricity"),
        costs.usd_rental.map(|rent| format!("{} USD to rent the machine instead\n", number(rent))),
    ];
    let text: String = lines.into_iter().flatten().collect();
    // What would be assumed of costs that are not known is of no use to anyone.
    if text.is_empty() {
        return text;
    }
    text + &format!("costs assume {}\n", costs.assumptions.join(", "))
}
