use crate::Slot;
use core::fmt;
use hyperfeed_merkle::VerifyError;
use hyperfeed_storage::StorageError;
use hyperfeed_v2_crypto::SignatureError;

/// Why something could not be done with a feed or a store.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum FeedError {
    /// An alias that is empty, longer than [`FeedRecord::MAX_ALIAS`](crate::FeedRecord::MAX_ALIAS), or another feed's.
    Alias {
        /// The feed that has it.
        taken_by: Option<Slot>,
    },
    /// A longer length than ours is signed already: its blocks have to be fetched before anything is appended, or
    /// two different blocks would be signed for one index.
    Behind {
        /// Blocks held without a gap.
        held: u64,
        /// Blocks of the longest length seen.
        signed: u64,
    },
    /// Another handle wrote this feed.
    Conflict,
    /// A stored record contradicts itself or is missing.
    Corrupt {
        /// What kind of record.
        what: &'static str,
        /// Which of them: a slot, block, node, length or page, as the kind has it.
        at: u64,
        /// What is wrong.
        why: &'static str,
    },
    /// A static feed without a block has no key, so it cannot be finalized.
    EmptyStatic,
    /// The store has a feed with this id.
    Exists {
        /// Where.
        slot: Slot,
    },
    /// The feed was finalized: it takes no more blocks.
    Finalized,
    /// The roots hash is not the feed key, and there was no signature.
    KeyMismatch,
    /// The feed has no key before it is finalized.
    NotFinalized,
    /// No feed is in this slot.
    NotFound {
        /// Which.
        slot: Slot,
    },
    /// Appending takes the secret key (live), or having created the feed (static).
    NotWritable,
    /// More blocks than a feed can number.
    OutOfBounds,
    /// A repair is staged: nothing else can be, before it is committed.
    Repairing,
    /// A signature does not verify.
    Signature(SignatureError),
    /// The store failed.
    Storage(StorageError),
    /// A block, or all blocks together, with more bytes than any peer could take.
    TooLarge {
        /// Its bytes.
        bytes: u64,
        /// The most there may be.
        limit: u64,
    },
    /// The proof may well be right: it met a stored node whose size no hash covers, and the size does not fit.
    /// Nobody is to blame; ask for the block again, the next digest will not claim that node.
    Unproven,
    /// The proof has nodes that it does not need.
    UnusedNodes {
        /// How many.
        nodes: usize,
    },
    /// The proof does not fit.
    Verify(VerifyError),
    /// The feed's blocks are elsewhere: attached when it was to be opened without a file, or the other way round.
    WrongBlocks {
        /// Where they are.
        attached: bool,
    },
    /// The secret key is another feed's.
    WrongSecret,
}

impl fmt::Display for FeedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alias { taken_by: None } => f.write_str("alias is empty or too long"),
            Self::Alias {
                taken_by: Some(slot),
            } => write!(f, "alias is taken by the feed in slot {slot}"),
            Self::Behind { held, signed } => write!(
                f,
                "{signed} blocks were signed but only {held} are held: fetch the others before appending"
            ),
            Self::Conflict => f.write_str("feed was written through another handle"),
            Self::Corrupt { what, at, why } => write!(f, "stored {what} {at} is corrupt: {why}"),
            Self::EmptyStatic => f.write_str("a static feed needs a block to be finalized"),
            Self::Exists { slot } => write!(f, "feed exists in slot {slot}"),
            Self::Finalized => f.write_str("feed is finalized"),
            Self::KeyMismatch => f.write_str("roots hash is not the feed key"),
            Self::NotFinalized => f.write_str("feed has no key before it is finalized"),
            Self::NotFound { slot } => write!(f, "no feed in slot {slot}"),
            Self::NotWritable => f.write_str("feed cannot be written: no secret key"),
            Self::OutOfBounds => f.write_str("feed has as many blocks as can be numbered"),
            Self::Repairing => f.write_str("a repair is waiting to be committed"),
            Self::Signature(_) => f.write_str("signature does not verify"),
            Self::Storage(_) => f.write_str("store failed"),
            Self::TooLarge { bytes, limit } => write!(f, "{bytes} bytes are more than {limit}"),
            Self::Unproven => f.write_str("proof met a stored size that is not proven"),
            Self::UnusedNodes { nodes } => write!(f, "proof has {nodes} nodes too many"),
            Self::Verify(_) => f.write_str("proof does not fit"),
            Self::WrongBlocks { attached: true } => {
                f.write_str("blocks of the feed are in a file of their own")
            }
            Self::WrongBlocks { attached: false } => {
                f.write_str("blocks of the feed are in the store")
            }
            Self::WrongSecret => f.write_str("secret key belongs to another feed"),
        }
    }
}

impl core::error::Error for FeedError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Signature(error) => Some(error),
            Self::Storage(error) => Some(error),
            Self::Verify(error) => Some(error),
            _ => None,
        }
    }
}

impl From<SignatureError> for FeedError {
    fn from(error: SignatureError) -> Self {
        Self::Signature(error)
    }
}

impl From<StorageError> for FeedError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl From<VerifyError> for FeedError {
    fn from(error: VerifyError) -> Self {
        Self::Verify(error)
    }
}
