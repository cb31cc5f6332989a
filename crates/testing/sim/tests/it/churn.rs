//! Random sessions: appends, cuts, stalls, crashes, failing disks, adversaries. In the end everyone has everything.

use hyperfeed_testing_sim::Scenario;

/// Fails with the seeds that fail, and how to look at them.
fn all_end_well(seeds: impl Iterator<Item = u64>) {
    let failed: Vec<String> = seeds
        .filter_map(|seed| Some((seed, Scenario::from_seed(seed).run(false).err()?)))
        .map(|(seed, failure)| format!("seed {seed}: {}", failure.violation))
        .collect();
    assert!(
        failed.is_empty(),
        "{} failed, see `cargo xtask sim --seed S --trace`:\n{}",
        failed.len(),
        failed.join("\n")
    );
}

#[test]
fn random_sessions_end_complete_and_break_no_promise() {
    all_end_well(0..SEEDS);
}

#[test]
fn the_same_seed_gives_the_same_session() {
    for seed in 0..5 {
        let trace = Scenario::from_seed(seed).trace();
        assert_eq!(trace, Scenario::from_seed(seed).trace());
        assert_ne!(trace, Scenario::from_seed(seed + 1).trace());
    }
}

/// A few seconds; `cargo xtask sim` runs as many as one likes.
const SEEDS: u64 = 150;
