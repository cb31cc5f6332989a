//! What is measured.

mod append;
mod get;
mod limits;
mod replicate;
mod storage;
mod swarm;
mod verify;

pub(crate) use storage::create_feeds;

use crate::Fallible;
use crate::reading::Reading;
use crate::sizes::Sizes;

/// One work: runs in a process of its own.
pub(crate) struct Work {
    /// Its group, a slash, and its own name.
    pub(crate) name: &'static str,
    pub(crate) run: fn(&Sizes) -> Fallible<Vec<Reading>>,
    /// Blocks and bytes of each, for peers that do the same work.
    pub(crate) for_peers: Option<(u64, usize)>,
    /// Runs in one round only: takes long, and measures many times within.
    pub(crate) once: bool,
}

pub(crate) const ALL: &[Work] = &[
    work("limits/all", limits::run),
    shared("append/batches of 100", append::batches, 1_000_000, 1024),
    shared("append/one by one", append::one_by_one, 100_000, 1024),
    shared(
        "append/one by one relaxed",
        append::one_by_one_relaxed,
        100_000,
        1024,
    ),
    work("append/one by one power", append::one_by_one_power),
    shared("append/64 tasks", append::tasks, 100_000, 1024),
    shared("append/64 KiB", append::large, 8192, 65_536),
    shared("get/random", get::random, 100_000, 1024),
    work("verify/1 GiB", verify::run),
    once("storage/lengths", storage::lengths),
    once("storage/written", storage::written),
    once("storage/10,000 feeds", storage::many_feeds),
    shared("replicate/100 B", replicate::small, 1_000_000, 100),
    shared("replicate/1 KiB", replicate::medium, 300_000, 1024),
    shared("replicate/64 KiB", replicate::large, 8192, 65_536),
    work("replicate/delay", replicate::delay),
    work("replicate/swarm", swarm::run),
];

const fn work(name: &'static str, run: fn(&Sizes) -> Fallible<Vec<Reading>>) -> Work {
    Work {
        name,
        run,
        for_peers: None,
        once: false,
    }
}

const fn once(name: &'static str, run: fn(&Sizes) -> Fallible<Vec<Reading>>) -> Work {
    Work {
        once: true,
        ..work(name, run)
    }
}

/// A work that peers do too.
const fn shared(
    name: &'static str,
    run: fn(&Sizes) -> Fallible<Vec<Reading>>,
    blocks: u64,
    bytes: usize,
) -> Work {
    Work {
        for_peers: Some((blocks, bytes)),
        ..work(name, run)
    }
}

pub(crate) fn find(name: &str) -> Option<&'static Work> {
    ALL.iter().find(|work| work.name == name)
}

/// Works by name or group; all if none is named.
pub(crate) fn chosen(names: &[String]) -> Fallible<Vec<&'static Work>> {
    let matches = |work: &Work, name: &str| {
        work.name == name
            || work
                .name
                .strip_prefix(name)
                .is_some_and(|rest| rest.starts_with('/'))
    };
    if let Some(unknown) = names
        .iter()
        .find(|name| !ALL.iter().any(|work| matches(work, name)))
    {
        let known: Vec<&str> = ALL.iter().map(|work| work.name).collect();
        return Err(format!(
            "no work is called {unknown}; there are {}",
            known.join(", ")
        )
        .into());
    }
    let is_chosen = |work: &&Work| names.is_empty() || names.iter().any(|name| matches(work, name));
    Ok(ALL.iter().filter(is_chosen).collect())
}
