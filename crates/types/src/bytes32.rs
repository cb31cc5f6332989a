use crate::hex::{self, HexError};
use core::fmt;
use core::str::FromStr;

/// A newtype of 32 bytes. They are not interchangeable: that is the point.
macro_rules! bytes32 {
    ($(#[$doc:meta])* $name:ident, $debug:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Size in bytes.
            pub const LEN: usize = 32;

            /// The value made of these bytes. All 32-byte strings are possible.
            #[must_use]
            pub const fn new(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The value made of these bytes, if they are 32.
            #[must_use]
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }

            /// The bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }

        impl From<[u8; 32]> for $name {
            fn from(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }
        }

        /// 64 lower-case hex digits.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&hex::encode(&self.0))
            }
        }

        /// 64 hex digits of either case.
        impl FromStr for $name {
            type Err = HexError;

            fn from_str(text: &str) -> Result<Self, HexError> {
                hex::decode_array(text).map(Self)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let debug: fn(&[u8; 32]) -> alloc::string::String = $debug;
                write!(f, concat!(stringify!($name), "({})"), debug(&self.0))
            }
        }
    };
}

bytes32! {
    /// A hash of 32 bytes: of a leaf, a parent, or the roots.
    Hash, |bytes| hex::short(bytes)
}

bytes32! {
    /// The key of a feed: what names it and what its readers need.
    ///
    /// It is a **capability**: whoever has it can read the feed. So `Debug` does not show it; `Display` does, for those
    /// who mean to. In generation 2 a live feed's key is an ed25519 public key and a static feed's key a hash: do not
    /// take it for a curve point.
    FeedKey, |_| alloc::string::String::from("..")
}

bytes32! {
    /// What names a feed in public: made from its key, and safe to show.
    PublicId, |bytes| hex::short(bytes)
}

bytes32! {
    /// What a node calls itself on its connections. Not proven in generation 2.
    PeerId, |bytes| hex::short(bytes)
}
