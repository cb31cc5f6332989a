//! A script: the seed of its keys and blocks, and its actions.

use std::fmt;
use std::str::FromStr;

use super::action::Action;

/// As text: `seed N`, then an action a line; `#` begins a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Script {
    pub(crate) seed: u64,
    pub(crate) actions: Vec<Action>,
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}", self.seed)?;
        self.actions
            .iter()
            .try_for_each(|action| writeln!(f, "{action}"))
    }
}

impl FromStr for Script {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut lines = text
            .lines()
            .map(|line| line.split('#').next().unwrap_or_default().trim())
            .filter(|line| !line.is_empty());
        let seed = lines.next().and_then(|line| line.strip_prefix("seed "));
        let seed = seed.and_then(|seed| seed.trim().parse().ok());
        Ok(Self {
            seed: seed.ok_or("does not begin with `seed N`")?,
            actions: lines.map(str::parse).collect::<Result<_, _>>()?,
        })
    }
}
