use core::fmt;

/// Why a coded bitfield is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// The string of bits ends before it has told the value of a listed run.
    MissingBits {
        /// Which run, from 0.
        run: u64,
    },
    /// The bits are more than allowed.
    TooLong {
        /// How many are allowed.
        max_bits: u64,
    },
    /// The input ends within the list of runs, or claims more runs than it has bytes for.
    Truncated,
    /// A number of more than 10 bytes, or one that does not fit 64 bits.
    Varint {
        /// The byte of the input at which it starts.
        offset: usize,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingBits { run } => write!(f, "the bits end before those of run {run}"),
            Self::TooLong { max_bits } => write!(f, "more than {max_bits} bits"),
            Self::Truncated => f.write_str("the list of runs is cut off"),
            Self::Varint { offset } => {
                write!(f, "the number at byte {offset} does not fit 64 bits")
            }
        }
    }
}

impl core::error::Error for DecodeError {}
