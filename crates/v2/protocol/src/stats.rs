use hyperfeed_types::Instant;

/// Counters of a connection since it began, and what it holds now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Bytes handed in.
    pub bytes_in: u64,
    /// Bytes written to buffers of the caller.
    pub bytes_out: u64,
    /// Whole frames read, keep-alives included.
    pub frames_in: u64,
    /// Frames written, keep-alives included.
    pub frames_out: u64,
    /// Frames read and not reported: no handshake on a new channel number, a message for a feed that was
    /// left or did not fit the holding buffer, an unknown extension, a type without meaning.
    pub frames_ignored: u64,
    /// When bytes were last handed in; the beginning of the connection if never.
    pub last_input: Instant,
    /// When a frame was last written; the beginning of the connection if never.
    pub last_output: Instant,
    /// Bytes received and not read yet: less than one frame, unless events are waiting to be polled.
    pub buffered_bytes: usize,
    /// Cost of frames held for feeds not open here, in bytes; see
    /// [`Limits::max_held_bytes`](crate::Limits::max_held_bytes).
    pub held_bytes: usize,
    /// Frames held for feeds not open here.
    pub held_frames: usize,
    /// Channel numbers of the remote that are remembered.
    pub remote_channels: usize,
}
