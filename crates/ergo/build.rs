//! Tells the program what it was built from, for its records: commit, compiler, profile and target.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The workspace, as seen from this crate, where cargo runs this script.
const WORKSPACE: &str = "../..";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Whether files differ from the commit changes with the files.
    for source in ["crates", "Cargo.toml", "Cargo.lock"] {
        rerun_if_changed(&Path::new(WORKSPACE).join(source));
    }
    let commit = commit().unwrap_or_else(|| "unknown".to_owned());
    println!("cargo:rustc-env=ERGO_COMMIT={commit}");
    let compiler = variable("RUSTC");
    let rustc = first_line(Command::new(compiler).arg("--version")).unwrap_or_else(|| "unknown".to_owned());
    println!("cargo:rustc-env=ERGO_RUSTC={rustc}");
    let flags = ["PROFILE", "OPT_LEVEL", "TARGET", "CARGO_CFG_TARGET_FEATURE"].map(variable).join(" ");
    println!("cargo:rustc-env=ERGO_FLAGS={flags}");
    tell_of_libtorch();
}

/// With the feature `tch`, tells the program where libtorch was when it was built, and to look beside itself first.
fn tell_of_libtorch() {
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    let folder = std::env::var_os("LIBTORCH").filter(|_| cfg!(feature = "tch"));
    if let Some(lib) = folder.and_then(|folder| Path::new(&folder).join("lib").canonicalize().ok()) {
        println!("cargo:rustc-link-arg=-Wl,-rpath,$ORIGIN/lib:{}", lib.display());
    }
}

/// The commit, with `-dirty` where tracked files were changed; `None` outside a checkout of this workspace.
fn commit() -> Option<String> {
    let top = PathBuf::from(git(&["rev-parse", "--show-toplevel"])?);
    // Unpacked inside some other repository, the commit of that one would say nothing.
    if top.canonicalize().ok()? != Path::new(WORKSPACE).canonicalize().ok()? {
        return None;
    }
    let branch = git(&["symbolic-ref", "--quiet", "HEAD"]);
    for name in ["HEAD", "logs/HEAD", "packed-refs"].into_iter().chain(branch.as_deref()) {
        rerun_if_changed(Path::new(&git(&["rev-parse", "--git-path", name])?));
    }
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let changed = git(&["status", "--porcelain", "--untracked-files=no"]);
    Some(if changed.is_some() { commit + "-dirty" } else { commit })
}

/// The first line that git prints; `None` when it fails or prints nothing.
fn git(arguments: &[&str]) -> Option<String> {
    first_line(Command::new("git").arg("--no-optional-locks").args(arguments))
}

fn first_line(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().next().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty())
}

/// A path that is not there would make cargo build anew every time.
fn rerun_if_changed(path: &Path) {
    if path.exists() {
        println!("cargo:rerun-if-changed={}", path.display());
    }
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}
