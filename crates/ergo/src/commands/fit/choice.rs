//! Which estimator `ergo fit` takes, and which rows it leaves out.

use std::path::Path;

use clap::ValueEnum;
use law::fit::Settings;
use law::method::Method;
use report::csv::{SIZE_COLUMNS, Wanted};
use report::estimates::{Choice, Range};

use crate::commands::fit::Columns;
use crate::exit;

/// The estimator and its rows.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Estimator; without it the power law and the floor together. Implied by the options that only one has.
    #[arg(long, value_enum, value_name = "NAME")]
    method: Option<Name>,
    /// Share of the points below the line of `quantile`, between 0 and 1 [default: 0.1].
    #[arg(long, value_name = "Q")]
    quantile: Option<f64>,
    /// Column of parameters of a table, for `surface` [default: params].
    #[arg(long, value_name = "COLUMN")]
    params: Option<String>,
    /// Column of data of a table, for `surface` [default: data].
    #[arg(long, value_name = "COLUMN")]
    data: Option<String>,
    /// Column that is 0 in rows to be fitted; the fit is judged by the others.
    #[arg(long, value_name = "COLUMN")]
    holdout: Option<String>,
    /// Fit without the N largest computes, and judge the fit by them where nothing else is held out.
    #[arg(long, value_name = "N", default_value_t = 0)]
    drop_largest: usize,
    /// Errors between which rows are fitted, as 0.05..0.3 or 5%..30%; computes, where no error lies in between.
    #[arg(long, value_name = "LOW..HIGH", value_parser = range)]
    range: Option<Range>,
    /// Resamples of the intervals [default: 2000 of a sweep's power and floor, and without a method; else 1000].
    #[arg(long, value_name = "N")]
    resamples: Option<usize>,
}

/// Estimators as they are typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    /// Log error on log compute.
    Ols,
    /// Log compute on log error.
    OlsReverse,
    /// The line with a tenth of the points below it, or another share.
    Quantile,
    /// E = a C^-b; of a sweep, through its frontier.
    Power,
    /// E = floor + a C^-b; of a sweep, through its frontier.
    Floor,
    /// A power law that bends once.
    Broken,
    /// E = floor + A/N^alpha + B/D^beta.
    Surface,
    /// E = b C^-c.
    M1,
    /// E = floor + b C^-c.
    M2,
    /// E = b (1/C + g)^c.
    M3,
    /// (E - floor) / (e0 - E)^alpha = b C^-c.
    M4,
    /// 1/E = a + b ln C.
    Exponential,
    /// E = a C^-b by the likelihood of the wrong images of a sweep's frontier.
    Counts,
    /// All of them side by side; the surface only of records, which know parameters and images.
    All,
}

/// Two numbers that rise, of which both or the second alone may be in percent.
fn range(text: &str) -> Result<Range, String> {
    let ends = text.split_once("..").and_then(|(low, high)| {
        let (low, high) = (low.trim(), high.trim());
        let number = |text: &str| text.strip_suffix('%').unwrap_or(text).trim_end().parse::<f64>().ok();
        let is_clear = high.ends_with('%') || !low.ends_with('%');
        let make = if high.ends_with('%') { Range::Percent } else { Range::Plain };
        Some((make, [number(low)?, number(high)?])).filter(|_| is_clear)
    });
    match ends {
        Some((make, [low, high])) if low >= 0.0 && low < high => Ok(make([low, high])),
        _ => Err("expected two numbers that rise, as 0.05..0.3 or 5%..30%".to_owned()),
    }
}

impl Options {
    /// What is asked for; `None` where nothing is but the default fit.
    ///
    /// # Errors
    /// Options that do not go together.
    pub fn choice(&self) -> anyhow::Result<Option<Choice>> {
        let sizes = self.params.is_some() || self.data.is_some();
        let selects = self.holdout.is_some() || self.drop_largest > 0 || self.range.is_some();
        let name = match self.method {
            Some(name) => name,
            None if sizes => Name::Surface,
            None if self.quantile.is_some() => Name::Quantile,
            None if selects => Name::Power,
            None => return Ok(None),
        };
        if sizes && name != Name::Surface {
            return Err(exit::bad_input("--params and --data are for --method surface alone"));
        }
        if self.quantile.is_some() && !matches!(name, Name::Quantile | Name::All) {
            return Err(exit::bad_input("--quantile is for --method quantile or all"));
        }
        let quantile = self.quantile.unwrap_or(law::quantile::DEFAULT);
        let method = match name {
            Name::Ols => Some(Method::Ols),
            Name::OlsReverse => Some(Method::OlsReverse),
            Name::Quantile => Some(Method::Quantile(quantile)),
            Name::Power => Some(Method::Power),
            Name::Floor => Some(Method::Floor),
            Name::Broken => Some(Method::Broken),
            Name::Surface => Some(Method::Surface),
            Name::M1 => Some(Method::M1),
            Name::M2 => Some(Method::M2),
            Name::M3 => Some(Method::M3),
            Name::M4 => Some(Method::M4),
            Name::Exponential => Some(Method::Exponential),
            Name::Counts => Some(Method::Counts),
            Name::All => None,
        };
        let (drop_largest, range) = (self.drop_largest, self.range);
        Ok(Some(Choice { method, quantile, drop_largest, range, resamples: self.resamples }))
    }

    /// How the intervals of the default fit are made.
    pub fn settings(&self) -> Settings {
        let settings = Settings::default();
        Settings { resamples: self.resamples.unwrap_or(settings.resamples), ..settings }
    }

    /// The columns that a table must have for `choice`. A surface needs no compute unless it is named.
    pub fn wanted<'a>(&'a self, columns: &'a Columns, choice: &Choice) -> Wanted<'a> {
        let [compute, error] = columns.names();
        let surface = choice.method == Some(Method::Surface);
        let [params, data] = SIZE_COLUMNS;
        let sizes = [self.params.as_deref().unwrap_or(params), self.data.as_deref().unwrap_or(data)];
        Wanted {
            compute: Some(compute).filter(|_| !surface || columns.compute.is_some()),
            error,
            sizes: surface.then_some(sizes),
            holdout: self.holdout.as_deref(),
        }
    }

    /// Refuses what only a table has.
    ///
    /// # Errors
    /// Columns named beside records.
    pub fn check_for_records(&self, path: &Path) -> anyhow::Result<()> {
        if self.params.is_some() || self.data.is_some() || self.holdout.is_some() {
            let found = "--params, --data and --holdout name columns of a table, and";
            return Err(exit::bad_input_with_hint(
                format!("{found} {} is none", path.display()),
                "records know their parameters and examples, and --drop-largest N holds out the largest computes",
            ));
        }
        Ok(())
    }
}
