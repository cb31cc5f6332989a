use std::error::Error;
use std::io;

use hyperfeed_storage::{StorageError, StorageErrorKind};

#[test]
fn errors_of_the_system_have_the_kind_that_tells_what_to_do() {
    let cases = [
        (libc_error(28), StorageErrorKind::Full),       // ENOSPC
        (libc_error(122), StorageErrorKind::Full),      // EDQUOT
        (libc_error(13), StorageErrorKind::Permission), // EACCES
        (libc_error(30), StorageErrorKind::Permission), // EROFS
        (libc_error(2), StorageErrorKind::NotFound),    // ENOENT
        (libc_error(5), StorageErrorKind::Io),          // EIO
        (
            io::ErrorKind::UnexpectedEof.into(),
            StorageErrorKind::OutOfBounds,
        ),
    ];
    for (error, kind) in cases {
        let text = error.to_string();
        assert_eq!(StorageError::from(error).kind(), kind, "{text}");
    }
}

/// Numbers of Linux; elsewhere the kinds stand in for them.
fn libc_error(number: i32) -> io::Error {
    if cfg!(target_os = "linux") {
        return io::Error::from_raw_os_error(number);
    }
    io::Error::from(match number {
        28 => io::ErrorKind::StorageFull,
        122 => io::ErrorKind::QuotaExceeded,
        13 => io::ErrorKind::PermissionDenied,
        30 => io::ErrorKind::ReadOnlyFilesystem,
        2 => io::ErrorKind::NotFound,
        _ => io::ErrorKind::Other,
    })
}

#[test]
fn an_error_says_what_where_and_why() {
    let error = StorageError::io(io::ErrorKind::StorageFull.into(), "writing journal")
        .within("store /var/feeds");
    assert_eq!(
        error.to_string(),
        "no space left: store /var/feeds: writing journal"
    );
    assert_eq!(error.context(), "store /var/feeds: writing journal");
    assert!(error.source().is_some());

    let bare = StorageError::from(StorageErrorKind::Closed);
    assert_eq!(bare.to_string(), "store is closed");
    assert!(bare.source().is_none());
    assert_eq!(bare.within("outer").to_string(), "store is closed: outer");
}
