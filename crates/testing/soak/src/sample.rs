use std::fs;
use std::io;

/// What the system says of a process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sample {
    /// Memory in RAM, in bytes.
    pub(crate) memory: u64,
    /// Open file handles that are sockets.
    pub(crate) sockets: usize,
    /// All other open file handles.
    pub(crate) files: usize,
    pub(crate) threads: usize,
}

impl Sample {
    /// Looks at a process of this machine.
    pub(crate) fn of(process: u32) -> io::Result<Self> {
        let status = fs::read_to_string(format!("/proc/{process}/status"))?;
        let field = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name))?;
            line.split_whitespace().nth(1)?.parse::<u64>().ok()
        };
        let (mut sockets, mut files) = (0, 0);
        for entry in fs::read_dir(format!("/proc/{process}/fd"))? {
            // Closed meanwhile.
            let Ok(target) = fs::read_link(entry?.path()) else {
                continue;
            };
            if target.to_string_lossy().starts_with("socket:") {
                sockets += 1;
            } else {
                files += 1;
            }
        }
        Ok(Self {
            memory: field("VmRSS:").unwrap_or(0) * 1024,
            sockets,
            files,
            threads: usize::try_from(field("Threads:").unwrap_or(0)).unwrap_or(usize::MAX),
        })
    }
}
