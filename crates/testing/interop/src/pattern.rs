//! Blocks made from two numbers.

/// Makes the blocks of a feed from a seed; `npm/pattern.js` makes the same.
///
/// The README describes it exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pattern {
    seed: u32,
    max: u32,
}

impl Pattern {
    /// A pattern whose blocks have at most `max` bytes; sizes above 1 MiB are never drawn.
    pub const fn new(seed: u32, max: u32) -> Self {
        Self { seed, max }
    }

    /// The seed.
    pub const fn seed(&self) -> u32 {
        self.seed
    }

    /// The most bytes a block has.
    pub const fn max(&self) -> u32 {
        self.max
    }

    /// The block with this index.
    pub fn block(&self, index: u32) -> Vec<u8> {
        let mut draws = Draws::new(self.seed, index);
        let size = draws.size().min(self.max) as usize;
        let mut bytes = Vec::with_capacity(size + 3);
        while bytes.len() + 4 <= size {
            bytes.extend_from_slice(&draws.next().to_le_bytes());
        }
        let rest = draws.next().to_le_bytes();
        bytes.extend_from_slice(&rest[..size - bytes.len()]);
        bytes
    }

    /// The blocks of a range of indices.
    pub fn blocks(self, range: std::ops::Range<u32>) -> impl Iterator<Item = Vec<u8>> {
        range.map(move |index| self.block(index))
    }
}

/// A xorshift generator of 32 bits.
struct Draws(u32);

impl Draws {
    fn new(seed: u32, index: u32) -> Self {
        let state = seed ^ index.wrapping_add(1).wrapping_mul(0x9e37_79b1);
        let mut draws = Self(state.max(1));
        for _ in 0..4 {
            draws.next();
        }
        draws
    }

    const fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    /// Mostly small, some large, a few empty: what feeds look like.
    const fn size(&mut self) -> u32 {
        let kind = self.next() % 64;
        let number = self.next();
        match kind {
            0 => 0,
            1..56 => 1 + number % 1024,
            56..63 => 1 + number % 65_536,
            _ => 1 + number % 1_048_576,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_reach_from_empty_to_the_maximum() {
        let sizes: Vec<usize> = Pattern::new(1, 100_000)
            .blocks(0..1000)
            .map(|block| block.len())
            .collect();
        assert!(sizes.contains(&0));
        assert!(sizes.contains(&100_000));
        assert!(sizes.iter().filter(|size| **size <= 1024).count() > 800);
    }

    #[test]
    fn blocks_depend_on_seed_and_index() {
        let block = Pattern::new(1, 1000).block(5);
        assert_eq!(block, Pattern::new(1, 1000).block(5));
        assert_ne!(block, Pattern::new(2, 1000).block(5));
        assert_ne!(block, Pattern::new(1, 1000).block(6));
    }
}
