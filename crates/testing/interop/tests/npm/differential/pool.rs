//! npm processes between scripts.

use hyperfeed_testing_interop::NpmPeer;

use super::host::Host;

/// A new peer in an old process is quicker than a new process.
#[derive(Default)]
pub(crate) struct Pool(Vec<NpmPeer>);

impl Pool {
    pub(crate) fn take(&mut self) -> NpmPeer {
        self.0.pop().unwrap_or_else(|| NpmPeer::spawn().unwrap())
    }

    pub(crate) fn give(&mut self, host: Host) {
        self.0.extend(host.end());
    }

    /// The most that one of them ever held, in KiB.
    pub(crate) fn peak_memory(&self) -> u64 {
        let peaks = self.0.iter().filter_map(NpmPeer::peak_memory);
        peaks.max().unwrap_or(0)
    }
}
