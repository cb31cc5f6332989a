//! What is on its way to a socket.

use futures::io::AsyncWrite;
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Encoded bytes on their way out, and what each command in them costs.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    pub(crate) bytes: Vec<u8>,
    start: usize,
    /// Ends of commands, as offsets in `bytes`, with their cost.
    marks: VecDeque<(usize, usize)>,
    pub(crate) written_cost: usize,
    unflushed: bool,
}

impl Outgoing {
    pub(crate) fn waiting(&self) -> usize {
        self.bytes.len() - self.start
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting() == 0 && !self.unflushed
    }

    pub(crate) fn give_back(&mut self) {
        if self.bytes.is_empty() {
            self.bytes = Vec::new();
            self.marks.shrink_to_fit();
        }
    }

    pub(crate) fn mark(&mut self, cost: usize) {
        self.marks.push_back((self.bytes.len(), cost));
    }

    /// Writes what the socket takes; whether that was anything.
    pub(crate) fn write<W: AsyncWrite>(
        &mut self,
        mut io: Pin<&mut W>,
        cx: &mut Context<'_>,
    ) -> io::Result<bool> {
        let mut wrote = false;
        while self.waiting() > 0 {
            match io
                .as_mut()
                .poll_write(cx, self.bytes.get(self.start..).unwrap_or_default())
            {
                Poll::Pending => break,
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(count)) => {
                    self.start = self.bytes.len().min(self.start + count);
                    (wrote, self.unflushed) = (true, true);
                }
                Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Poll::Ready(Err(error)) => return Err(error),
            }
        }
        while let Some((end, cost)) = self.marks.front().copied()
            && end <= self.start
        {
            self.marks.pop_front();
            self.written_cost += cost;
        }
        if self.waiting() == 0 {
            self.bytes.clear();
            self.start = 0;
            if self.bytes.capacity() > 2 * OUT_BYTES {
                self.bytes.shrink_to(OUT_BYTES);
            }
        } else if self.start >= OUT_BYTES {
            // A socket that never quite drains must not make the buffer grow.
            self.bytes.drain(..self.start);
            for (end, _) in &mut self.marks {
                *end -= self.start;
            }
            self.start = 0;
        }
        if self.unflushed {
            match io.poll_flush(cx) {
                Poll::Pending => {}
                Poll::Ready(result) => {
                    result?;
                    self.unflushed = false;
                }
            }
        }
        Ok(wrote)
    }
}

/// Encoded bytes above which no more commands are encoded.
pub(crate) const OUT_BYTES: usize = 256 << 10;
