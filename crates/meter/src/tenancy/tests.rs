//! Tests of who else is at work, in imitated folders and here.

use std::fs;

use tempfile::TempDir;

use super::*;
use crate::clock::Stopwatch;

fn write(root: &TempDir, file: &str, text: &str) {
    let path = root.path().join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A machine of two processors: ticks in programs, in interrupts, idle, and stolen.
fn machine(root: &TempDir, [programs, interrupts, idle, stolen]: [u64; 4]) {
    let processors = "cpu0 1 1 1 1\ncpu1 1 1 1 1\n";
    let text = format!("cpu  {programs} 0 0 {idle} 0 {interrupts} 0 {stolen} 0 0\n{processors}");
    write(root, "proc/stat", &text);
}

fn process(root: &TempDir, file: &str, pid: u32, parent: u32, [own, of_children]: [u64; 2]) {
    let text = format!("{pid} (any (thing)) S {parent} 1 1 0 -1 0 0 0 0 0 {own} 0 {of_children} 0 20 0 1\n");
    write(root, &format!("proc/{file}/stat"), &text);
}

fn share(after: [u64; 4], own: [u64; 2]) -> Option<f64> {
    let root = TempDir::new().unwrap();
    machine(&root, [1000, 100, 5000, 10]);
    process(&root, "self", 7, 1, [200, 50]);
    let tenancy = Tenancy::start(root.path());
    machine(&root, after);
    process(&root, "self", 7, 1, own);
    tenancy.others()
}

#[test]
fn others_had_what_the_machine_spent_less_our_own() {
    // 100 ticks in programs, 60 of ours and 20 of our children's; 200 in all, 10 of them stolen.
    assert_eq!(share([1100, 120, 5070, 20], [260, 70]), Some(20.0 / 200.0));
    assert_eq!(share([1100, 120, 5070, 20], [200, 50]), Some(0.5));
    // A tick more of ours than of the machine.
    assert_eq!(share([1100, 120, 5070, 20], [301, 50]), Some(0.0));
    assert_eq!(share([1200, 100, 5000, 10], [200, 50]), Some(1.0));
}

#[test]
fn too_short_a_time_and_times_that_run_backwards_tell_nothing() {
    // 20 ticks of two processors are a tenth of a second.
    assert_eq!(share([1010, 100, 5010, 10], [200, 50]), Some(0.5));
    assert_eq!(share([1010, 100, 5009, 10], [200, 50]), None);
    assert_eq!(share([1000, 100, 5000, 10], [200, 50]), None);
    assert_eq!(share([900, 100, 6000, 10], [200, 50]), None);
    assert_eq!(share([1100, 100, 5100, 10], [100, 50]), None);
}

#[test]
fn without_proc_nothing_is_known() {
    let root = TempDir::new().unwrap();
    assert_eq!(Tenancy::start(root.path()).others(), None);
    machine(&root, [1, 1, 1, 1]);
    let tenancy = Tenancy::start(root.path());
    process(&root, "self", 7, 1, [0, 0]);
    machine(&root, [1000, 1, 1000, 1]);
    assert_eq!(tenancy.others(), None, "it cannot be told any more");
    write(&root, "proc/stat", "nonsense\n");
    assert_eq!(Tenancy::start(root.path()).others(), None);
}

/// What this very process does is not done by others; how much others do meanwhile is not for a test to know.
#[test]
fn this_machine_answers() {
    let tenancy = Tenancy::start(Path::new("/"));
    let watch = Stopwatch::start();
    let mut sum = 0u64;
    while watch.elapsed().0 < 0.5 {
        sum = std::hint::black_box(sum + 1);
    }
    assert!(tenancy.others().is_none_or(|share| (0.0..=1.0).contains(&share)));
}

#[test]
fn descendants_are_no_company() {
    let root = TempDir::new().unwrap();
    let on_card = |pids: &[u32]| company(pids, root.path());
    assert_eq!(on_card(&[]), (0, 0));
    assert_eq!(on_card(&[5, 6]), (0, 2), "without /proc nobody is known");
    // 7 is this one, below 2; 70 and 700 descend from it; 20 does from its parent; 99 says that it is its own.
    for (pid, parent) in [(1, 0), (2, 1), (7, 2), (70, 7), (700, 70), (20, 2), (99, 99)] {
        process(&root, &pid.to_string(), pid, parent, [0, 0]);
    }
    process(&root, "self", 7, 2, [0, 0]);
    assert_eq!(on_card(&[]), (0, 0));
    assert_eq!(on_card(&[7, 70, 700]), (0, 0));
    assert_eq!(on_card(&[700, 20]), (1, 0));
    assert_eq!(on_card(&[1, 2, 20, 99]), (4, 0));
    assert_eq!(on_card(&[7, 12345]), (0, 1));
    assert_eq!(on_card(&[20, 12345, 12346]), (1, 2));
}
