//! What metering costs a training, measured on this machine: progress while it is measured, and the result in words.

use meter::sources::Sources;
use record::overhead::OverheadOutput;
use record::units::Seconds;
use report::label::percent;
use train::error::TrainError;
use train::overhead::{HALF_WIDTH, OverheadOptions, OverheadProgress, measure};

use super::Args;
use crate::progress::{self, PlainLines};
use crate::{arguments, interrupt, quantity};

/// Measures; `None` when it was interrupted.
///
/// # Errors
/// When the learner fails.
pub fn run(args: &Args, sources: &Sources) -> anyhow::Result<Option<OverheadOutput>> {
    let stop = interrupt::watch()?;
    let options = OverheadOptions {
        sources,
        threads: arguments::processors(),
        block: Seconds(args.overhead_block),
        most_pairs: usize::try_from(args.overhead_pairs).unwrap_or(usize::MAX),
        stop: &stop,
    };
    let bar = progress::overhead(args.overhead_pairs);
    let mut lines = PlainLines::default();
    let measured: Result<_, TrainError> = measure(&options, &mut |progress: OverheadProgress| {
        let so_far = so_far(&progress);
        bar.set_position(progress.pairs as u64);
        bar.set_message(so_far.clone());
        let (done, most) = (progress.pairs, progress.most_pairs);
        lines.tell(&bar, done as f64, most as f64, || {
            format!("{done} of at most {most} pairs done, {so_far}")
        });
    });
    bar.finish_and_clear();
    Ok(measured?)
}

fn so_far(progress: &OverheadProgress) -> String {
    let ratio = format!("ratio {:.4}", progress.ratio);
    if progress.half_width.is_finite() {
        format!("{ratio} \u{b1} {:.4}, to be {HALF_WIDTH}", progress.half_width)
    } else {
        ratio
    }
}

/// The result, in sentences.
pub fn text(told: &OverheadOutput) -> String {
    let threads = if told.threads == 1 { "1 thread".to_owned() } else { format!("{} threads", told.threads) };
    let mut text = format!(
        "metering made training {:.4} [{:.4}, {:.4}] times as long: median of {} pairs, interval of {}\n",
        told.ratio,
        told.ratio_low,
        told.ratio_high,
        told.pairs,
        percent(told.coverage, 3),
    );
    text += &format!(
        "  {} on digits, {}, {threads}, batch {}; blocks of {}, which are {} steps and {} looks, read: {}\n",
        told.net,
        told.learner,
        told.batch,
        quantity::seconds(told.block.0),
        told.steps_per_block,
        told.looks_per_block,
        if told.domains.is_empty() { "nothing".to_owned() } else { told.domains.join(", ") },
    );
    let (width, limit) = (percent(told.half_width, 2), percent(told.half_width_limit, 2));
    text += &if told.is_narrow {
        format!("  the interval is narrow enough: \u{b1}{width}, at most {limit} was asked for\n")
    } else {
        format!(
            "  the interval is still wide: \u{b1}{width} after {} pairs, and {limit} was asked for\n",
            told.pairs
        )
    };
    text += &match &told.sampler {
        None => "  no thread reads between the edges of phases: what is read here needs none\n".to_owned(),
        Some(sampler) => {
            let (share, limit) = (percent(sampler.share, 2), percent(sampler.share_limit, 2));
            let verdict = if sampler.share <= sampler.share_limit { "within" } else { "above" };
            let every = quantity::seconds(sampler.interval.0);
            let start = quantity::seconds(sampler.start.0);
            format!(
                "  the sampler reads every {every} and took {share} of a processor, {verdict} the limit of {limit}; \
                 its first looks, once in a run, {start}\n"
            )
        }
    };
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use record::overhead::SamplerOverhead;

    fn told() -> OverheadOutput {
        OverheadOutput {
            ratio: 1.0004,
            ratio_low: 0.998,
            ratio_high: 1.002,
            half_width: 0.002,
            half_width_limit: 0.005,
            is_narrow: true,
            coverage: 0.957,
            method: String::new(),
            pairs: 30,
            pairs_limit: 400,
            block: Seconds(0.25),
            steps_per_block: 96,
            looks_per_block: 24,
            net: "net-a".to_owned(),
            learner: "native".to_owned(),
            batch: 128,
            threads: 2,
            domains: vec!["package-0".to_owned()],
            sampler: Some(SamplerOverhead {
                interval: Seconds(0.1),
                processor: Seconds(0.002),
                share: 0.0002,
                share_limit: 0.005,
                start: Seconds(0.0011),
            }),
            metered: Seconds(10.0),
            blocks: Vec::new(),
        }
    }

    #[test]
    fn the_result_is_stated_whatever_it_is() {
        let good = text(&told());
        for words in [
            "1.0004 [0.9980, 1.0020]",
            "30 pairs",
            "narrow enough",
            "package-0",
            "0.020% of a processor, within",
        ] {
            assert!(good.contains(words), "`{words}` is not in: {good}");
        }
        let mut bad = OverheadOutput { is_narrow: false, domains: Vec::new(), ..told() };
        bad.sampler = bad.sampler.map(|sampler| SamplerOverhead { share: 0.02, ..sampler });
        let words = text(&bad);
        assert!(
            words.contains("still wide")
                && words.contains("above the limit")
                && words.contains("read: nothing")
        );
        assert!(text(&OverheadOutput { sampler: None, ..told() }).contains("no thread reads"));
    }

    #[test]
    fn progress_tells_what_is_known() {
        let progress = OverheadProgress { pairs: 3, most_pairs: 9, ratio: 1.01, half_width: f64::INFINITY };
        assert_eq!(so_far(&progress), "ratio 1.0100");
        assert_eq!(
            so_far(&OverheadProgress { half_width: 0.004, ..progress }),
            "ratio 1.0100 \u{b1} 0.0040, to be 0.005"
        );
    }
}
