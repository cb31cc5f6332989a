//! Sessions that once failed.
//!
//! `cargo xtask sim` shrinks a session that fails and prints it as it stands here: the seed draws the network, the
//! actions are those without which it does not fail. The actions are kept and not only the seed, because another
//! way to draw them would make another session of the seed. `why` says what was wrong, in one sentence. An entry stays
//! for good; if an action changes its meaning, mend the entry so that it still fails on the old code.

use hyperfeed_testing_sim::{Action, Scenario};

struct Kept {
    why: &'static str,
    seed: u64,
    actions: &'static [Action],
}

#[test]
fn sessions_that_once_failed_end_well() {
    for kept in ONCE_FAILED {
        let scenario = Scenario {
            seed: kept.seed,
            actions: kept.actions.to_vec(),
        };
        if let Err(failure) = scenario.run(false) {
            panic!(
                "seed {} again, {}: {}",
                kept.seed, kept.why, failure.violation
            );
        }
    }
}

const ONCE_FAILED: &[Kept] = &[
    Kept {
        why: "a get was left waiting for a block that a failed commit had stored all the same",
        seed: 3693,
        actions: &[
            Action::Connect {
                a: 13467141169239166131,
                b: 11415745300843622842,
                quality: 3346688488721185102,
            },
            Action::Wait { ms: 1471 },
            Action::Get {
                host: 17234754591911440632,
                feed: 17651166024378814893,
                block: 6481429930012811228,
            },
            Action::Connect {
                a: 7116463705031027019,
                b: 13609969265301047476,
                quality: 1372979642077825286,
            },
            Action::Trouble {
                host: 318089584141824904,
                what: 14075525801981284397,
                after: 0,
            },
            Action::Wait { ms: 1357 },
        ],
    },
    Kept {
        why: "nobody else was asked for a block whose sender was dropped for it",
        seed: 5010,
        actions: &[
            Action::Append {
                feed: 16430297521670058307,
                count: 9,
                size: 218,
                class: 4585605653323559771,
            },
            Action::Trouble {
                host: 4184718656831748950,
                what: 16959674305434074787,
                after: 3,
            },
            Action::Connect {
                a: 2207368054536368366,
                b: 8176115944567056843,
                quality: 4310068587783360041,
            },
            Action::Besiege {
                host: 13686847788270395172,
                mood: 10742936212030354724,
            },
            Action::Pause {
                link: 12364713769638317873,
                feed: 15493217016008072871,
                paused: true,
            },
            Action::Append {
                feed: 9492782262568110771,
                count: 9,
                size: 37,
                class: 10668960328507475504,
            },
            Action::Wait { ms: 3559 },
            Action::Append {
                feed: 4387582881176943383,
                count: 3,
                size: 312,
                class: 557956232283622887,
            },
            Action::Get {
                host: 12204492809254660288,
                feed: 13396920320543061528,
                block: 6835809248005525944,
            },
            Action::Wait { ms: 4516 },
            Action::Cut {
                link: 2968434126311283843,
            },
            Action::Download {
                host: 2106516276871810700,
                feed: 16926630943448830032,
                start: 2403480298057468274,
                count: 1,
            },
            Action::Besiege {
                host: 10403822875399395930,
                mood: 14187907075350073880,
            },
        ],
    },
];
