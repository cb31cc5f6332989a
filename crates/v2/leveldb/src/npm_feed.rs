use hyperfeed_types::{FeedKey, PublicId};
use hyperfeed_v2_crypto::{KeyPair, SecretKey, public_id};
use hyperfeed_v2_wire::FeedRecord;

use crate::ReadError;
use crate::layout::FeedKeys;

/// What the database says about a feed. Nothing of it is verified but that key, public id and secret
/// key belong together.
#[derive(Clone, Debug)]
pub struct NpmFeed {
    /// The feed's key.
    pub key: FeedKey,
    /// Its public id.
    pub public_id: PublicId,
    /// Its secret key.
    pub secret: Secret,
    /// Whether the record says that it is live. That it says no proves nothing: npm forgets it for
    /// clones (spec section 12.2).
    pub live: bool,
    pub(crate) keys: FeedKeys,
}

/// The secret key of a feed in the database.
#[derive(Clone, Debug)]
pub enum Secret {
    /// There is none: a clone, or a static feed.
    None,
    /// It belongs to the feed.
    Key(SecretKey),
    /// It does not belong to the feed, or is no secret key.
    Wrong,
}

impl NpmFeed {
    /// The feed of a record; `before` is the database's own prefix.
    pub(crate) fn decode(before: &[u8], key: &[u8], record: &[u8]) -> Result<Self, ReadError> {
        let fail = |why: String| ReadError::Record {
            what: "feed record",
            key: String::from_utf8_lossy(key).into_owned(),
            why,
        };
        let record = FeedRecord::decode(record).map_err(|error| fail(error.to_string()))?;
        if record.public_id != public_id(&record.key) {
            return Err(fail("public id and key do not belong together".to_owned()));
        }
        let secret = match record.secret_key.map(SecretKey::from_slice) {
            None => Secret::None,
            Some(Ok(secret)) if KeyPair::from_secret(secret.clone()).key() == record.key => {
                Secret::Key(secret)
            }
            Some(_) => Secret::Wrong,
        };
        let prefix = record.prefix.unwrap_or(record.key.as_bytes());
        Ok(Self {
            key: record.key,
            public_id: record.public_id,
            secret,
            live: record.live.unwrap_or_default(),
            keys: FeedKeys::new(before, prefix),
        })
    }
}
