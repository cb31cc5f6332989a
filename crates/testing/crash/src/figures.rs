use std::fmt;

/// What came of some rounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Times a child was killed.
    pub rounds: u64,
    /// Of these, times it had not finished opening its stores.
    pub killed_while_opening: u64,
    /// Blocks acknowledged with class `Process`.
    pub acknowledged: u64,
    /// Blocks acknowledged with class `Relaxed`.
    pub relaxed: u64,
    /// Of these, blocks that were gone, as the class allows.
    pub relaxed_gone: u64,
    /// Blocks that the clone told it has.
    pub cloned: u64,
    /// Blocks that were promised and gone. Must be 0.
    pub lost: u64,
    /// Blocks that were promised and have changed. Must be 0.
    pub forks: u64,
}

impl Figures {
    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            rounds: self.rounds + other.rounds,
            killed_while_opening: self.killed_while_opening + other.killed_while_opening,
            acknowledged: self.acknowledged + other.acknowledged,
            relaxed: self.relaxed + other.relaxed,
            relaxed_gone: self.relaxed_gone + other.relaxed_gone,
            cloned: self.cloned + other.cloned,
            lost: self.lost + other.lost,
            forks: self.forks + other.forks,
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} rounds ({} while opening), {} acknowledged, {} relaxed ({} gone), {} cloned, {} lost, {} forks",
            self.rounds,
            self.killed_while_opening,
            self.acknowledged,
            self.relaxed,
            self.relaxed_gone,
            self.cloned,
            self.lost,
            self.forks
        )
    }
}
