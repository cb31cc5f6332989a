use alloc::{borrow::Cow, string::String};
use core::{fmt, iter::FusedIterator, slice};

use super::ProtocolHandshake;
use crate::proto::Reader;

/// Names of extensions: a view into a received message, or a list to be sent.
///
/// Both sides keep theirs sorted by UTF-16 code units; nothing here sorts or checks that, and nothing
/// caps their number but the length of a frame. Names from the 65th on cannot be spoken of.
#[derive(Clone, Copy)]
pub struct Extensions<'a>(Source<'a>);

#[derive(Clone, Copy)]
enum Source<'a> {
    Borrowed(&'a [&'a str]),
    Owned(&'a [String]),
    /// A whole message that [`ProtocolHandshake::decode`] has accepted, and how many names are in it.
    Message {
        body: &'a [u8],
        count: usize,
    },
}

impl<'a> Extensions<'a> {
    /// No names.
    pub const EMPTY: Self = Self(Source::Borrowed(&[]));

    pub(super) const fn from_message(body: &'a [u8], count: usize) -> Self {
        Self(Source::Message { body, count })
    }

    /// How many there are; O(1).
    pub const fn len(&self) -> usize {
        match self.0 {
            Source::Borrowed(names) => names.len(),
            Source::Owned(names) => names.len(),
            Source::Message { count, .. } => count,
        }
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All names in order, as text.
    ///
    /// Bytes that are not UTF-8 become replacement characters, as upstream reads them; only then is
    /// a name copied.
    pub fn iter(&self) -> ExtensionsIter<'a> {
        ExtensionsIter(self.cursor())
    }

    /// All names in order, as the bytes they are on the wire.
    pub fn raw(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + Clone + fmt::Debug + use<'a> {
        self.cursor()
    }

    fn cursor(&self) -> Cursor<'a> {
        match self.0 {
            Source::Borrowed(names) => Cursor::Borrowed(names.iter()),
            Source::Owned(names) => Cursor::Owned(names.iter()),
            Source::Message { body, count } => Cursor::Message {
                reader: Reader::new(&ProtocolHandshake::SCHEMA, body),
                left: count,
            },
        }
    }
}

impl Default for Extensions<'_> {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl<'a> From<&'a [&'a str]> for Extensions<'a> {
    fn from(names: &'a [&'a str]) -> Self {
        Self(Source::Borrowed(names))
    }
}

impl<'a> From<&'a [String]> for Extensions<'a> {
    fn from(names: &'a [String]) -> Self {
        Self(Source::Owned(names))
    }
}

impl<'a> IntoIterator for Extensions<'a> {
    type Item = Cow<'a, str>;
    type IntoIter = ExtensionsIter<'a>;

    fn into_iter(self) -> ExtensionsIter<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for &Extensions<'a> {
    type Item = Cow<'a, str>;
    type IntoIter = ExtensionsIter<'a>;

    fn into_iter(self) -> ExtensionsIter<'a> {
        self.iter()
    }
}

impl PartialEq for Extensions<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.raw().eq(other.raw())
    }
}

impl Eq for Extensions<'_> {}

impl fmt::Debug for Extensions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

/// Goes through the names of [`Extensions`] in order.
#[derive(Debug, Clone)]
pub struct ExtensionsIter<'a>(Cursor<'a>);

impl<'a> Iterator for ExtensionsIter<'a> {
    type Item = Cow<'a, str>;

    fn next(&mut self) -> Option<Cow<'a, str>> {
        self.0.next().map(String::from_utf8_lossy)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for ExtensionsIter<'_> {}

impl FusedIterator for ExtensionsIter<'_> {}

#[derive(Debug, Clone)]
enum Cursor<'a> {
    Borrowed(slice::Iter<'a, &'a str>),
    Owned(slice::Iter<'a, String>),
    Message { reader: Reader<'a>, left: usize },
}

impl<'a> Iterator for Cursor<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        match self {
            Self::Borrowed(names) => names.next().map(|name| name.as_bytes()),
            Self::Owned(names) => names.next().map(String::as_bytes),
            Self::Message { reader, left } => {
                *left = left.checked_sub(1)?;
                // Decoding went through all of these once: no arm that ends early is taken.
                loop {
                    let field = reader.next().ok()??;
                    if field.number() == 3 {
                        return field.bytes().ok();
                    }
                }
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = match self {
            Self::Borrowed(names) => names.len(),
            Self::Owned(names) => names.len(),
            Self::Message { left, .. } => *left,
        };
        (left, Some(left))
    }
}

impl ExactSizeIterator for Cursor<'_> {}
