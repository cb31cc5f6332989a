//! Replication over tokio's sockets, as tasks of tokio.

use crate::{Core, Error, ReplicateOptions, Replication};
use async_compat::Compat;
use tokio::io::{AsyncRead, AsyncWrite};

/// As [`Core::replicate_with`], over anything that has tokio's I/O traits, with the connection as a task of the current
/// tokio runtime.
///
/// # Errors
/// `Closed`: the core.
pub fn replicate<IO>(core: &Core, io: IO, options: ReplicateOptions) -> Result<Replication, Error>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (replication, connection) = core.replicate_with(Compat::new(io), options)?;
    tokio::spawn(connection);
    Ok(replication)
}
