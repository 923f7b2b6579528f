//! What a kilowatt-hour emits: a small dated table of countries, or a number of the user's own.

use std::fmt;
use std::str::FromStr;

/// The table, with where its numbers come from.
const TABLE: &str = include_str!("../../../datasets/grid-carbon.csv");

/// An electricity grid. There is no default: where a machine stands is for its user to say.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// Grams of CO2 equivalent for a kilowatt-hour, averaged over a year.
    pub grams_per_kwh: f64,
    /// Which grid, of which year, by whom.
    pub source: String,
}

/// One line of the table.
#[derive(Clone, Debug, PartialEq)]
struct Row<'a> {
    code: &'a str,
    name: &'a str,
    grams_per_kwh: f64,
    year: &'a str,
    source: &'a str,
}

fn rows() -> impl Iterator<Item = Row<'static>> {
    TABLE.lines().filter(|line| !line.starts_with('#')).skip(1).filter_map(|line| {
        let mut cells = line.split(',');
        let mut cell = || cells.next();
        let (code, name) = (cell()?, cell()?);
        Some(Row { code, name, grams_per_kwh: cell()?.parse().ok()?, year: cell()?, source: cell()? })
    })
}

impl FromStr for Grid {
    type Err = String;

    /// A country by its code, such as `FRA`, or grams for a kilowatt-hour, such as `250`.
    fn from_str(text: &str) -> Result<Grid, String> {
        if let Some(grams_per_kwh) = text.parse().ok().filter(|grams: &f64| (0.0..=5000.0).contains(grams)) {
            return Ok(Grid { grams_per_kwh, source: "as given".to_owned() });
        }
        let row = rows().find(|row| row.code.eq_ignore_ascii_case(text)).ok_or_else(|| {
            let known: Vec<&str> = rows().map(|row| row.code).collect();
            format!("expected one of {}, or grams of CO2 for a kilowatt-hour, such as 250", known.join(", "))
        })?;
        let source = format!("mean of {} in {}, by {}", row.name, row.year, row.source);
        Ok(Grid { grams_per_kwh: row.grams_per_kwh, source })
    }
}

impl fmt::Display for Grid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} g CO2e/kWh ({})", self.grams_per_kwh, self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#')).count() - 1;
        assert_eq!(rows().count(), lines);
        assert!(rows().all(|row| (10.0..1500.0).contains(&row.grams_per_kwh)), "grams, not kilograms");
    }

    #[test]
    fn countries_and_numbers_are_grids_and_nothing_else_is() {
        let france: Grid = "fra".parse().unwrap();
        assert_eq!(france.to_string(), "56 g CO2e/kWh (mean of France in 2023, by Our World in Data)");
        assert_eq!("250".parse::<Grid>().unwrap().grams_per_kwh, 250.0);
        for text in ["", "XYZ", "-1", "NaN", "1e9"] {
            let error = text.parse::<Grid>().unwrap_err();
            assert!(error.contains("FRA") && error.contains("such as 250"), "{error}");
        }
    }
}
