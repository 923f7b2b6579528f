//! `ergo plot`: figures beside the records or in one file.

use std::fs;

use crate::shell::{json, refused, run, workspace};

#[test]
fn figures_lie_beside_the_records() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    crate::fit::journal(folder.path());
    let plotted = json(&["plot", folder.path().to_str().expect("a plain path"), "--json"]);
    let written = plotted["figures"].as_array().expect("paths");
    assert!(written.len() >= 2, "{plotted}");
    for path in written.iter().map(|path| path.as_str().expect("a path")) {
        let bytes = fs::read(path).expect("written");
        if path.ends_with(".svg") {
            assert!(bytes.starts_with(b"<svg") || bytes.starts_with(b"<?xml"), "{path}");
        } else {
            // The signature of PNG (W3C Portable Network Graphics, 5.2).
            assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n"), "{path}");
        }
    }
    assert!(folder.path().join("error-vs-flops.svg").is_file());
    // The journal and the figures, and nothing half-written.
    assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 1 + written.len());
}

#[test]
fn one_file_by_its_ending() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let table = folder.path().join("points.csv");
    fs::write(&table, "compute,error\n1e9,0.1\n1e10,0.05\n1e11,0.03\n").expect("written");
    let table = table.to_str().expect("a plain path");
    for ending in ["svg", "png"] {
        let out = folder.path().join(format!("made/figure.{ending}"));
        let out = out.to_str().expect("a plain path");
        let ran = run(&["plot", table, "--out", out]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(ran.stdout, format!("wrote {out}\n"));
        assert!(fs::metadata(out).expect("written").len() > 1000);
    }
    refused(&["plot", table, "--out", "figure.jpg"], &["figure.jpg", ".svg or .png"]);
    refused(&["plot", "nowhere"], &["nowhere"]);
}

#[test]
fn the_same_records_give_the_same_figure() {
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a temporary folder"));
    let drawn = folders.each_ref().map(|folder| {
        crate::fit::journal(folder.path());
        assert_eq!(run(&["plot", folder.path().to_str().expect("a plain path")]).code, 0);
        fs::read(folder.path().join("error-vs-flops.svg")).expect("written")
    });
    assert!(drawn[0] == drawn[1]);
}

/// Every kept figure follows from what is kept beside it, to the byte.
#[test]
fn all_kept_figures_are_drawn_again_byte_for_byte() {
    let kept = workspace().join("results");
    let copy = tempfile::tempdir().expect("a temporary folder");
    for entry in fs::read_dir(&kept).expect("listed") {
        let folder = entry.expect("listed").path();
        let Some(name) = folder.file_name().filter(|_| folder.is_dir()) else { continue };
        let to = copy.path().join(name);
        fs::create_dir(&to).expect("made");
        for file in fs::read_dir(&folder).expect("listed") {
            let file = file.expect("listed").path();
            if let Some(name) = file.file_name().filter(|_| file.is_file()) {
                fs::copy(&file, to.join(name)).expect("copied");
            }
        }
    }
    let told = json(&["plot", "--all", copy.path().to_str().expect("a plain path"), "--json"]);
    assert!(told["figures"].as_array().is_some_and(|figures| figures.len() > 20), "{told}");
    assert_eq!((&told["changed"], &told["without_source"]), (&serde_json::json!([]), &serde_json::json!([])));
    // What a README shows is drawn again though it is gone.
    let gone = copy.path().join("literature/benchmarks.svg");
    fs::remove_file(&gone).expect("kept");
    json(&["plot", "--all", copy.path().to_str().expect("a plain path"), "--json"]);
    assert_eq!(
        fs::read(&gone).expect("drawn"),
        fs::read(kept.join("literature/benchmarks.svg")).expect("kept")
    );
    refused(&["plot", "--all", "/nowhere"], &["/nowhere"]);
    refused(&["plot"], &["PATH"]);
}
