use futures::io::{AsyncRead, AsyncWrite};
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

/// One end of a connection in memory. Dropping or closing it ends the other's reading.
pub(crate) struct PipeEnd {
    incoming: Arc<Mutex<Direction>>,
    outgoing: Arc<Mutex<Direction>>,
}

#[derive(Default)]
struct Direction {
    bytes: VecDeque<u8>,
    capacity: usize,
    closed: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// A connection that holds `capacity` bytes each way.
pub(crate) fn pipe(capacity: usize) -> (PipeEnd, PipeEnd) {
    let direction = || {
        Arc::new(Mutex::new(Direction {
            capacity,
            ..Direction::default()
        }))
    };
    let (there, back) = (direction(), direction());
    let a = PipeEnd {
        incoming: Arc::clone(&back),
        outgoing: Arc::clone(&there),
    };
    (
        a,
        PipeEnd {
            incoming: there,
            outgoing: back,
        },
    )
}

impl AsyncRead for PipeEnd {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut direction = self.incoming.lock().unwrap();
        if direction.bytes.is_empty() && !direction.closed {
            direction.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let count = into.len().min(direction.bytes.len());
        for (to, from) in into.iter_mut().zip(direction.bytes.drain(..count)) {
            *to = from;
        }
        if let Some(writer) = direction.writer.take() {
            writer.wake();
        }
        Poll::Ready(Ok(count))
    }
}

impl AsyncWrite for PipeEnd {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut direction = self.outgoing.lock().unwrap();
        if direction.closed {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let count = bytes.len().min(direction.capacity - direction.bytes.len());
        if count == 0 {
            direction.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        direction.bytes.extend(&bytes[..count]);
        if let Some(reader) = direction.reader.take() {
            reader.wake();
        }
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        close(&self.outgoing);
        Poll::Ready(Ok(()))
    }
}

impl Drop for PipeEnd {
    fn drop(&mut self) {
        close(&self.incoming);
        close(&self.outgoing);
    }
}

fn close(direction: &Mutex<Direction>) {
    let mut direction = direction.lock().unwrap();
    direction.closed = true;
    for waker in [direction.reader.take(), direction.writer.take()]
        .into_iter()
        .flatten()
    {
        waker.wake();
    }
}
