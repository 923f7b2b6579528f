//! Puts a record together from what a run counted and what its meter read.

use kernels::isa::Isa;
use meter::metering::Metering;
use record::peak::Peak;
use record::profile::TrainProfile;
use record::run::{
    BLOCKS, Circumstances, Evaluation, FLOPS_CONVENTION, FlopsRecord, Mfu, OPTIMIZER_CONVENTION,
    OptimizerFlops, RunRecord, SCHEMA, Status,
};
use record::spec::{LearnerName, NUMERICS, RunPlan};

use crate::executed::Executed;
use crate::learner::Outcome;
use crate::run::RunOptions;
use crate::tally::Tally;

/// Everything a finished run has to say.
pub(crate) struct Finished {
    pub tally: Tally,
    pub validation: Option<Evaluation>,
    pub weights_sha256: String,
    pub executed: Executed,
    pub metering: Metering,
    pub profile: Option<TrainProfile>,
    /// Of the machine, what other programs had meanwhile.
    pub others_share: Option<f64>,
    /// Bytes that the learner planned.
    pub planned_memory_bytes: Option<u64>,
}

/// Counts outcomes, in total and block by block.
pub(crate) fn evaluation(outcomes: &[Outcome]) -> Evaluation {
    let mut wrong_by_block = vec![0u32; BLOCKS];
    for (image, outcome) in outcomes.iter().enumerate() {
        wrong_by_block[image % BLOCKS] += u32::from(!outcome.right);
    }
    let images = outcomes.len() as u64;
    let wrong: u64 = wrong_by_block.iter().map(|&wrong| u64::from(wrong)).sum();
    let cross_entropy = outcomes.iter().map(|outcome| outcome.cross_entropy).sum::<f64>() / images as f64;
    Evaluation {
        images,
        wrong,
        error: wrong as f64 / images as f64,
        cross_entropy: cross_entropy.is_finite().then_some(cross_entropy),
        wrong_by_block,
    }
}

/// The record of a finished run.
pub(crate) fn record(plan: &RunPlan, options: &RunOptions<'_>, finished: Finished) -> RunRecord {
    let Finished { tally, validation, weights_sha256, executed, metering, profile, .. } = finished;
    let peak = tally.peak_so_far(options.peak);
    let faults = peak.as_ref().map(|peak| peak.faults(executed.train, metering.seconds.train));
    let test = tally.test.filter(|_| tally.status == Status::Done);
    let examples_seen = tally.step * plan.spec.batch;
    let model_train = plan.train_flops_per_image().times(examples_seen);
    let train_seconds = metering.seconds.train.0;
    let rate = |amount: f64| (train_seconds > 0.0).then(|| amount / train_seconds);
    RunRecord {
        schema: SCHEMA.to_owned(),
        id: plan.id.clone(),
        seed: plan.spec.seed,
        status: tally.status,
        error: test.as_ref().map(|test| test.error),
        wrong: test.as_ref().map(|test| test.wrong),
        test_images: plan.test_images,
        test,
        validation,
        spec: plan.spec.clone(),
        data_digest: plan.data_digest.clone(),
        numerics: NUMERICS,
        parameters: plan.network.parameter_count(),
        macs: plan.network.macs(),
        steps: tally.step,
        examples_seen,
        flops: FlopsRecord {
            convention: FLOPS_CONVENTION.to_owned(),
            model_train,
            executed_train: executed.train,
            executed_train_by_layer: tally.by_layer.layers_of(executed.train),
            model_eval: tally.model_eval,
            executed_eval: executed.evaluate,
            optimizer: Some(OptimizerFlops {
                convention: OPTIMIZER_CONVENTION.to_owned(),
                per_step: plan.optimizer_flops(1),
                train: plan.optimizer_flops(tally.step),
            }),
        },
        seconds: metering.seconds,
        images_per_second: rate(examples_seen as f64),
        flops_per_second: rate(model_train.as_f64()),
        mfu: peak.as_ref().and_then(|peak| mfu(peak, rate(model_train.as_f64()))),
        peak,
        faults: faults.unwrap_or_default(),
        energy: metering.energy,
        sampling: metering.sampling,
        profile,
        epochs: tally.epochs,
        weights_sha256,
        place: options.place.cloned(),
        circumstances: Circumstances {
            build: options.build.clone(),
            host: options.host.clone(),
            device: options.device.to_string(),
            instructions: (plan.spec.learner == LearnerName::Native).then(|| Isa::detect().name().to_owned()),
            threads: options.threads as u64,
            jobs: options.jobs as u64,
            others_share: finished.others_share,
            resumed: tally.resumed,
            planned_memory_bytes: finished.planned_memory_bytes,
            started_unix: metering.started_unix,
        },
    }
}

/// Model FLOP/s over the measured peak, where there is one.
fn mfu(peak: &Peak, speed: Option<f64>) -> Option<Mfu> {
    let measured = peak.measured_flops_per_second?;
    Some(Mfu { ratio: speed? / measured, peak: measured, source: peak.measured_basis.clone() })
}
