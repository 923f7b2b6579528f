//! `ergo plot`: figures beside the records or in one file.

use std::fs;

use crate::shell::{json, refused, run};

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
