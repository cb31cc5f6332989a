//! What can happen in a session.

use crate::random::Random;

/// Something that happens. The numbers pick hosts, links and feeds among those there are.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "the numbers are draws")]
pub enum Action {
    Append {
        feed: u64,
        count: u64,
        size: u64,
        class: u64,
    },
    Besiege {
        host: u64,
        mood: u64,
    },
    Connect {
        a: u64,
        b: u64,
        quality: u64,
    },
    Crash {
        host: u64,
    },
    Cut {
        link: u64,
    },
    Download {
        host: u64,
        feed: u64,
        start: u64,
        count: u64,
    },
    Get {
        host: u64,
        feed: u64,
        block: u64,
    },
    HalfOpen {
        link: u64,
    },
    Heal {
        host: u64,
    },
    Pause {
        link: u64,
        feed: u64,
        paused: bool,
    },
    Restart {
        host: u64,
    },
    Share {
        link: u64,
        feed: u64,
        shared: bool,
    },
    Stall {
        link: u64,
        ms: u64,
    },
    Trouble {
        host: u64,
        what: u64,
        after: u64,
    },
    Wait {
        ms: u64,
    },
}

impl Action {
    pub(crate) fn drawn(random: &mut Random) -> Self {
        let what = random.below(100);
        let (a, b, c, d) = (random.draw(), random.draw(), random.draw(), random.draw());
        match what {
            0..20 => Self::Append {
                feed: a,
                count: 1 + b % 12,
                size: c % 400,
                class: d,
            },
            20..38 => Self::Connect { a, b, quality: c },
            38..43 => Self::Cut { link: a },
            43..46 => Self::Stall {
                link: a,
                ms: 1 + b % 4000,
            },
            46..49 => Self::HalfOpen { link: a },
            49..55 => Self::Crash { host: a },
            55..63 => Self::Restart { host: a },
            63..68 => Self::Get {
                host: a,
                feed: b,
                block: c,
            },
            68..71 => Self::Download {
                host: a,
                feed: b,
                start: c,
                count: 1 + d % 20,
            },
            71..77 => Self::Trouble {
                host: a,
                what: b,
                after: c % 6,
            },
            77..80 => Self::Heal { host: a },
            80..87 => Self::Besiege { host: a, mood: b },
            87..89 => Self::Pause {
                link: a,
                feed: b,
                paused: c.is_multiple_of(2),
            },
            89..91 => Self::Share {
                link: a,
                feed: b,
                shared: c.is_multiple_of(2),
            },
            _ => Self::Wait { ms: a % 6000 },
        }
    }
}
