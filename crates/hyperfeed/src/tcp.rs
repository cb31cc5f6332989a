//! TCP on async-std: listen, connect, and connect again.

use crate::{Core, Error, ErrorKind, ReplicateOptions, Replication};
use async_std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use futures::future::{Either, select};
use futures::io::{AsyncRead, AsyncWrite};
use futures_timer::Delay;
use std::fmt;
use std::io;
use std::net::Shutdown;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

/// Accepts connections and replicates over each.
#[derive(Debug)]
pub struct Listener {
    core: Core,
    socket: TcpListener,
    options: ReplicateOptions,
}

/// Listens on an address; port 0 lets the operating system choose.
///
/// # Errors
/// `Io`, `InUse`, `Permission`: the address cannot be bound.
pub async fn listen(
    core: &Core,
    address: impl ToSocketAddrs + fmt::Debug,
    options: ReplicateOptions,
) -> Result<Listener, Error> {
    let text = format!("cannot listen on {address:?}");
    let socket = TcpListener::bind(address)
        .await
        .map_err(|error| socket_error(&text, error))?;
    Ok(Listener {
        core: core.clone(),
        socket,
        options,
    })
}

/// Connects to an address and replicates.
///
/// # Errors
/// `Io`: nobody listens there. `Closed`: the core.
pub async fn connect(
    core: &Core,
    address: impl ToSocketAddrs + fmt::Debug,
    options: ReplicateOptions,
) -> Result<Replication, Error> {
    let text = format!("cannot connect to {address:?}");
    let stream = TcpStream::connect(address)
        .await
        .map_err(|error| socket_error(&text, error))?;
    replicate(core, stream, options)
}

impl Listener {
    /// The address that peers can connect to.
    ///
    /// # Errors
    /// `Io`.
    pub fn local_addr(&self) -> Result<SocketAddr, Error> {
        self.socket
            .local_addr()
            .map_err(|error| socket_error("the socket has no address", error))
    }

    /// The next connection and where it comes from.
    ///
    /// # Errors
    /// `Closed`: the core. A connection that broke before it was accepted is not an error.
    pub async fn accept(&self) -> Result<(Replication, SocketAddr), Error> {
        loop {
            match until_closed(&self.core, self.socket.accept()).await? {
                Ok((stream, from)) => {
                    return Ok((replicate(&self.core, stream, self.options.clone())?, from));
                }
                Err(error) if is_about_the_peer(&error) => {}
                Err(error) => {
                    // Out of files, most likely: what is open goes on, and frees some.
                    tracing::warn!(%error, "a connection could not be accepted");
                    Delay::new(ACCEPT_AGAIN).await;
                }
            }
        }
    }

    /// Accepts until the core is closed.
    pub async fn run(self) {
        while self.accept().await.is_ok() {}
    }
}

/// Keeps a connection to an address: connects, replicates, and when that ends connects again, waiting longer after each
/// failure, up to [`MAX_WAIT`](Self::MAX_WAIT).
#[derive(Debug)]
pub struct Reconnect {
    core: Core,
    address: String,
    options: ReplicateOptions,
    failures: u32,
}

impl Reconnect {
    /// The longest wait between two attempts.
    pub const MAX_WAIT: Duration = Duration::from_secs(30);

    /// To `address`, a host and port.
    #[must_use]
    pub fn new(core: &Core, address: impl Into<String>, options: ReplicateOptions) -> Self {
        Self {
            core: core.clone(),
            address: address.into(),
            options,
            failures: 0,
        }
    }

    /// The next connection: at once the first time, later after a wait that grows with each failure in a row. Drop the
    /// future to give up.
    ///
    /// # Errors
    /// `Closed`: the core.
    pub async fn next(&mut self) -> Result<Replication, Error> {
        loop {
            if self.failures > 0 {
                until_closed(&self.core, Delay::new(self.wait())).await?;
            }
            match connect(&self.core, self.address.as_str(), self.options.clone()).await {
                Ok(replication) => {
                    self.failures = 1;
                    return Ok(replication);
                }
                Err(error) if error.kind() == ErrorKind::Closed => return Err(error),
                Err(error) => {
                    tracing::debug!(%error, failures = self.failures, "connecting again later");
                    self.failures = self.failures.saturating_add(1);
                }
            }
        }
    }

    /// Keeps connected until the core is closed.
    ///
    /// # Errors
    /// `Closed`: the core.
    pub async fn run(mut self) -> Result<(), Error> {
        loop {
            self.next().await?.finished().await.ok();
        }
    }

    /// Doubles with each failure; half of it is drawn by lot, so that many peers do not come back in one moment.
    fn wait(&self) -> Duration {
        let full = FIRST_WAIT
            .saturating_mul(1 << self.failures.min(10))
            .min(Self::MAX_WAIT);
        let lot = self.core.lot();
        full / 2 + full.mul_f64(f64::from(lot) / f64::from(u16::MAX) / 2.0)
    }
}

async fn until_closed<T>(core: &Core, work: impl Future<Output = T>) -> Result<T, Error> {
    match select(pin!(work), pin!(core.closed())).await {
        Either::Left((result, _)) => Ok(result),
        Either::Right(_) => Err(Error::core_closed()),
    }
}

fn replicate(
    core: &Core,
    stream: TcpStream,
    options: ReplicateOptions,
) -> Result<Replication, Error> {
    // Requests are small and wait for answers: they must not be held back to be sent together.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "the socket cannot be set to send at once");
    }
    core.replicate(Socket(stream), options)
}

/// A socket that tells its peer when it is closed for writing, which async-std's own does not.
struct Socket(TcpStream);

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_read(cx, into)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.0.shutdown(Shutdown::Write))
    }
}

fn is_about_the_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}

fn socket_error(what: &str, error: io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::AddrInUse => ErrorKind::InUse,
        io::ErrorKind::PermissionDenied => ErrorKind::Permission,
        io::ErrorKind::InvalidInput => ErrorKind::InvalidInput,
        _ => ErrorKind::Io,
    };
    Error::with_source(kind, format!("{what}: {error}"), error)
}

/// Wait before the second attempt, doubled from there on.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// Wait after a failed accept.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);
