use hyperfeed_storage_disk::{Backend, DiskOptions};

/// The databases that this build has.
pub(crate) const BUILT: &[Backend] = if cfg!(feature = "redb") {
    &[Backend::Sled, Backend::Redb]
} else {
    &[Backend::Sled]
};

pub(crate) fn options(backend: Backend) -> DiskOptions {
    let mut options = DiskOptions::default();
    options.backend = backend;
    options
}
