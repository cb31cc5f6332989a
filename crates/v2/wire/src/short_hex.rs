use core::fmt;

/// `Debug` of a byte string: hex, cut after a signature's length so that no dump fills a log.
pub(crate) struct ShortHex<'a>(pub(crate) &'a [u8]);

const SHOWN: usize = 64;

impl fmt::Debug for ShortHex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0.iter().take(SHOWN) {
            write!(f, "{byte:02x}")?;
        }
        if self.0.len() > SHOWN {
            write!(f, ".. ({} bytes)", self.0.len())?;
        }
        Ok(())
    }
}
