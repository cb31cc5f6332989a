/// Makes inputs out of others, the same ones for the same seed.
#[derive(Debug)]
pub struct Mutator {
    state: u64,
}

impl Mutator {
    /// The seed decides everything.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// One of the inputs, changed in one to eight places; now and then with the tail of another.
    pub fn mutated(&mut self, inputs: &[Vec<u8>]) -> Vec<u8> {
        let mut input = self.one_of(inputs);
        for _ in 0..1 + self.below(8) {
            self.change(&mut input, inputs);
        }
        input.truncate(MAX_LEN);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>, inputs: &[Vec<u8>]) {
        let at = self.below(input.len() + 1);
        match self.below(9) {
            0 => input.insert(at, self.draw() as u8),
            1 => input.truncate(at),
            2 => {
                let end = (at + 1 + self.below(16)).min(input.len());
                input.drain(at..end);
            }
            3 => {
                let end = (at + 1 + self.below(32)).min(input.len());
                let piece = input[at..end].to_vec();
                let to = self.below(input.len() + 1);
                input.splice(to..to, piece);
            }
            4 => {
                let tail = self.one_of(inputs);
                let from = self.below(tail.len() + 1);
                input.truncate(at);
                input.extend_from_slice(&tail[from..]);
            }
            5 => {
                let count = 1 + self.below(40);
                let noise: Vec<u8> = (0..count).map(|_| self.draw() as u8).collect();
                input.splice(at..at, noise);
            }
            6 => {
                let draw = self.below(TELLING.len());
                if let Some(byte) = input.get_mut(at) {
                    *byte = TELLING[draw];
                }
            }
            _ => {
                let bit = self.below(8);
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << bit;
                }
            }
        }
    }

    fn one_of(&mut self, inputs: &[Vec<u8>]) -> Vec<u8> {
        let at = self.below(inputs.len().max(1));
        inputs.get(at).cloned().unwrap_or_default()
    }

    fn below(&mut self, end: usize) -> usize {
        (self.draw() % end.max(1) as u64) as usize
    }

    /// Sebastiano Vigna's SplitMix64, which is in the public domain.
    pub(crate) fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// Longer inputs find nothing that shorter ones do not.
const MAX_LEN: usize = 4096;

/// Bytes at the edges of what a decoder tells apart.
const TELLING: [u8; 8] = [0, 1, 2, 0x7f, 0x80, 0xfe, 0xff, 0x40];
