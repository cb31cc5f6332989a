//! The keys of npm's database (spec section 12.1). Nothing else knows them.

use hyperfeed_types::hex;

/// The sublevels of one database of hypercore.
const OWN: [&[u8]; 5] = [b"bitfields", b"data", b"feeds", b"nodes", b"signatures"];

/// What the keys of the feed records start with, in a database whose own prefix is `before`.
pub(crate) fn feeds(before: &[u8]) -> Vec<u8> {
    [before, b"!feeds!"].concat()
}

/// What the keys of all nodes start with.
pub(crate) fn all_nodes(before: &[u8]) -> Vec<u8> {
    [before, b"!nodes!!"].concat()
}

/// The sublevel that a key is in, with its exclamation marks, if it is none of hypercore's own.
pub(crate) fn foreign_sublevel<'a>(before: &[u8], key: &'a [u8]) -> Option<&'a [u8]> {
    let rest = key.strip_prefix(before)?.strip_prefix(b"!")?;
    let length = rest.iter().position(|byte| *byte == b'!')?;
    let is_own = OWN.iter().any(|own| rest.get(..length) == Some(own));
    // Both marks count.
    let end = before.len() + length + 2;
    (!is_own).then(|| key.get(..end)).flatten()
}

/// A key after all that start with `prefix`, which ends with an exclamation mark.
pub(crate) fn after(prefix: &[u8]) -> Vec<u8> {
    let mut key = prefix.to_vec();
    if let Some(last) = key.last_mut() {
        *last += 1;
    }
    key
}

/// The keys of one feed.
#[derive(Clone, Debug)]
pub(crate) struct FeedKeys {
    before: Vec<u8>,
    /// The feed's prefix in lower-case hex.
    prefix: String,
}

impl FeedKeys {
    pub(crate) fn new(before: &[u8], prefix: &[u8]) -> Self {
        Self {
            before: before.to_vec(),
            prefix: hex::encode(prefix),
        }
    }

    /// What the keys of a numbered kind start with: `data`, `nodes` or `signatures`.
    pub(crate) fn all(&self, kind: &str) -> Vec<u8> {
        let Self { before, prefix } = self;
        [before, format!("!{kind}!!{prefix}!").as_bytes()].concat()
    }

    pub(crate) fn numbered(&self, kind: &str, number: u64) -> Vec<u8> {
        let mut key = self.all(kind);
        key.extend_from_slice(number.to_string().as_bytes());
        key
    }

    /// The bitmap of blocks.
    pub(crate) fn held(&self) -> Vec<u8> {
        let mut key = self.all("bitfields");
        key.extend_from_slice(b"blocks");
        key
    }
}

/// The decimal number at the end of a key; `None` if it is none that npm would have written.
pub(crate) fn number(digits: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(digits).ok()?;
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_the_specification() {
        let keys = FeedKeys::new(b"", &[0xab; 32]);
        let prefix = "ab".repeat(32);
        let text = |key: Vec<u8>| String::from_utf8(key).unwrap();
        assert_eq!(
            text(keys.numbered("nodes", 12)),
            format!("!nodes!!{prefix}!12")
        );
        assert_eq!(text(keys.held()), format!("!bitfields!!{prefix}!blocks"));
        let inner = FeedKeys::new(b"!app!", &[1, 2]);
        assert_eq!(text(inner.numbered("data", 0)), "!app!!data!!0102!0");
        assert_eq!(text(feeds(b"!app!")), "!app!!feeds!");
    }

    #[test]
    fn a_sublevel_around_the_database_is_seen() {
        assert_eq!(
            foreign_sublevel(b"", b"!app!!feeds!00"),
            Some(&b"!app!"[..])
        );
        assert_eq!(foreign_sublevel(b"", b"!feeds!00"), None);
        assert_eq!(foreign_sublevel(b"!app!", b"!app!!feeds!00"), None);
        assert_eq!(
            foreign_sublevel(b"!app!", b"!app!!in!!feeds!00"),
            Some(&b"!app!!in!"[..])
        );
        assert_eq!(foreign_sublevel(b"", b"plain"), None);
        assert!(after(b"!app!") > b"!app!\xff".to_vec());
    }

    #[test]
    fn only_plain_decimal_numbers_are_numbers() {
        assert_eq!(number(b"0"), Some(0));
        assert_eq!(number(b"18446744073709551615"), Some(u64::MAX));
        for wrong in [
            &b""[..],
            b"01",
            b"+1",
            b"-1",
            b"1e3",
            b"18446744073709551616",
            b"\xff",
        ] {
            assert_eq!(number(wrong), None);
        }
    }
}
