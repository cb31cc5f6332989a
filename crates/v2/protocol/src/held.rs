use crate::Limits;

/// What frames kept for channels not open here cost, against what they may.
#[derive(Debug)]
pub(crate) struct HeldBudget {
    bytes: usize,
    frames: usize,
    max_bytes: usize,
    max_frames: usize,
}

impl HeldBudget {
    pub(crate) const fn new(limits: &Limits) -> Self {
        Self {
            bytes: 0,
            frames: 0,
            max_bytes: limits.max_held_bytes,
            max_frames: limits.max_held_frames,
        }
    }

    /// Whether a frame of `len` bytes may be kept.
    pub(crate) const fn fits(&self, len: usize) -> bool {
        self.frames < self.max_frames && self.bytes.saturating_add(cost(len)) <= self.max_bytes
    }

    /// A frame of `len` bytes is kept from now on.
    pub(crate) fn add(&mut self, len: usize) {
        self.bytes = self.bytes.saturating_add(cost(len));
        self.frames = self.frames.saturating_add(1);
    }

    /// A frame of `len` bytes is kept no longer.
    pub(crate) fn remove(&mut self, len: usize) {
        self.bytes = self.bytes.saturating_sub(cost(len));
        self.frames = self.frames.saturating_sub(1);
    }

    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) const fn frames(&self) -> usize {
        self.frames
    }
}

const fn cost(len: usize) -> usize {
    len.saturating_add(Limits::HELD_FRAME_COST)
}
