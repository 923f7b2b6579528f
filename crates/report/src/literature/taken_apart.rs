//! From AlexNet to NASNet-A: the factor of compute taken apart into processors, rate and time.

use record::literature::{HardwareOutput, RemarkOutput, TakenApartOutput};

use super::tables;
use crate::error::ReportError;

/// The factors between the first and the last system of the table, and the remarks on them.
pub(super) fn all() -> Result<TakenApartOutput, ReportError> {
    let mut systems = Vec::new();
    for row in tables::TAKEN_APART.rows()? {
        let [processors, teraflops, seconds] =
            [row.number("processors")?, row.number("teraflops")?, row.number("seconds")?];
        systems.push(HardwareOutput {
            system: row.text("system")?,
            error: row.number("error")?,
            processors,
            processor: row.text("processor")?,
            teraflops,
            seconds,
            flop: processors * teraflops * 1e12 * seconds,
            source: row.text("source")?,
        });
    }
    let remark =
        |row: tables::Row| Ok(RemarkOutput { remark: row.text("remark")?, source: row.text("source")? });
    let remarks = tables::REMARKS.rows()?.into_iter().map(remark).collect::<Result<_, ReportError>>()?;
    let times = |of: fn(&HardwareOutput) -> f64| match systems.as_slice() {
        [first, .., last] => of(last) / of(first),
        _ => f64::NAN,
    };
    let (compute, error) = (times(|system| system.flop), times(|system| system.error));
    Ok(TakenApartOutput {
        processors: times(|system| system.processors),
        rate: times(|system| system.teraflops),
        time: times(|system| system.seconds),
        compute,
        error,
        k: libm::log(compute) / -libm::log(error),
        systems,
        remarks,
    })
}
