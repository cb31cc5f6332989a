//! One program for all targets; see the README.

#![no_main]

use hyperfeed_testing_fuzz::{TARGETS, Target};
use std::sync::OnceLock;

static TARGET: OnceLock<&'static Target> = OnceLock::new();

fn prepare() {
    let Ok(name) = std::env::var("FUZZ_TARGET") else {
        TARGETS
            .iter()
            .for_each(|target| println!("target {}", target.name));
        std::process::exit(0);
    };
    let Some(target) = Target::named(&name) else {
        eprintln!("no target is called {name:?}");
        std::process::exit(2);
    };
    if let Ok(folder) = std::env::var("FUZZ_SEEDS") {
        for (at, seed) in (target.seeds)().iter().enumerate() {
            std::fs::write(format!("{folder}/seed-{at}"), seed).expect("the folder is there");
        }
    }
    TARGET.get_or_init(|| target);
}

libfuzzer_sys::fuzz_target!(init: prepare(), |data: &[u8]| {
    if let Some(target) = TARGET.get() {
        (target.run)(data);
    }
});
