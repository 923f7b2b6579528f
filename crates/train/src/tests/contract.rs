//! What every learner promises, whatever it computes with: states that go out and come back, and lanes that stay apart.

use data::set::SetName;
use record::spec::RunPlan;

use super::networks::{everything, images, plan, step};
use crate::learner::Learner;

/// A learner of these plans.
type Build<'a> = &'a dyn Fn(&[&RunPlan]) -> Box<dyn Learner>;

/// What is read out and put back is the same, and so is what follows.
pub(crate) fn state_goes_out_and_comes_back(build: Build<'_>) {
    let plan = everything(9);
    let (mut first, mut second) = (build(&[&plan]), build(&[&plan]));
    first.load(&images(SetName::Digits)).unwrap();
    second.load(&images(SetName::Digits)).unwrap();
    first.train(&[&[step(0, 9, 0.05), step(1, 9, 0.05)]]).unwrap();
    let state = first.state(0).unwrap();
    second.restore(0, &state).unwrap();
    assert_eq!(second.state(0).unwrap(), state);
    for learner in [&mut first, &mut second] {
        learner.train(&[&[step(2, 9, 0.05)]]).unwrap();
    }
    assert_eq!(second.state(0).unwrap(), first.state(0).unwrap());
    let mut damaged = state.clone();
    damaged.weights[0].shape.push(1);
    assert!(second.restore(0, &damaged).unwrap_err().to_string().contains("expected"));
    damaged.weights.remove(0);
    assert!(second.restore(0, &damaged).unwrap_err().to_string().contains("missing"));
}

/// Two lanes in one learner do what each does alone.
pub(crate) fn lanes_stay_apart(build: Build<'_>) {
    let data = SetName::Mnist;
    let mut other = plan(data, "cnn-w4-d2", 8);
    other.spec.seed = 8;
    let plans = [plan(data, "cnn-w4-d2", 8), other];
    let steps = [step(0, 8, 0.05), step(1, 8, 0.05)];
    let mut both = build(&[&plans[0], &plans[1]]);
    both.load(&images(data)).unwrap();
    both.train(&[&steps, &steps]).unwrap();
    for (lane, plan) in plans.iter().enumerate() {
        let mut alone = build(&[plan]);
        alone.load(&images(data)).unwrap();
        alone.train(&[&steps]).unwrap();
        assert_eq!(alone.state(0).unwrap(), both.state(lane).unwrap());
    }
}
