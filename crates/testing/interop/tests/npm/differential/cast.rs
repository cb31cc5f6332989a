//! Who plays the hosts of a script.

use std::fmt;

/// Hosts of a script.
pub(crate) const HOSTS: usize = 3;

/// For each host whether it is ours.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cast([bool; HOSTS]);

impl Cast {
    pub(crate) const NPM_ALONE: Self = Self([false; HOSTS]);
    pub(crate) const OURS_ALONE: Self = Self([true; HOSTS]);

    /// All ours, and two of the six mixtures.
    pub(crate) fn against_npm(seed: u64) -> [Self; 3] {
        let mixture = |number: u64| {
            Self(std::array::from_fn(|host| {
                ((1 + number % 6) >> host) & 1 == 1
            }))
        };
        [Self::OURS_ALONE, mixture(seed), mixture(seed + 3)]
    }

    pub(crate) const fn is_ours(self, host: usize) -> bool {
        self.0[host]
    }
}

impl fmt::Display for Cast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.map(|ours| if ours { "hyperfeed" } else { "npm" });
        f.write_str(&names.join("+"))
    }
}
