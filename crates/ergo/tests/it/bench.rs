//! `ergo bench` as a user runs it: the fixed form of its rows, and what is refused. How fast is not asked.

use serde_json::Value;

use crate::shell::{json, refused, run};

const SMALL: [&str; 12] = [
    "bench",
    "--nets",
    "linear",
    "--learners",
    "candle",
    "--threads",
    "1",
    "--batch",
    "8",
    "--seconds",
    "0.2",
    "--json",
];

fn number(row: &Value, key: &str) -> f64 {
    row[key].as_f64().unwrap_or_else(|| panic!("{key} is no number in {row}"))
}

#[test]
fn rows_have_their_fixed_form() {
    let told = json(&SMALL);
    assert_eq!(told["schema"], "ergo.bench/1");
    let [row] = told["rows"].as_array().unwrap().as_slice() else { panic!("{told}") };
    for (key, expected) in [
        ("net", "linear"),
        ("data", "mnist"),
        ("learner", "candle"),
        ("device", "cpu"),
        ("precision", "f32"),
        ("phase", "train"),
    ] {
        assert_eq!(row[key], expected);
    }
    assert_eq!((row["threads"].as_u64(), row["batch"].as_u64()), (Some(1), Some(8)));
    let [rate, low, high] = ["images_per_second", "low", "high"].map(|key| number(row, key));
    assert!(0.0 < low && low <= rate && rate <= high, "{rate} [{low}, {high}]");
    // One linear layer on 28 x 28: 7,840 MAC, 4 FLOP each, as the image needs no gradient.
    assert_eq!(number(row, "flops_per_image"), 31_360.0);
    let close = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-9, "{a} {b}");
    close(number(row, "gflops"), rate * 31_360.0 / 1e9);
    close(number(row, "mfu"), number(row, "gflops") / number(row, "peak_gflops"));
    let mfu = number(row, "mfu");
    assert!(0.0 < mfu && mfu <= 1.0, "{mfu}");
    assert!(number(row, "images_per_cpu_second") > 0.0 && number(row, "mfu_cpu") > 0.0);
    assert!(row["ratio"].is_null() && row["profile"].is_null());
    assert_eq!(
        row["joules_per_image"].is_null(),
        row["energy_kind"] == "none",
        "null and only null when unknown"
    );
    assert_eq!(row["slices"].as_array().unwrap().len(), 9);
    assert_eq!(told["rounds"].as_u64(), Some(9));
    // Nine slices: the second from either end, 1 - 2 x (1 + 9)/2^9.
    assert_eq!(number(&told["interval"], "coverage"), 0.9609375);
    let [peak] = told["peaks"].as_array().unwrap().as_slice() else { panic!("{told}") };
    assert_eq!(peak["threads"].as_u64(), Some(1));
    assert_eq!(number(peak, "gflops"), number(row, "peak_gflops"));
    for key in ["build", "host"] {
        assert!(told[key].is_object(), "{key}");
    }
    assert!(told["warnings"].is_array() && number(&told, "started_unix") > 0.0);
}

#[test]
fn there_is_a_row_for_every_combination() {
    let told = json(&[
        "bench",
        "--nets",
        "linear,cnn-w2-d1,linear",
        "--data",
        "digits",
        "--phase",
        "infer,train",
        "--learners",
        "candle",
        "--threads",
        "2,1",
        "--batch",
        "4,8",
        "--seconds",
        "0.01",
        "--rounds",
        "2",
        "--json",
    ]);
    let rows = told["rows"].as_array().unwrap();
    let names = |row: &Value| {
        let word = |key: &str| row[key].as_str().unwrap().to_owned();
        (word("net"), word("phase"), row["threads"].as_u64(), row["batch"].as_u64())
    };
    let mut expected = Vec::new();
    for net in ["linear", "cnn-w2-d1"] {
        for phase in ["infer", "train"] {
            for threads in [2, 1] {
                for batch in [4, 8] {
                    expected.push((net.to_owned(), phase.to_owned(), Some(threads), Some(batch)));
                }
            }
        }
    }
    assert_eq!(rows.iter().map(names).collect::<Vec<_>>(), expected);
    assert!(rows.iter().all(|row| row["data"] == "digits"));
    let warnings = told["warnings"].to_string();
    assert!(warnings.contains("--rounds 6"), "two rounds are few: {warnings}");
    let judged: Vec<&Value> = rows.iter().filter(|row| row["phase"] == "infer").collect();
    let as_asked = |row: &&Value| number(row, "executed_flops_per_image") == number(row, "flops_per_image");
    assert!(
        judged.iter().all(as_asked),
        "four images are judged as four, not as a batch of a hundred: {judged:?}"
    );
}

/// The two networks that every learner is measured by, in the order asked for, with ratios to the first learner.
#[test]
fn native_and_candle_stand_side_by_side() {
    let told = json(&[
        "bench",
        "--nets",
        "net-a,net-b",
        "--learners",
        "native,candle",
        "--devices",
        "cpu",
        "--precision",
        "f32",
        "--threads",
        "2",
        "--batch",
        "2",
        "--seconds",
        "0.1",
        "--rounds",
        "6",
        "--profile",
        "--json",
    ]);
    let rows = told["rows"].as_array().unwrap();
    let names: Vec<_> = rows.iter().map(|row| (row["net"].as_str(), row["learner"].as_str())).collect();
    let pair = |net| [(Some(net), Some("native")), (Some(net), Some("candle"))];
    assert_eq!(names, [pair("net-a"), pair("net-b")].concat());
    for row in rows {
        let of_native = row["learner"] == "native";
        // Native tells its layers, and candle whole passes.
        let layers = row["profile"].as_array().unwrap();
        assert!(layers.len() >= 4, "{row}");
        assert_eq!(layers.iter().all(|entry| entry["layer"] == "network"), !of_native, "{row}");
        assert_eq!(number(row, "ratio") == 1.0, of_native, "candle is compared with native: {row}");
        assert_eq!((row["threads"].as_u64(), row["batch"].as_u64()), (Some(2), Some(2)));
    }
    // Winograd takes a part of the multiplications on net-b, and candle no fewer than the model counts.
    let share = |row: &Value| number(row, "executed_flops_per_image") / number(row, "flops_per_image");
    assert!(share(&rows[2]) < 0.5 && share(&rows[3]) >= 1.0, "{told}");
}

#[test]
fn speeds_are_drawn_where_asked() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("new").join("figures");
    let told = json(&[&SMALL[..], &["--figures", out.to_str().unwrap()]].concat());
    assert!(told["overtaking"].as_array().unwrap().is_empty(), "no card");
    for name in ["speed-train.svg", "speed-train.png"] {
        assert!(out.join(name).is_file(), "{name}");
    }
    assert!(!out.join("speed-infer.svg").exists());
}

#[test]
fn the_table_says_what_it_shows() {
    let ran = run(&[&SMALL[..11], &["--profile", "--phase", "train,infer"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for words in
        ["peak", "GFLOP/s", "MFU", "img/CPU s", "data mnist, device cpu, precision f32, batch 8, threads 1"]
    {
        assert!(ran.stdout.contains(words), "`{words}` is not in: {}", ran.stdout);
    }
    assert_eq!(
        ran.stdout.lines().filter(|line| line.starts_with("linear  candle")).count(),
        2,
        "{}",
        ran.stdout
    );
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let check = |arguments: &[&str], words: &[&str]| refused(&[&["bench"], arguments].concat(), words);
    check(&["--nets", "nothing"], &["nothing", "cnn-w{W}-d{D}"]);
    check(&["--nets", "linear,resnet50"], &["resnet50", "is for counting"]);
    check(&["--nets", "cnn-w4-d9"], &["cnn-w4-d9"]);
    check(&["--batch", "0"], &["--batch", "from 1"]);
    check(&["--batch", "65537"], &["65537", "at most 65536"]);
    check(&["--threads", "0"], &["--threads"]);
    check(&["--learners", "torch"], &["torch", "candle"]);
    check(&["--devices", "cpu,cuda:99"], &["cuda:99: "]);
    check(&["--devices", "tpu"], &["cuda:N"]);
    check(&["--learners", "native", "--precision", "f16"], &["f16", "f32"]);
    check(&["--precision", "f8"], &["f16", "f32"]);
    check(&["--phase", "both"], &["train or infer"]);
    check(&["--seconds", "0"], &["above 0"]);
    check(&["--rounds", "0"], &["from 1 to 1000"]);
}
