//! Replication as tasks of smol.

use crate::{Core, Error, ReplicateOptions, Replication};
use futures::io::{AsyncRead, AsyncWrite};

/// As [`Core::replicate_with`], with the connection as a task of smol's global executor.
///
/// # Errors
/// `Closed`: the core.
pub fn replicate<IO>(core: &Core, io: IO, options: ReplicateOptions) -> Result<Replication, Error>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (replication, connection) = core.replicate_with(io, options)?;
    smol::spawn(connection).detach();
    Ok(replication)
}
