//! The side of a peer process: says `ready`, then times slices of steps as they are asked for on its input.

use std::error::Error;
use std::io::{BufRead, Write, stdin, stdout};
use std::time::Instant;

use serde_json::{Value, json};

const WARM_SECONDS: f64 = 0.15;
const MIN_STEPS: usize = 1;

/// What a peer's network can do; `Box<dyn Error>` because each peer has its library's own errors.
pub trait Steps {
    /// Runs one whole step.
    fn step(&mut self) -> Result<(), Box<dyn Error>>;
    /// Waits for what was begun and returns the last loss.
    fn finish(&mut self) -> Result<f64, Box<dyn Error>>;
}

/// What is to be trained: the arguments NET BATCH THREADS PHASE.
pub struct Job {
    /// `net-a` or `net-b`.
    pub net: String,
    /// Images in a step.
    pub batch: usize,
    /// Worker threads of the library, already asked for through `RAYON_NUM_THREADS`.
    pub threads: usize,
    /// Whether steps train; they infer otherwise.
    pub train: bool,
}

impl Job {
    /// Reads the arguments of the process.
    pub fn from_arguments() -> Result<Self, Box<dyn Error>> {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let [net, batch, threads, phase] = arguments.as_slice() else {
            return Err("expected NET BATCH THREADS PHASE".into());
        };
        let train = phase == "train";
        Ok(Self { net: net.clone(), batch: batch.parse()?, threads: threads.parse()?, train })
    }
}

/// Warms up, announces `facts` and answers `slice SECONDS` until `quit` or the end of the input.
pub fn serve(steps: &mut dyn Steps, batch: usize, mut facts: Value) -> Result<(), Box<dyn Error>> {
    run_for(steps, WARM_SECONDS, 3)?;
    facts["loss"] = json!(steps.finish()?);
    println!("ready {facts}");
    for line in stdin().lock().lines() {
        let line = line?;
        match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["slice", seconds] => println!("{}", timed(steps, batch, seconds.parse()?)?),
            ["quit"] => break,
            _ => return Err(format!("expected `slice SECONDS` or `quit`, found {line:?}").into()),
        }
        stdout().flush()?;
    }
    Ok(())
}

/// Runs a slice after a moment of warming.
fn timed(steps: &mut dyn Steps, batch: usize, seconds: f64) -> Result<Value, Box<dyn Error>> {
    run_for(steps, WARM_SECONDS.min(seconds), 1)?;
    steps.finish()?;
    let (wall, cpu) = (Instant::now(), cpu_seconds());
    let count = run_for(steps, seconds, MIN_STEPS)?;
    let loss = steps.finish()?;
    Ok(json!({
        "images": count * batch,
        "seconds": wall.elapsed().as_secs_f64(),
        "cpu_seconds": cpu_seconds() - cpu,
        "loss": loss,
    }))
}

/// Runs whole steps for at least this long and returns their number.
fn run_for(steps: &mut dyn Steps, seconds: f64, least: usize) -> Result<usize, Box<dyn Error>> {
    let start = Instant::now();
    let mut count = 0;
    while count < least || start.elapsed().as_secs_f64() < seconds {
        steps.step()?;
        count += 1;
    }
    Ok(count)
}

fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}
