//! What `ergo literature --json` prints: the published record, computed anew from its inputs.

use serde::Serialize;

/// `ergo literature`: every table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LiteratureOutput {
    /// Error against compute on each benchmark.
    pub benchmarks: Vec<BenchmarkOutput>,
    /// The ImageNet systems without those that carry the compute of another.
    pub cuts: Vec<BenchmarkOutput>,
    /// What lower errors would cost.
    pub projections: Vec<ProjectionOutput>,
    /// From AlexNet to NASNet-A.
    pub taken_apart: TakenApartOutput,
    /// Compute of systems over the years.
    pub ai_and_compute: AiAndComputeOutput,
    /// Compute to reach the same, over the years.
    pub ai_and_efficiency: AiAndEfficiencyOutput,
    /// Published statements beside what follows from the inputs.
    pub claims: Vec<ClaimOutput>,
}

/// The law of one benchmark: log10(1/error) = intercept + slope log10(compute in GFLOP), by least squares.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BenchmarkOutput {
    /// Benchmark.
    pub benchmark: String,
    /// Which of its systems, in words.
    pub systems: String,
    /// How many they are.
    pub points: usize,
    /// Slope of log10(1/error) on log10 compute.
    pub slope: f64,
    /// Its standard error.
    pub slope_error: f64,
    /// Lower end of its 95% t interval.
    pub slope_low: f64,
    /// Upper end of its interval.
    pub slope_high: f64,
    /// log10(1/error) at 1 GFLOP.
    pub intercept: f64,
    /// Share of the variance of log error that the line explains.
    pub r2: f64,
    /// 1/slope; null where the interval of the slope reaches 0.
    pub k: Option<f64>,
    /// Lower end of its interval, the interval of the slope turned over.
    pub k_low: Option<f64>,
    /// Upper end; null: unbounded.
    pub k_high: Option<f64>,
    /// k where compute is regressed on error; null as `k`.
    pub k_reverse: Option<f64>,
    /// k of the line below which a tenth of the errors lie; null as `k`.
    pub k_quantile: Option<f64>,
    /// What was fitted.
    pub data: Vec<PublishedPoint>,
}

/// One published system.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PublishedPoint {
    /// System.
    pub system: String,
    /// Peak compute of its training in FLOP.
    pub flop: f64,
    /// Error as a fraction.
    pub error: f64,
    /// Where the numbers come from.
    pub source: String,
}

/// What one error would cost; compute, money and carbon as powers of ten.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProjectionOutput {
    /// Benchmark.
    pub benchmark: String,
    /// `today`, `first` or `second`.
    pub target: String,
    /// Error asked for, as a fraction.
    pub error: f64,
    /// log10 of GFLOP by the law of powers.
    pub polynomial: f64,
    /// Lower end of its 95% interval (Fieller's): where the band of the line meets the error; null: unbounded.
    pub polynomial_low: Option<f64>,
    /// Upper end.
    pub polynomial_high: Option<f64>,
    /// log10 of GFLOP where 1/error is linear in log10 of compute.
    pub exponential: f64,
    /// Power of ten that was printed for the first.
    pub printed_polynomial: Option<f64>,
    /// Power of ten that was printed for the second.
    pub printed_exponential: Option<f64>,
    /// Whether the printed powers are these with their decimals cut off; null where none is at hand.
    pub follows: Option<bool>,
    /// log10 of US dollars by the law of powers, at peak rates.
    pub usd_polynomial: f64,
    /// log10 of US dollars by the exponential model.
    pub usd_exponential: f64,
    /// log10 of pounds of CO2e by the law of powers, at peak rates.
    pub pounds_polynomial: f64,
    /// log10 of pounds of CO2e by the exponential model.
    pub pounds_exponential: f64,
    /// How well the printed powers are known.
    pub status: String,
    /// Where they come from.
    pub source: String,
}

/// A factor of compute taken apart.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TakenApartOutput {
    /// The earlier and the later system.
    pub systems: Vec<HardwareOutput>,
    /// How many times the processors.
    pub processors: f64,
    /// How many times the peak rate of one.
    pub rate: f64,
    /// How many times the time.
    pub time: f64,
    /// How many times the compute: the product of the three.
    pub compute: f64,
    /// What is left of the error.
    pub error: f64,
    /// k through the two points: log of compute over log of 1/error.
    pub k: f64,
    /// What is wrong with the comparison.
    pub remarks: Vec<RemarkOutput>,
}

/// The training of one system, by its hardware.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HardwareOutput {
    /// System.
    pub system: String,
    /// Error as a fraction.
    pub error: f64,
    /// How many processors.
    pub processors: f64,
    /// Which.
    pub processor: String,
    /// Peak rate of one, in 1e12 FLOP/s.
    pub teraflops: f64,
    /// Time.
    pub seconds: f64,
    /// The product of the three, in FLOP.
    pub flop: f64,
    /// Where the numbers come from.
    pub source: String,
}

/// Something that is wrong with a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RemarkOutput {
    /// What.
    pub remark: String,
    /// Where that is seen.
    pub source: String,
}

/// OpenAI's "AI and Compute", from its inputs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AiAndComputeOutput {
    /// Every system, by date.
    pub systems: Vec<SystemOutput>,
    /// Doubling times fitted to them, the first to all of the chart.
    pub doublings: Vec<TrendOutput>,
    /// The published doubling time.
    pub published_months: f64,
}

/// One system of "AI and Compute".
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SystemOutput {
    /// System.
    pub system: String,
    /// Its date, `YYYY-MM-DD`.
    pub date: String,
    /// Whether it stands in the chart and is fitted here; the others took modest compute.
    pub charted: bool,
    /// The figure that is drawn, in petaflop/s-days: the geometric mean of what its inputs give, else what others
    /// counted, else what was stated.
    pub pfs_days: f64,
    /// Whether that is an upper bound.
    pub bound: bool,
    /// Every figure for it.
    pub figures: Vec<WorkedOutput>,
}

/// A figure with what it is computed from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WorkedOutput {
    /// `1` (counted operations), `2` (hardware), `database` or `stated`.
    pub method: String,
    /// The product that is computed, in figures; empty where only a result was stated.
    pub formula: String,
    /// Printed, in 1e15 operations.
    pub printed_petaflop: Option<f64>,
    /// Computed, in 1e15 operations.
    pub petaflop: Option<f64>,
    /// Printed, in petaflop/s-days.
    pub printed_pfs_days: Option<f64>,
    /// Computed, in petaflop/s-days.
    pub pfs_days: Option<f64>,
    /// Whether the printed petaflop/s-days are within the tolerance of the computed ones; null where one is missing.
    pub follows: Option<bool>,
    /// Where the numbers come from.
    pub source: String,
}

/// An exponential trend: the months in which compute doubles, or halves.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrendOutput {
    /// Which systems, in words.
    pub of: String,
    /// How many.
    pub points: usize,
    /// Months.
    pub months: f64,
    /// Lower end of its 95% t interval, turned over from that of the slope.
    pub low: Option<f64>,
    /// Upper end; null: unbounded.
    pub high: Option<f64>,
    /// log2 of the compute at the first of January 1970, in the unit of the table.
    pub intercept: f64,
}

/// OpenAI's "AI and Efficiency", from its inputs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AiAndEfficiencyOutput {
    /// Every row.
    pub rows: Vec<EfficiencyOutput>,
    /// In how many months the compute for AlexNet's accuracy halves.
    pub halving: TrendOutput,
    /// The published halving time.
    pub published_months: f64,
    /// AlexNet's teraflop/s-days by method 1 of "AI and Compute" with one operation for a multiply-accumulate.
    pub alexnet_one_operation: f64,
    /// The same with two.
    pub alexnet_two_operations: f64,
}

/// Compute with which a network reaches the accuracy of an earlier one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EfficiencyOutput {
    /// Whose accuracy.
    pub level: String,
    /// Network.
    pub system: String,
    /// Its date, `YYYY-MM-DD`; null where it is not used.
    pub date: Option<String>,
    /// Compute in teraflop/s-days, one operation for a multiply-accumulate.
    pub teraflops_days: f64,
    /// The same in petaflop/s-days with two operations for a multiply-accumulate, as everywhere else here.
    pub pfs_days: f64,
    /// Compute of the first of its level over this.
    pub factor: f64,
    /// The factor that was printed.
    pub printed_factor: f64,
    /// Whether that is within the tolerance.
    pub follows: bool,
    /// Where the numbers come from.
    pub source: String,
}

/// A published statement beside what follows from the inputs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClaimOutput {
    /// What is stated.
    pub claim: String,
    /// As published.
    pub published: f64,
    /// From the inputs.
    pub computed: f64,
    /// Interval of that at 95%, where there is one; an end that is null is unbounded or not known.
    pub interval: [Option<f64>; 2],
    /// Factor within which the statement counts as following.
    pub tolerance: f64,
    /// Whether it does.
    pub follows: bool,
    /// How well the statement is known.
    pub status: String,
    /// Where it was made.
    pub source: String,
}
