//! The house rules that a machine can check: who imports whom, first lines, sizes, and what only one crate may do.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};

use crate::shell::workspace;

/// A crate may import only the crates listed for it, as in the table of ARCHITECTURE.md.
const IMPORTS: [(&str, &[&str]); 13] = [
    ("chance", &[]),
    ("net", &["chance"]),
    ("data", &["chance"]),
    ("law", &["chance"]),
    ("record", &["net", "data"]),
    ("meter", &["record"]),
    ("kernels", &[]),
    ("libtorch", &[]),
    ("cuda", &[]),
    ("train", &["chance", "net", "data", "record", "meter", "kernels", "libtorch", "cuda"]),
    ("sweep", &["net", "record"]),
    ("report", &["record", "law"]),
    (
        "ergo",
        &[
            "chance", "net", "data", "law", "record", "meter", "kernels", "libtorch", "cuda", "train",
            "sweep", "report",
        ],
    ),
];

/// Outside crates that only one of ours may use: the first by name or beginning of a name.
const RESERVED: [(&str, &str); 9] = [
    ("anyhow", "ergo"),
    ("clap", "ergo"),
    ("ctrlc", "ergo"),
    ("indicatif", "ergo"),
    ("ureq", "ergo"),
    ("candle", "train"),
    ("tch", "libtorch"),
    ("nvml-wrapper", "meter"),
    ("resvg", "report"),
];

const MOST_LINES_PER_FILE: usize = 500;
const MOST_LINES_PER_FUNCTION: usize = 70;

/// A source file: its path below `crates/`, and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    fn crate_name(&self) -> &str {
        self.path.split('/').next().unwrap_or_default()
    }

    /// Tests, examples, benchmarks and build scripts, which may print, panic and read the environment.
    fn is_aside(&self) -> bool {
        let within = |folder: &str| self.path.contains(&format!("/{folder}/"));
        within("tests") || within("examples") || within("benches") || {
            ["/tests.rs", "/testing.rs", "/build.rs"].iter().any(|ending| self.path.ends_with(ending))
        }
    }
}

fn sources() -> Vec<Source> {
    let root = workspace().join("crates");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    assert!(files.len() > 50, "found only {} sources below {}", files.len(), root.display());
    let read = |path: PathBuf| {
        let below = path.strip_prefix(&root).expect("found below it").to_str().expect("a plain path");
        Source { path: below.to_owned(), text: fs::read_to_string(&path).expect("readable") }
    };
    files.into_iter().map(read).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("listed") {
        let path = entry.expect("listed").path();
        if path.is_dir() && path.file_name().is_none_or(|name| name != "target") {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn crates() -> Vec<String> {
    let entries = fs::read_dir(workspace().join("crates")).expect("listed");
    let paths = entries.map(|entry| entry.expect("listed").path()).filter(|path| path.is_dir());
    let name =
        |path: PathBuf| path.file_name().and_then(|name| name.to_str()).expect("a plain name").to_owned();
    let mut names: Vec<String> = paths.map(name).collect();
    names.sort();
    names
}

fn manifest(name: &str) -> toml::Table {
    let path = workspace().join("crates").join(name).join("Cargo.toml");
    fs::read_to_string(path).expect("a manifest").parse().expect("valid TOML")
}

/// Names of all normal and build dependencies, for every target.
fn dependencies(manifest: &toml::Table) -> BTreeSet<String> {
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    let tables = targets.into_iter().flat_map(|targets| targets.values()).filter_map(toml::Value::as_table);
    let mut names = BTreeSet::new();
    for table in std::iter::once(manifest).chain(tables) {
        for kind in ["dependencies", "build-dependencies"] {
            names.extend(
                table
                    .get(kind)
                    .and_then(toml::Value::as_table)
                    .into_iter()
                    .flat_map(toml::Table::keys)
                    .cloned(),
            );
        }
    }
    names
}

/// Fails with all faults at once.
fn none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn imports_keep_to_the_table() {
    let ours: Vec<&str> = IMPORTS.iter().map(|(name, _)| *name).collect();
    let mut expected: Vec<&str> = ours.clone();
    expected.sort_unstable();
    assert_eq!(crates(), expected, "the crates in the tree and in the table");
    let mut faults = Vec::new();
    for (name, allowed) in IMPORTS {
        let manifest = manifest(name);
        assert_eq!(manifest["package"]["name"].as_str(), Some(name), "a folder is called as its crate");
        for import in dependencies(&manifest) {
            if ours.contains(&import.as_str()) && !allowed.contains(&import.as_str()) {
                faults.push(format!("{name} imports {import}, but may import only {allowed:?}"));
            }
            for (reserved, owner) in RESERVED {
                if import.starts_with(reserved) && name != owner {
                    faults.push(format!("{name} imports {import}, which is for {owner} alone"));
                }
            }
        }
    }
    none(&faults);
}

#[test]
fn the_table_is_that_of_the_map() {
    let map = fs::read_to_string(workspace().join("ARCHITECTURE.md")).expect("the map of the project");
    for (name, allowed) in IMPORTS {
        let row = map.lines().find(|line| line.starts_with(&format!("| `{name}` |"))).unwrap_or_default();
        let imports =
            row.split(" | ").nth(2).unwrap_or_else(|| panic!("ARCHITECTURE.md has no row for {name}"));
        let listed: Vec<&str> = match imports.trim() {
            "-" => Vec::new(),
            "all" => IMPORTS.iter().map(|(name, _)| *name).filter(|other| *other != name).collect(),
            names => names.split(", ").map(|import| import.trim_matches('`')).collect(),
        };
        assert_eq!(
            BTreeSet::from_iter(listed),
            BTreeSet::from_iter(allowed.iter().copied()),
            "imports of {name}"
        );
    }
}

#[test]
fn the_table_goes_one_way() {
    for (place, (name, allowed)) in IMPORTS.iter().enumerate() {
        let earlier: Vec<&str> = IMPORTS[..place].iter().map(|(name, _)| *name).collect();
        for import in *allowed {
            // `ergo` comes last; an import of a later crate could close a circle.
            assert!(earlier.contains(import), "{name} imports {import}, which comes after it");
        }
    }
}

#[test]
fn no_crate_is_a_drawer_for_everything() {
    for name in crates() {
        assert!(!["util", "utils", "common", "core", "misc", "shared"].contains(&name.as_str()), "{name}");
    }
}

#[test]
fn every_file_says_what_it_is_for_and_is_of_readable_size() {
    let mut faults = Vec::new();
    for source in sources() {
        let purpose =
            source.text.lines().next().and_then(|line| line.strip_prefix("//! ")).unwrap_or_default();
        if purpose.trim().len() < 10 {
            faults.push(format!("{}: its first line is no `//!` sentence of purpose", source.path));
        }
        let lines = source.text.lines().count();
        if lines > MOST_LINES_PER_FILE {
            faults.push(format!("{}: {lines} lines, at most {MOST_LINES_PER_FILE}", source.path));
        }
    }
    none(&faults);
}

/// Finds long functions, and macros that print outside of tests.
struct Finder<'a> {
    source: &'a Source,
    faults: Vec<String>,
}

impl Finder<'_> {
    fn measure(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let first = signature.fn_token.span.start().line;
        let lines = block.brace_token.span.close().end().line - first + 1;
        if lines > MOST_LINES_PER_FUNCTION {
            let (path, name) = (&self.source.path, &signature.ident);
            self.faults
                .push(format!("{path}:{first}: {name} has {lines} lines, at most {MOST_LINES_PER_FUNCTION}"));
        }
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.measure(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.measure(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.measure(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        // A module of tests may print; its functions are still measured.
        let before = self.faults.len();
        visit::visit_item_mod(self, module);
        if module.ident == "tests" {
            let mut place = 0;
            self.faults.retain(|fault| {
                place += 1;
                place <= before || !fault.ends_with("prints")
            });
        }
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        let printing = ["print", "println", "eprint", "eprintln", "dbg"];
        let name = mac.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
        // Even `ergo` prints through one function that minds closed pipes.
        if !self.source.is_aside() && printing.contains(&name.as_str()) {
            let (path, line) = (&self.source.path, mac.bang_token.span.start().line);
            self.faults.push(format!("{path}:{line}: {name}! prints"));
        }
        visit::visit_macro(self, mac);
    }
}

#[test]
fn functions_are_short_and_libraries_do_not_print() {
    let mut faults = Vec::new();
    for source in sources() {
        let file = syn::parse_file(&source.text).unwrap_or_else(|e| panic!("{}: {e}", source.path));
        let mut finder = Finder { source: &source, faults: Vec::new() };
        finder.visit_file(&file);
        faults.extend(finder.faults);
    }
    none(&faults);
}

#[test]
fn the_rules_catch_what_they_forbid() {
    let long = format!("fn long() {{\n{}}}\n", "    work();\n".repeat(MOST_LINES_PER_FUNCTION - 1));
    let short = format!("fn short() {{\n{}}}\n", "    work();\n".repeat(MOST_LINES_PER_FUNCTION - 2));
    let printing = "fn f() { println!(); }\n#[cfg(test)]\nmod tests { fn g() { println!(); } }\n";
    let source = Source { path: "net/src/a.rs".into(), text: long + &short + printing };
    let mut finder = Finder { source: &source, faults: Vec::new() };
    finder.visit_file(&syn::parse_file(&source.text).expect("valid"));
    let [first, second] = finder.faults.as_slice() else { panic!("{:?}", finder.faults) };
    assert!(first.contains("long has 71 lines") && second.contains("println! prints"), "{:?}", finder.faults);
}

/// Words that only some sources may hold, put together so that this file does not hold them.
#[test]
fn what_only_one_place_may_do() {
    let tensor_library = [concat!("candle", "_core"), concat!("candle", "_nn"), concat!("use ", "gemm")];
    let environment = [concat!("env::", "var"), concat!("std::", "net::")];
    let clocks = [concat!("Instant", "::now"), concat!("SystemTime", "::now")];
    let mut faults = Vec::new();
    for source in sources() {
        let mut forbid = |words: &[&str], allowed: bool, rule: &str| {
            for word in words.iter().filter(|word| !allowed && source.text.contains(**word)) {
                faults.push(format!("{}: {word}: {rule}", source.path));
            }
        };
        let learner = source.path.starts_with("train/src/candle");
        forbid(&tensor_library, learner, "only the candle learner names its library");
        let program = source.crate_name() == "ergo" || source.is_aside();
        forbid(&environment, program, "only ergo reads the environment and opens sockets");
        let meter = source.crate_name() == "meter" || source.is_aside();
        forbid(&clocks, meter, "only meter reads a clock");
    }
    none(&faults);
}

/// The table of what the meter has names the tests that show it; each of them is there, in the file that is named.
#[test]
fn the_tests_of_the_meters_features_exist() {
    let table = fs::read_to_string(workspace().join("crates/meter/README.md")).expect("readable");
    let sources = sources();
    let last_cells =
        table.lines().filter(|line| line.starts_with("| ")).filter_map(|line| line.rsplit('|').nth(1));
    let mut named = 0;
    for cell in last_cells {
        let mut text = "";
        for name in cell.split('`').skip(1).step_by(2) {
            if let Some(source) = sources.iter().find(|source| source.path == name) {
                text = &source.text;
            } else if name.contains('_') && !name.contains(' ') {
                assert!(
                    name.ends_with(".rs") || text.contains(&format!("fn {name}")),
                    "no test is called {name}"
                );
                assert!(!name.ends_with(".rs"), "no file is called {name}");
                named += 1;
            }
        }
    }
    assert!(named > 60, "{named}");
}
