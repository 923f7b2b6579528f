//! Sweeps as a user runs them: kept, killed, resumed, budgeted and refused.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use chance::{Purpose, Stream};
use serde_json::Value;

use crate::shell::{json, refused, run};

/// 96 runs of a few hundredths of a second: 2 budgets x 2 widths x 2 learning rates x 12 seeds.
const FILE: &str = r#"
name = "tiny"
data = "digits"
budgets = [2e7, 4e7]
[net]
family = "cnn"
width = [2, 3]
depth = 1
[train]
batch = 16
learning_rate = [0.05, 0.1]
validation_images = 100
test_images = 100
[limits]
min_steps = 1
[seeds]
selection = 1
report = 11
"#;

/// Runs of [`FILE`].
const RUNS: u64 = 96;

fn sweep_file(folder: &Path) -> String {
    let path = folder.join("tiny.toml");
    fs::write(&path, FILE).unwrap();
    path.display().to_string()
}

fn arguments<'a>(file: &'a str, out: &'a str) -> Vec<&'a str> {
    vec!["sweep", file, "--out", out, "--threads", "1", "--json"]
}

/// Every record by its id, without what depends on the clock and the machine; each id must stand there once.
fn essences(out: &Path) -> BTreeMap<String, Value> {
    let mut records = BTreeMap::new();
    for entry in fs::read_dir(out).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "jsonl") {
            continue;
        }
        for line in fs::read_to_string(&path).unwrap().lines() {
            let mut record: Value = serde_json::from_str(line).unwrap();
            let fields = record.as_object_mut().unwrap();
            let timings = [
                "seconds",
                "images_per_second",
                "flops_per_second",
                "mfu",
                "peak",
                "energy",
                "circumstances",
            ];
            for timing in timings {
                fields.remove(timing).unwrap();
            }
            for epoch in fields["epochs"].as_array_mut().unwrap() {
                epoch.as_object_mut().unwrap().remove("seconds").unwrap();
            }
            let id = fields["id"].as_str().unwrap().to_owned();
            assert!(records.insert(id, record).is_none(), "a finished run was repeated");
        }
    }
    records
}

#[test]
fn killed_at_ten_moments_it_ends_with_the_same_records() {
    let folder = tempfile::tempdir().unwrap();
    let file = sweep_file(folder.path());
    let whole = folder.path().join("whole");
    let out = json(&arguments(&file, whole.to_str().unwrap()));
    assert_eq!((out["runs_planned"].as_u64(), out["runs_done"].as_u64()), (Some(RUNS), Some(RUNS)));
    let expected = essences(&whole);
    let mut moments = Stream::new(10, Purpose::Test, 0);
    let mut kills = 0;
    // However fast this machine is, a sweep that ends before it is killed only makes room for another one.
    for round in 0.. {
        let killed = folder.path().join(format!("killed-{round}"));
        while kills < 10 && kill_once(&file, &killed, kills % 3 > 0, moments.below(30)) {
            kills += 1;
        }
        let before = whole_lines(&killed);
        let out = json(&arguments(&file, killed.to_str().unwrap()));
        assert_eq!(out["runs_skipped"].as_u64(), Some(before));
        assert_eq!(out["runs_done"].as_u64(), Some(RUNS));
        assert_eq!(essences(&killed), expected);
        if kills == 10 {
            break;
        }
        assert!(round < 20, "only {kills} kills came before the end of a sweep");
    }
}

/// Begins the sweep and kills it some milliseconds later, or so long after its first record; false when it had
/// ended by then.
fn kill_once(file: &str, out: &Path, after_a_record: bool, milliseconds: u64) -> bool {
    let before = whole_lines(out);
    let program = assert_cmd::cargo::cargo_bin!("ergo");
    let mut child = Command::new(program)
        .args(arguments(file, out.to_str().unwrap()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while after_a_record && whole_lines(out) == before && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
    std::thread::sleep(Duration::from_millis(milliseconds));
    // SIGKILL on Unix; one that has ended already is none.
    child.kill().unwrap();
    child.wait().unwrap().code().is_none()
}

/// Whole lines in the journals of a sweep, none where it has no folder yet.
fn whole_lines(out: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(out) else { return 0 };
    let journals = entries.map(|entry| entry.unwrap().path());
    let journals = journals.filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    journals.map(|path| fs::read(path).unwrap().iter().filter(|&&byte| byte == b'\n').count() as u64).sum()
}

#[test]
fn side_by_side_gives_the_same_records() {
    let folder = tempfile::tempdir().unwrap();
    let file = sweep_file(folder.path());
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    json(&arguments(&file, one.to_str().unwrap()));
    let jobs = ["sweep", &file, "--out", two.to_str().unwrap(), "--jobs", "2", "--json"];
    let budgeted = run(&[&jobs[..], &["--traces", "--max-flops", "1.4e8"]].concat());
    assert_eq!(budgeted.code, 3, "{}", budgeted.stderr);
    let traced = traces_of_records(&two);
    json(&jobs);
    assert_eq!(essences(&one), essences(&two));
    assert_eq!(traces_of_records(&two), traced, "only on request");
}

/// How many runs of a sweep left a trace; each must tell the seconds and the joules of its record again.
fn traces_of_records(out: &Path) -> usize {
    let mut traced = 0;
    for entry in fs::read_dir(out).unwrap() {
        let journal = entry.unwrap().path();
        if journal.extension().is_none_or(|extension| extension != "jsonl") {
            continue;
        }
        for line in fs::read_to_string(&journal).unwrap().lines() {
            let record: Value = serde_json::from_str(line).unwrap();
            let trace = out.join("traces").join(format!("{}.jsonl", &record["id"].as_str().unwrap()[..12]));
            if !trace.exists() {
                continue;
            }
            traced += 1;
            let told = json(&["meter", "--json", "--replay", trace.to_str().unwrap()]);
            assert_eq!(told["phases"]["seconds"], record["seconds"]);
            let joules = |energy: &Value| -> Vec<Value> {
                energy.as_array().unwrap().iter().map(|window| window["joules"].clone()).collect()
            };
            assert_eq!(joules(&told["phases"]["energy"]), joules(&record["energy"]));
        }
    }
    assert!(traced > 0);
    traced
}

/// Two processes for one device are as good as those for two cards, of which this machine may have none.
#[test]
fn devices_share_a_sweep() {
    let folder = tempfile::tempdir().unwrap();
    let file = sweep_file(folder.path());
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    json(&arguments(&file, one.to_str().unwrap()));
    let shared = ["sweep", &file, "--out", two.to_str().unwrap(), "--devices", "cpu,cpu", "--json"];
    let ran = run(&[&shared[..], &["--max-flops", "1.4e8"]].concat());
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    // The smallest runs cost about 2e7 FLOP each: three for either process.
    assert_eq!((ran.code, told["runs_done"].as_u64()), (3, Some(6)), "{}", ran.stderr);
    let ran = run(&shared);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("cpu: tiny: 45 of 96 runs to do"), "{}", ran.stderr);
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((told["runs_done"].as_u64(), told["runs_skipped"].as_u64()), (Some(RUNS), Some(6)));
    assert!(told["fit"].is_object());
    assert_eq!(essences(&one), essences(&two));
    for journal in ["runs-1of2-0.jsonl", "runs-2of2-0.jsonl"] {
        assert_eq!(
            fs::read_to_string(two.join(journal)).unwrap().lines().count() as u64,
            RUNS / 2,
            "{journal}"
        );
    }
    refused(&["sweep", &file, "--devices", "cpu,cuda:99"], &["computes on the CPU only"]);
    refused(&["sweep", &file, "--devices", "cpu", "--device", "cpu"], &["--devices", "--device"]);
}

/// The processes for devices must not outlive the one that began them: they end when its end of their input does.
#[test]
fn a_worker_ends_with_its_input() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.toml");
    fs::write(&path, FILE.replace("[2e7, 4e7]", "[1e12]")).unwrap();
    let out = folder.path().join("out");
    let all = arguments(path.to_str().unwrap(), out.to_str().unwrap());
    let ran = run(&[&all[..], &["--shard", "1/2", "--worker"]].concat());
    assert_eq!((ran.code, ran.stdout.as_str()), (130, ""), "{}", ran.stderr);
    assert_eq!(whole_lines(&out), 0);
}

#[test]
fn budgets_and_shares_leave_the_rest_for_later() {
    let folder = tempfile::tempdir().unwrap();
    let file = sweep_file(folder.path());
    let out = folder.path().join("out");
    let with = |more: &[&'static str]| {
        let mut all = arguments(&file, out.to_str().unwrap());
        all.extend(more);
        let ran = run(&all);
        let value: Value = serde_json::from_str(&ran.stdout).unwrap();
        (ran.code, value["runs_done"].as_u64(), value["runs_skipped"].as_u64())
    };
    // The smallest runs cost about 2e7 FLOP each.
    assert_eq!(with(&["--max-flops", "7e7"]), (3, Some(3), Some(0)));
    assert_eq!(with(&["--max-seconds", "1e-9"]), (3, Some(3), Some(3)));
    let (code, done, skipped) = with(&["--shard", "1/2"]);
    assert_eq!((code, skipped), (0, Some(3)));
    assert!((RUNS / 2..RUNS).contains(&done.unwrap()), "{done:?}");
    assert_eq!(with(&["--shard", "2/2"]).1, Some(RUNS));
    assert_eq!(with(&[]), (0, Some(RUNS), Some(RUNS)));
}

#[test]
fn a_dry_run_predicts_and_trains_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = sweep_file(folder.path());
    let out = folder.path().join("out");
    let mut all = arguments(&file, out.to_str().unwrap());
    all.push("--dry-run");
    let plan = json(&all);
    let runs = plan["runs"].as_array().unwrap();
    assert_eq!((plan["runs_planned"].as_u64(), runs.len() as u64), (Some(RUNS), RUNS));
    let sum: u64 = runs.iter().map(|run| run["train_flops"].as_u64().unwrap()).sum();
    assert_eq!(plan["train_flops"].as_u64(), Some(sum));
    assert!(runs.iter().all(|run| run["predicted_seconds"].as_f64().unwrap() > 0.0));
    assert!(!out.exists(), "a dry run writes nothing");
    assert_eq!((plan["runs_skipped"].as_u64(), plan["runs_done"].as_u64()), (Some(0), Some(0)));
    assert!(plan["fit"].is_null() && plan.as_object().unwrap().contains_key("fit"));
    // For people a line for each cell, between the head and two lines of totals.
    let text = run(&all.iter().copied().filter(|&word| word != "--json").collect::<Vec<_>>()).stdout;
    let cells: HashSet<&str> = runs.iter().map(|run| run["cell"].as_str().unwrap()).collect();
    assert_eq!(text.lines().count(), 1 + cells.len() + 2, "{text}");
    assert!(cells.iter().all(|cell| text.contains(cell)), "{text}");
    // As much as the largest network takes when it runs.
    let bench =
        ["bench", "--nets", "cnn-w3-d1", "--data", "mnist", "--batch", "16", "--threads", "1", "--learners"];
    let told = json(&[&bench[..], &["native", "--seconds", "0.01", "--rounds", "2", "--json"]].concat());
    let planned = plan["planned_memory_bytes"].as_u64();
    assert!(planned.is_some_and(|bytes| bytes > 0), "{planned:?}");
    assert_eq!(told["rows"][0]["memory_bytes"].as_u64(), planned);
}

/// A folder in place of a figure keeps it from being written, as a disk that is closed to writing does.
#[test]
fn a_finished_sweep_needs_no_figures() {
    let folder = tempfile::tempdir().unwrap();
    let file = sweep_file(folder.path());
    let out = folder.path().join("out");
    let all = arguments(&file, out.to_str().unwrap());
    let figure = json(&all)["figures"][0].as_str().unwrap().to_owned();
    fs::remove_file(&figure).unwrap();
    fs::create_dir(&figure).unwrap();
    fs::write(Path::new(&figure).join("full"), "").unwrap();
    let again = run(&all);
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert!(again.stderr.contains("not drawn again"), "{}", again.stderr);
    let plan = json(&[&all[..], &["--dry-run"]].concat());
    assert_eq!(plan["runs_skipped"].as_u64(), Some(RUNS));
    assert!(plan["fit"].is_object(), "what is finished is fitted");
}

#[test]
fn images_are_looked_for_before_anything_is_begun() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let here = folder.path().to_str().unwrap();
    let path = folder.path().join("cifar100.toml");
    fs::write(&path, FILE.replace("\"digits\"", "\"cifar100\"").replace("depth = 1", "depth = 2")).unwrap();
    let file = path.to_str().unwrap();
    refused(
        &["sweep", file, "--data-dir", here, "--out", out.to_str().unwrap()],
        &["ergo data fetch cifar100"],
    );
    let ahead = run(&["sweep", file, "--data-dir", here, "--out", out.to_str().unwrap(), "--dry-run"]);
    assert_eq!(ahead.code, 0, "{}", ahead.stderr);
    assert!(ahead.stderr.contains("`ergo data fetch cifar100` puts it there"), "{}", ahead.stderr);
    assert!(!out.exists(), "nothing is left behind");
}

#[test]
fn many_cells_outside_the_limits_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wide.toml");
    let wide = FILE.replace("[2, 3]", "[2, 100, 101, 102, 103]").replace("min_steps = 1", "min_steps = 5");
    fs::write(&path, wide).unwrap();
    let ran = run(&["sweep", path.to_str().unwrap(), "--slurm", "2"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    // 2 budgets x 4 widths x 2 learning rates are too wide for five steps.
    assert_eq!(ran.stderr.lines().count(), 4, "{}", ran.stderr);
    assert!(ran.stderr.contains("left out 13 more cells"), "{}", ran.stderr);
}

#[test]
fn a_folder_holds_one_sweep() {
    let folder = tempfile::tempdir().unwrap();
    let file = sweep_file(folder.path());
    let out = folder.path().join("out");
    let mut some = arguments(&file, out.to_str().unwrap());
    some.extend(["--max-flops", "5e7"]);
    assert_eq!(run(&some).code, 3);
    let other = folder.path().join("other.toml");
    fs::write(&other, FILE.replace("[2e7, 4e7]", "[3e7]")).unwrap();
    refused(
        &arguments(other.to_str().unwrap(), out.to_str().unwrap())[..6],
        &["are not runs of the sweep", "--out"],
    );
}

#[test]
fn a_slurm_script_shares_the_sweep_out() {
    let folder = tempfile::tempdir().unwrap();
    let file = sweep_file(folder.path());
    let ran = run(&["sweep", &file, "--out", "shared out", "--slurm", "8"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("#SBATCH --array=1-8\n"), "{}", ran.stdout);
    assert!(ran.stdout.contains("--out 'shared out' --shard \"$SLURM_ARRAY_TASK_ID/8\""), "{}", ran.stdout);
}

/// Says only that the options are taken and handed on: what they do is for the tests of training.
#[test]
fn learner_device_and_precision_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let file = sweep_file(folder.path());
    let chosen = ["--learner", "candle", "--device", "cpu", "--precision", "f32"];
    let script = json(&[&["sweep", &file, "--slurm", "2", "--json"], &chosen[..]].concat());
    let script = script["script"].as_str().unwrap();
    assert!(script.contains("--learner candle --precision f32 --device cpu"), "{script}");
    refused(&["sweep", &file, "--learner", "torch"], &["torch", "candle"]);
    refused(&["sweep", &file, "--device", "cuda:99"], &["cuda:99: "]);
}

#[test]
fn an_interrupt_ends_cleanly() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.toml");
    fs::write(&path, FILE.replace("[2e7, 4e7]", "[1e12]")).unwrap();
    let out = folder.path().join("out");
    let child = Command::new(assert_cmd::cargo::cargo_bin!("ergo"))
        .args(arguments(path.to_str().unwrap(), out.to_str().unwrap()))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The journal appears once the watch for interrupts is set.
    while !out.join("runs-0.jsonl").exists() {
        std::thread::sleep(Duration::from_millis(10));
    }
    let signal = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(signal.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((value["runs_done"].as_u64(), value["stopped"].as_str()), (Some(0), Some("interrupted")));
}

#[test]
fn what_is_no_sweep_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let check = |content: &str, expected: &str| {
        let path = folder.path().join("bad.toml");
        fs::write(&path, content).unwrap();
        refused(&["sweep", path.to_str().unwrap()], &[expected]);
    };
    check("", "name");
    check("name = ", "bad.toml");
    check(&FILE.replace("width", "widht"), "did you mean `width`");
    check(&FILE.replace("[2, 3]", "[0]"), "width");
    check(&FILE.replace("validation_images = 100", "validation_images = 0"), "validation_images");
    check(&FILE.replace("depth = 1", "depth = 99"), "99");
    check(
        &FILE.replace("family = \"cnn\"\nwidth = [2, 3]\ndepth = 1", "names = [\"resnet50\"]"),
        "resnet{8|14|20|32}",
    );
    refused(&["sweep", "no-such-file.toml"], &["no-such-file.toml"]);
    let path = folder.path().join("noise.toml");
    fs::write(&path, b"\xff\xfe\x00name").unwrap();
    refused(&["sweep", path.to_str().unwrap()], &["noise.toml", "UTF-8"]);
    refused(
        &["sweep", &sweep_file(folder.path()), "--slurm", "3", "--shard", "1/2"],
        &["--slurm", "--shard"],
    );
}
