//! Sizes in bytes, as people write and read them.

use std::fmt;
use std::str::FromStr;

/// A number of bytes, read from `65536`, `64KiB`, `1MB` and the like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, unit) = text.split_at(
            text.find(|c: char| !c.is_ascii_digit())
                .unwrap_or(text.len()),
        );
        let factor = match unit.trim_start().to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "k" | "kib" => 1 << 10,
            "kb" => 1_000,
            "m" | "mib" => 1 << 20,
            "mb" => 1_000_000,
            "g" | "gib" => 1 << 30,
            "gb" => 1_000_000_000,
            _ => return Err("expected a size such as 4096, 64KiB or 1MB".to_owned()),
        };
        let number: u64 = number
            .parse()
            .map_err(|_| "expected a size such as 4096, 64KiB or 1MB".to_owned())?;
        match number.checked_mul(factor) {
            Some(0) => Err("a size of 0 is of no use here".to_owned()),
            Some(size) => Ok(Self(size)),
            None => Err("that is more than any machine has".to_owned()),
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        indicatif::BinaryBytes(self.0).fmt(f)
    }
}

/// Bytes of the largest block: with any proof it fits a frame of 5 MiB, which is the most a peer accepts.
pub(crate) const MAX_BLOCK: u64 = hyperfeed::v2::wire::limits::MAX_BLOCK as u64;

/// A size that a block can have.
pub(crate) fn block_size(text: &str) -> Result<Size, String> {
    match text.parse()? {
        Size(size) if size > MAX_BLOCK => {
            Err(format!("a block can have {MAX_BLOCK} bytes at most"))
        }
        size => Ok(size),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_units() {
        assert_eq!("64KiB".parse(), Ok(Size(65_536)));
        assert_eq!("64k".parse(), Ok(Size(65_536)));
        assert_eq!("1MB".parse(), Ok(Size(1_000_000)));
        assert_eq!("12".parse(), Ok(Size(12)));
    }

    #[test]
    fn nonsense_sizes_are_refused() {
        for text in [
            "",
            "KiB",
            "-1",
            "1.5M",
            "10XB",
            "0",
            "99999999999999999999",
            "18446744073709551615k",
        ] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }
}
