//! Databases that panic on damaged files, kept from taking the process with them.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use hyperfeed_storage::{StorageError, StorageErrorKind};

/// Runs `open` on a thread of its own; a panic there becomes an error.
pub(crate) fn on_thread<T: Send + 'static>(
    open: impl FnOnce() -> Result<T, StorageError> + Send + 'static,
) -> Result<T, StorageError> {
    let thread = thread::Builder::new()
        .name("hyperfeed-open".to_owned())
        .spawn(open)
        .map_err(|error| StorageError::io(error, "starting a thread to open the database"))?;
    thread.join().unwrap_or_else(|panic| Err(damaged(&*panic)))
}

/// Runs one call of a database; a panic becomes an error.
///
/// The caller must not use the database again after that: its state is unknown, which is why
/// asserting unwind safety is right here.
pub(crate) fn call<T>(call: impl FnOnce() -> Result<T, StorageError>) -> Result<T, StorageError> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| Err(damaged(&*panic)))
}

fn damaged(panic: &(dyn Any + Send)) -> StorageError {
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    StorageError::new(
        StorageErrorKind::Corrupt,
        format!(
            "the database gave up on its files ({message}); restore the store from a backup, or \
             move its directory away and fetch the feeds again"
        ),
    )
}
