use hyperfeed_v2_wire::limits::MAX_EXTENSIONS;

/// What a remote may make a connection keep in memory.
///
/// The length of a frame is not among them: it is
/// [`MAX_FRAME`](hyperfeed_v2_wire::limits::MAX_FRAME) for everybody. A connection holds at most one
/// frame that is still arriving, what is listed here, and the bodies the caller has not dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Channels of either side: open here, and opened by the remote. Count.
    ///
    /// Each costs about 200 bytes. A remote that opens more is misbehaving, except for feeds that are open
    /// here.
    pub max_channels: usize,
    /// Frames kept for channels that are not open here yet, together. Bytes, to each frame
    /// [`HELD_FRAME_COST`](Self::HELD_FRAME_COST) are added.
    ///
    /// Enough for what a peer sends before it needs answers: a Have of each feed. While nothing is
    /// open, reading stops here; later the frames of the channel that does not fit are dropped.
    pub max_held_bytes: usize,
    /// The same as a count of frames.
    pub max_held_frames: usize,
    /// Names of extensions looked at in the remote's list. Count, at most
    /// [`MAX_EXTENSIONS`]: later ones cannot be spoken of.
    pub max_extensions: usize,
    /// Longest name of an extension that is reported. Bytes. Longer ones take part in the negotiation,
    /// but are left out of [`Event::Handshake`](crate::Event::Handshake).
    pub max_extension_name: usize,
    /// Longest introduction (peer id and extensions, as it is on the wire). Bytes.
    ///
    /// It is kept until the feed of its channel is opened here. Room for 64 names of 1000 bytes.
    pub max_introduction: usize,
}

impl Limits {
    /// What a held frame costs beyond its bytes: the allocation and its place in the queue. Bytes.
    pub const HELD_FRAME_COST: usize = 64;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_channels: 4096,
            max_held_bytes: 1 << 20,
            max_held_frames: 4096,
            max_extensions: MAX_EXTENSIONS,
            max_extension_name: 1000,
            max_introduction: 64 << 10,
        }
    }
}
