use crate::Slot;
use crate::fields::Fields;
use hyperfeed_types::{FeedKey, PublicId};

/// What the catalogue of a [`Store`](crate::Store) says about a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedRecord {
    /// Its number in the store.
    pub slot: Slot,
    /// How it is verified.
    pub kind: Kind,
    /// The feed key; none for a static feed that is not finalized.
    pub key: Option<FeedKey>,
    /// The public id; a local id, chosen by who created it, for a static feed that is not finalized.
    pub id: PublicId,
    /// Whether it was created here: its owner has, or had, the secret key.
    pub writable: bool,
    /// Whether its blocks are in a [`RandomAccess`](hyperfeed_storage::RandomAccess) outside of the store.
    pub attached: bool,
    /// A name for people, unique in the store.
    pub alias: Option<String>,
}

/// How a feed is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The key is the public key of a pair that signs each length.
    Live,
    /// The key is the roots hash of the finished feed.
    Static,
    /// Opened by key, and nothing was verified yet: either of them.
    Unknown,
}

impl FeedRecord {
    /// Longest alias in bytes.
    pub const MAX_ALIAS: usize = 255;

    /// A record from its bytes; `None` if they are none.
    pub(crate) fn decode(slot: Slot, record: &[u8]) -> Option<Self> {
        let mut fields = Fields::of_version(record, VERSION)?;
        let kind = match fields.byte()? {
            0 => Kind::Unknown,
            1 => Kind::Live,
            2 => Kind::Static,
            _ => return None,
        };
        let flags = fields.byte()?;
        if flags & !(WRITABLE | ATTACHED | KEYED) != 0 {
            return None;
        }
        let id = PublicId::new(fields.array()?);
        let key = if flags & KEYED == 0 {
            None
        } else {
            Some(FeedKey::new(fields.array()?))
        };
        let alias = match fields.byte()? {
            0 => None,
            bytes => {
                let text = core::str::from_utf8(fields.bytes(usize::from(bytes))?).ok()?;
                Some(text.to_owned())
            }
        };
        fields.end()?;
        Some(Self {
            slot,
            kind,
            key,
            id,
            writable: flags & WRITABLE != 0,
            attached: flags & ATTACHED != 0,
            alias,
        })
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let kind = match self.kind {
            Kind::Unknown => 0,
            Kind::Live => 1,
            Kind::Static => 2,
        };
        let flag = |is: bool, flag: u8| if is { flag } else { 0 };
        let flags = flag(self.writable, WRITABLE)
            | flag(self.attached, ATTACHED)
            | flag(self.key.is_some(), KEYED);
        let mut record = vec![VERSION, kind, flags];
        record.extend_from_slice(self.id.as_bytes());
        if let Some(key) = &self.key {
            record.extend_from_slice(key.as_bytes());
        }
        let alias = self.alias.as_deref().unwrap_or_default();
        // The store lets no longer alias in.
        record.push(u8::try_from(alias.len()).unwrap_or(0));
        record.extend(alias.bytes().take(Self::MAX_ALIAS));
        record
    }
}

const VERSION: u8 = 1;
const WRITABLE: u8 = 1;
const ATTACHED: u8 = 2;
const KEYED: u8 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> FeedRecord {
        FeedRecord {
            slot: Slot::new(3),
            kind: Kind::Live,
            key: Some(FeedKey::new([1; 32])),
            id: PublicId::new([2; 32]),
            writable: true,
            attached: false,
            alias: Some("näme".into()),
        }
    }

    #[test]
    fn a_record_reads_back() {
        let local = FeedRecord {
            kind: Kind::Static,
            key: None,
            attached: true,
            alias: None,
            ..record()
        };
        for record in [record(), local] {
            assert_eq!(
                FeedRecord::decode(record.slot, &record.encode()),
                Some(record)
            );
        }
    }

    #[test]
    fn a_damaged_record_is_none() {
        let bytes = record().encode();
        for length in 0..bytes.len() {
            assert_eq!(FeedRecord::decode(Slot::new(3), &bytes[..length]), None);
        }
        for byte in [0, 1, 2] {
            let mut bytes = bytes.clone();
            bytes[byte] |= 0x80;
            assert_eq!(FeedRecord::decode(Slot::new(3), &bytes), None);
        }
    }
}
