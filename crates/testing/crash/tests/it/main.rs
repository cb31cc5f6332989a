//! What was promised survives `kill -9`, on the real disk stores.

use std::path::Path;

use hyperfeed::Backend;
use hyperfeed_testing_crash::Loop;

#[test]
fn nothing_that_was_promised_is_lost_or_forked_by_kill_9() {
    let program = Path::new(env!("CARGO_BIN_EXE_hyperfeed-crash"));
    // No seed of our own is needed: the scheduler is random enough. One is given to be repeatable.
    for (backend, rounds) in [(Backend::Sled, 13), (Backend::Redb, 12)] {
        let figures = Loop::new(program, backend, 3).unwrap().run(rounds).unwrap();
        println!("{backend}: {figures}");
        assert_eq!(figures.rounds, rounds);
        assert!(figures.acknowledged > 0 && figures.cloned > 0, "{figures}");
    }
}
