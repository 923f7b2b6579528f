//! `ergo train` as a user runs it: the record's fixed form, resuming, and what is refused.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::at_hand;
use crate::report::rechecked;
use crate::shell::{json, mnist, object, refused, run};

const SMALL: [&str; 12] = [
    "train",
    "--net",
    "cnn-w2-d1",
    "--steps",
    "3",
    "--batch",
    "8",
    "--validation",
    "20",
    "--threads",
    "1",
    "--json",
];

#[test]
fn the_record_has_its_fixed_form() {
    let record = json(&SMALL);
    assert_eq!(record["schema"], "ergo.run/1");
    assert_eq!(record["id"].as_str().unwrap().len(), 64);
    assert_eq!((record["seed"].as_u64(), record["status"].as_str()), (Some(1), Some("done")));
    assert_eq!(record["test_images"].as_u64(), Some(10_000));
    let (wrong, error) = (record["wrong"].as_u64().unwrap(), record["error"].as_f64().unwrap());
    assert_eq!(wrong as f64 / 10_000.0, error);
    // 3 steps of 8 images; the one convolution sees the image, so it costs 4 x MAC, the linear layer 6 x MAC.
    let (conv, linear) = (28 * 28 * 9 * 2, 14 * 14 * 2 * 10);
    assert_eq!(record["flops"]["model_train"].as_u64(), Some(24 * (4 * conv + 6 * linear)));
    assert!(record["flops"]["executed_train"].as_u64() > Some(0));
    let instructions = record["circumstances"]["instructions"].as_str().unwrap();
    assert!(["avx512", "avx2", "portable"].contains(&instructions), "{instructions}");
    // Whatever others had of the machine is a share of it; a run of a moment may be too short to tell.
    let others = &record["circumstances"]["others_share"];
    assert!(
        others.is_null() || others.as_f64().is_some_and(|share| (0.0..=1.0).contains(&share)),
        "{others}"
    );
    // Eight images of 28 x 28 pixels at least, in f32.
    assert!(record["circumstances"]["planned_memory_bytes"].as_u64() > Some(8 * 28 * 28 * 4));
    // candle computes the gradient of the image as well, and pads nothing.
    let record = json(&[&SMALL[..], &["--learner", "candle"]].concat());
    assert_eq!(record["circumstances"]["planned_memory_bytes"].as_u64(), None, "candle plans none");
    assert_eq!(record["flops"]["executed_train"].as_u64(), Some(24 * 6 * (conv + linear)));
    assert!(record["seconds"]["train"].as_f64().unwrap() > 0.0);
    assert!(record["images_per_second"].as_f64().unwrap() > 0.0);
    let energy = record["energy"].as_array().unwrap();
    for window in energy {
        let kind = window["kind"].as_str().unwrap();
        assert!(["counter", "integrated", "modelled", "none"].contains(&kind), "{kind}");
        assert_eq!(window["joules"].is_null(), kind == "none", "null and only null when unknown");
        for key in ["domain", "joules_low", "joules_high", "watts_mean", "source", "phase"] {
            assert!(window.get(key).is_some(), "{key}");
        }
    }
    assert!(!energy.is_empty());
    let epoch = &record["epochs"].as_array().unwrap()[0];
    assert_eq!(epoch["epoch"].as_u64(), Some(1));
    assert!(epoch["train_loss"].is_f64() && epoch["test_error"].is_f64() && epoch["seconds"].is_f64());
    assert_eq!(record["weights_sha256"].as_str().unwrap().len(), 64);
    assert!(record["circumstances"]["instructions"].is_null(), "candle does not tell");
}

/// The parts are in the record beside the phases, in text below the time, and add up to the train phase.
#[test]
fn a_training_is_taken_apart_on_request() {
    assert!(json(&SMALL).get("profile").is_none(), "off by default");
    let record = json(&[&SMALL[..], &["--profile"]].concat());
    let profile = &record["profile"];
    let parts = profile["parts"].as_array().unwrap();
    let names: Vec<_> = parts.iter().map(|part| part["part"].as_str().unwrap()).collect();
    assert_eq!(names, ["images", "forward", "backward", "optimizer", "rest"]);
    let sum: f64 = parts.iter().map(|part| part["seconds"].as_f64().unwrap()).sum();
    assert_eq!(Some(sum), record["seconds"]["train"].as_f64());
    for window in record["energy"].as_array().unwrap().iter().filter(|window| window["phase"] == "train") {
        let of_domain = |part: &Value| {
            let energy = part["energy"].as_array().unwrap().iter();
            energy.clone().find(|energy| energy["domain"] == window["domain"]).unwrap().clone()
        };
        let split: Vec<_> = parts.iter().map(of_domain).collect();
        let joules: Option<f64> = split.iter().map(|energy| energy["joules"].as_f64()).sum();
        assert_eq!(joules, window["joules"].as_f64());
        for energy in split {
            assert_eq!(energy["kind"], window["kind"]);
            let cover = if window["joules"].is_null() { Value::Null } else { "split".into() };
            assert_eq!(energy["bounds_cover"], cover);
        }
    }
    assert_eq!(
        (profile["threads"].as_u64(), &profile["profiled_seconds"]),
        (Some(1), &record["seconds"]["train"])
    );
    assert!(profile["clock_seconds"].as_f64().unwrap() > 0.0);
    for layer in profile["layers"].as_array().unwrap() {
        for key in ["layer", "phase", "seconds", "calls"] {
            assert!(layer.get(key).is_some(), "{key}: {layer}");
        }
    }
    assert!(profile["notes"].to_string().contains("split by time"), "{profile}");
    let ran = run(&[&SMALL[..11], &["--profile"]].concat());
    for word in ["images ", "forward ", "backward ", "optimizer ", "rest ", "reading the clock"] {
        assert!(ran.stdout.contains(word), "`{word}` is not in: {}", ran.stdout);
    }
    // A library that tells no layers is timed pass by pass.
    let record = json(&[&SMALL[..], &["--learner", "candle", "--profile"]].concat());
    let parts = record["profile"]["parts"].as_array().unwrap();
    assert!(parts[..4].iter().all(|part| part["seconds"].as_f64().unwrap() > 0.0), "{record}");
}

/// The time of the layers is in the journal too, and reports add it up.
#[test]
fn reports_add_up_what_was_taken_apart() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let record = json(&[&SMALL[..], &["--profile", "--out", out]].concat());
    let told = json(&["report", out, "--json"]);
    let parts = told["train_parts"].as_array().unwrap();
    assert_eq!(parts.len(), 5);
    for (part, of_run) in parts.iter().zip(record["profile"]["parts"].as_array().unwrap()) {
        assert_eq!((&part["part"], &part["seconds"]), (&of_run["part"], &of_run["seconds"]));
        assert_eq!(part["runs"], 1);
    }
    let text = run(&["report", out]).stdout;
    assert!(text.contains("forward ") && text.contains("of 1 runs with a profile"), "{text}");
}

/// A profile asks for another run, not for another id: what is kept is told, with what it lacks.
#[test]
fn a_kept_record_without_a_profile_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let all = [&SMALL[..], &["--out", folder.path().to_str().unwrap()]].concat();
    let kept = json(&all);
    let ran = run(&[&all[..], &["--profile"]].concat());
    assert_eq!(object(&ran.stdout), kept);
    assert!(ran.stderr.contains("it has no profile"), "{}", ran.stderr);
}

/// A processor of a table at 20 GHz, which no measured peak exceeds, and one that no table holds.
#[test]
fn peaks_are_kept_with_what_they_follow_from() {
    let root = tempfile::tempdir().unwrap();
    let write = |file: &str, text: &str| {
        let file = root.path().join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    };
    let cpuinfo = "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 1\n\
                   model name\t: AMD EPYC 7763\nflags\t\t: fpu fma avx2\n\n";
    write("proc/cpuinfo", cpuinfo);
    write("sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq", "20000000\n");
    let with_root = ["--sysroot", root.path().to_str().unwrap()];
    let record = json(&[&SMALL[..], &with_root].concat());
    let peak = &record["peak"];
    // 2 units x 8 lanes x 2 x 20 GHz.
    assert_eq!(peak["theoretical_flops_per_second"], 640e9, "{peak}");
    assert!(peak["theoretical_basis"].as_str().unwrap().contains("Zen 3"), "{peak}");
    assert_eq!((&peak["threads"], &peak["precision"]), (&1.into(), &"f32".into()));
    let number = |value: &Value| value.as_f64().unwrap();
    let near =
        |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 1e-9, "{found} {expected}");
    let (used, seconds) = (&record["utilisation"], number(&record["seconds"]["train"]));
    near(number(&used["mfu_theoretical"]), number(&record["flops_per_second"]) / 640e9);
    near(number(&used["method2"]["flops"]), seconds * 640e9 * 0.17);
    if let Some(measured) = peak["measured_flops_per_second"].as_f64() {
        near(number(&record["mfu"]["ratio"]), number(&record["flops_per_second"]) / measured);
        assert_eq!(number(&record["mfu"]["peak"]), measured);
    }
    assert!(record.get("faults").is_none(), "{record}");
    let optimizer = &record["flops"]["optimizer"];
    let per_step = optimizer["per_step"].as_u64().unwrap();
    assert_eq!(optimizer["train"].as_u64(), Some(3 * per_step));
    assert_eq!(record["flops"]["model_train"], json(&SMALL)["flops"]["model_train"]);

    write("proc/cpuinfo", &cpuinfo.replace(": 25", ": 99"));
    let record = json(&[&SMALL[..], &with_root].concat());
    assert!(record["peak"]["theoretical_flops_per_second"].is_null(), "{record}");
    let reason = record["peak"]["theoretical_basis"].as_str().unwrap();
    assert!(reason.contains("family 0x63"), "{reason}");
    assert!(record["utilisation"]["mfu_theoretical"].is_null());
    let told = run(&[&SMALL[..11], &with_root].concat());
    assert!(told.stdout.contains("theoretical  peak unknown: "), "{}", told.stdout);
    assert!(told.stdout.contains("optimizer "), "{}", told.stdout);
}

/// candle's products split their work by the number of threads it was told; the bits must not follow.
#[test]
fn the_same_seed_gives_the_same_weights_at_any_number_of_threads() {
    for net in ["cnn-w3-d2", "lenet5", "mlp", "resnet8-w4"] {
        let hash = |threads: &str, seed: &str| {
            let images = ["--batch", "64", "--validation", "20", "--test-images", "20"];
            let settings =
                ["train", "--net", net, "--steps", "3", "--threads", threads, "--seed", seed, "--json"];
            let record = json(&[&settings[..], &images].concat());
            record["weights_sha256"].as_str().unwrap().to_owned()
        };
        let first = hash("1", "1");
        assert_eq!(first, hash("1", "1"), "{net}");
        assert_eq!(first, hash("2", "1"), "{net}");
        assert_eq!(first, hash("5", "1"), "{net}");
        assert_ne!(first, hash("1", "2"), "{net}");
    }
}

#[test]
fn a_folder_keeps_record_and_weights_and_trains_once() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let all: Vec<&str> = SMALL.into_iter().chain(["--out", out.to_str().unwrap()]).collect();
    let (first, second) = (json(&all), json(&all));
    assert_eq!(first, second, "the second is the record that was kept, to the last digit");
    let mut files: Vec<String> =
        fs::read_dir(&out).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    let weights = format!("weights-{}.safetensors", &first["id"].as_str().unwrap()[..12]);
    assert_eq!(files, ["runs-0.jsonl".to_owned(), weights]);
    let lines = fs::read_to_string(out.join("runs-0.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), 1);
}

#[test]
fn what_cannot_be_trained_is_refused() {
    let check = |arguments: &[&str], expected: &str| {
        refused(&[&["train"], arguments].concat(), &[expected]);
    };
    check(&["--threads", "0"], "threads");
    check(&["--batch", "0"], "batch");
    check(&["--epochs", "-1"], "epochs");
    check(&["--epochs", "0"], "above 0");
    check(&["--epochs", "1e30"], "2^40");
    check(&["--epochs", "1e300"], "--epochs 1e300");
    check(&["--seed", "-1"], "a whole number from 0 to 2^64-1");
    check(&["--momentum", "much"], "expected a number");
    check(&["--data", "mnist", "--net", "resnet50"], "cnn-w{W}-d{D}");
    check(&["--data", "mnist", "--examples", "60001"], "60000 training images");
    check(&["--net", "cnn-w0-d2"], "cnn-w0-d2");
    check(&["--net", "cnn-w16-d99"], "cnn-w16-d99");
    check(&["--net", "cnn-w99999999999999999999-d2"], "cnn-w");
    check(&["--net", "cnn-w4294967296-d2"], "cnn-w4294967296-d2");
    check(&["--net", "nothing"], "nothing");
    check(&["--device", "cuda:99"], "cuda:99: ");
    check(&["--learner", "native", "--precision", "bf16"], "--precision f32");
    check(&["--device", "tpu"], "cuda:N");
    check(&["--learning-rate", "NaN"], "learning_rate");
    check(&["--data", "cifar100", "--steps", "1", "--data-dir", "."], "ergo data fetch");
}

/// A program that could use a card starts where there is none: one that is asked for is refused, and the default computes
/// on the processor and says why in one line.
#[test]
fn without_a_card_the_processor_computes() {
    if Path::new("/dev/nvidiactl").exists() {
        return at_hand::skipped("without_a_card_the_processor_computes", "this machine has a card");
    }
    refused(&["train", "--device", "cuda:0"], &["cuda:0: "]);
    let could = cfg!(any(feature = "cuda", feature = "tch"));
    let ran = run(&SMALL[..11]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let why = ran.stderr.lines().filter(|line| line.starts_with("computing on the CPU: ")).count();
    assert_eq!(why, usize::from(could), "{}", ran.stderr);
    if cfg!(feature = "cuda") {
        refused(
            &["train", "--device", "cuda:0", "--learner", "candle"],
            &["libcuda.so.1", "install the NVIDIA driver"],
        );
    }
}

#[test]
fn a_file_in_place_of_the_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("afile");
    fs::write(&file, "").unwrap();
    refused(&["train", "--out", file.to_str().unwrap()], &["afile is a file", "name a folder"]);
    let below = file.join("below");
    refused(&["sweep", "--dry-run", "--out", below.to_str().unwrap()], &["afile is a file", "name a folder"]);
}

#[test]
fn a_run_of_a_moment_has_its_joules() {
    let ran = run(&SMALL[..11]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let energy = ran.stdout.lines().find(|line| line.trim_start().starts_with("energy")).unwrap();
    assert!(!energy.contains(" 0 J") && !energy.contains("~0 J"), "{energy}");
}

/// What was read during a training is kept on request, and gives its windows again to the last bit.
#[test]
fn a_trace_of_a_training_tells_its_energy_again() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace.jsonl");
    let trace = trace.to_str().unwrap();
    let record = json(&[&SMALL[..], &["--trace", trace]].concat());
    let again = json(&["meter", "--json", "--replay", trace]);
    assert_eq!(again["total_joules"].is_null(), record["energy"].as_array().unwrap().is_empty());
    let of_total = |told: &Value| -> Vec<Value> {
        let windows = told["energy"].as_array().unwrap().iter();
        let totals = windows.filter(|window| window["phase"].as_str().is_none_or(|phase| phase == "total"));
        totals.map(|window| window["joules"].clone()).collect()
    };
    assert_eq!(of_total(&again), of_total(&record), "{again} {record}");
    // Phase by phase: seconds to the last bit, and windows in all that a trace has.
    assert_eq!(again["phases"]["seconds"], record["seconds"]);
    let windows = |energy: &Value| -> Vec<Value> {
        let fields = ["domain", "phase", "joules", "joules_low", "joules_high", "seconds", "coverage"];
        let of = |window: &Value| fields.iter().map(|field| window[*field].clone()).collect();
        energy.as_array().unwrap().iter().map(of).collect()
    };
    assert_eq!(windows(&again["phases"]["energy"]), windows(&record["energy"]));
    let told = run(&["meter", "--replay", trace]);
    assert!(told.stderr.contains("evaluate"), "{}", told.stderr);
    rechecked("a_trace_of_a_training_tells_its_energy_again", &[folder.path().into()]);
    // A trace may lie beside the records of its run.
    let out = folder.path().join("out");
    let beside = out.join("trace.jsonl");
    fs::create_dir(&out).unwrap();
    let [kept, beside] = [&out, &beside].map(|path| path.to_str().unwrap());
    json(&[&SMALL[..], &["--out", kept, "--trace", beside]].concat());
    assert_eq!(json(&["report", kept, "--json"])["runs"], 1);
    rechecked("a_trace_of_a_training_tells_its_energy_again", &[out]);
}

#[test]
fn a_diverged_run_says_so_and_exits_1() {
    let ran = run(&["train", "--net", "mlp", "--lr", "1e6", "--steps", "200", "--json"]);
    assert_eq!(ran.code, 1);
    let record = object(&ran.stdout);
    assert_eq!(record["status"], "diverged");
    assert!(record["error"].is_null());
    assert!(ran.stderr.contains("learning rate"), "{}", ran.stderr);
}

/// Sixty steps of a small network on real MNIST: guessing is wrong in 90%.
#[test]
fn real_images_are_learnt() {
    let Some(mnist) = mnist("real_images_are_learnt") else { return };
    let folder = mnist.to_str().unwrap();
    let settings =
        ["train", "--data", "mnist", "--data-dir", folder, "--net", "cnn-w4-d2", "--steps", "60", "--json"];
    let record = json(&settings);
    assert!(record["error"].as_f64().unwrap() < 0.4, "{}", record["error"]);
    assert_eq!(record["validation"]["images"].as_u64(), Some(5_000));
}
