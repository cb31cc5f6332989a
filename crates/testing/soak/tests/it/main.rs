//! A short soak: the harness works, and nothing is lost in seconds.

use std::path::Path;

use hyperfeed_testing_soak::{Plan, run, write_report};

#[test]
fn a_short_soak_loses_and_leaks_nothing() {
    let program = Path::new(env!("CARGO_BIN_EXE_hyperfeed-soak"));
    let plan = Plan::short(5);
    let outcome = run(program, &plan).unwrap();
    println!("{outcome}");
    assert!(outcome.complaints().is_empty(), "{outcome}");
    assert!(outcome.kills > 0 && outcome.attacks > 0, "{outcome}");
    assert!(
        outcome.acknowledged > 0 && outcome.compared > 0,
        "{outcome}"
    );
    let dir = tempfile::tempdir().unwrap();
    write_report(&outcome, &plan, dir.path()).unwrap();
    let report = std::fs::read_to_string(dir.path().join("report.md")).unwrap();
    assert!(report.contains("nothing lost, nothing leaked"), "{report}");
}
