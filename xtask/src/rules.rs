//! The layer table: one row a crate. `ARCHITECTURE.md` says it in prose; this decides.

/// What one crate is and may use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    pub(crate) name: &'static str,
    /// 0 is the floor; normal dependencies go strictly down.
    pub(crate) level: u8,
    /// Whether the crate must build without std.
    pub(crate) no_std: bool,
    /// The crates of this workspace it may use.
    pub(crate) may_use: &'static [&'static str],
    /// Whether outside crates that bring I/O, a runtime or entropy are its business.
    pub(crate) edge: bool,
}

const TYPES: &str = "hyperfeed-types";
const FLAT_TREE: &str = "hyperfeed-flat-tree";
const BITFIELD: &str = "hyperfeed-bitfield";
const STORAGE: &str = "hyperfeed-storage";
const MERKLE: &str = "hyperfeed-merkle";
const STORAGE_DISK: &str = "hyperfeed-storage-disk";
const STORAGE_RANDOM_ACCESS: &str = "hyperfeed-storage-random-access";
const V2_CRYPTO: &str = "hyperfeed-v2-crypto";
const V2_WIRE: &str = "hyperfeed-v2-wire";
const V2_PROTOCOL: &str = "hyperfeed-v2-protocol";
const V2_FEED: &str = "hyperfeed-v2-feed";
const V2_LEVELDB: &str = "hyperfeed-v2-leveldb";
const V2_REPLICATE: &str = "hyperfeed-v2-replicate";
const FACADE: &str = "hyperfeed";

/// Every published crate of the workspace, from the floor up.
pub(crate) const RULES: &[Rule] = &[
    Rule {
        name: TYPES,
        level: 0,
        no_std: true,
        may_use: &[],
        edge: false,
    },
    Rule {
        name: FLAT_TREE,
        level: 0,
        no_std: true,
        may_use: &[],
        edge: false,
    },
    Rule {
        name: BITFIELD,
        level: 0,
        no_std: true,
        may_use: &[],
        edge: false,
    },
    Rule {
        name: STORAGE,
        level: 0,
        no_std: false,
        may_use: &[],
        edge: false,
    },
    Rule {
        name: MERKLE,
        level: 1,
        no_std: true,
        may_use: &[TYPES, FLAT_TREE, BITFIELD],
        edge: false,
    },
    Rule {
        name: STORAGE_DISK,
        level: 1,
        no_std: false,
        may_use: &[STORAGE],
        edge: true,
    },
    Rule {
        name: STORAGE_RANDOM_ACCESS,
        level: 1,
        no_std: false,
        may_use: &[STORAGE],
        edge: true,
    },
    Rule {
        name: V2_CRYPTO,
        level: 2,
        no_std: true,
        may_use: &[TYPES, FLAT_TREE, MERKLE],
        edge: false,
    },
    Rule {
        name: V2_WIRE,
        level: 2,
        no_std: true,
        may_use: &[TYPES],
        edge: false,
    },
    Rule {
        name: V2_PROTOCOL,
        level: 3,
        no_std: true,
        may_use: &[TYPES, V2_WIRE, V2_CRYPTO],
        edge: false,
    },
    Rule {
        name: V2_FEED,
        level: 3,
        no_std: false,
        may_use: &[
            TYPES, FLAT_TREE, BITFIELD, STORAGE, MERKLE, V2_WIRE, V2_CRYPTO,
        ],
        edge: false,
    },
    Rule {
        name: V2_LEVELDB,
        level: 4,
        no_std: false,
        may_use: &[TYPES, FLAT_TREE, BITFIELD, MERKLE, V2_WIRE, V2_CRYPTO],
        edge: false,
    },
    Rule {
        name: V2_REPLICATE,
        level: 4,
        no_std: false,
        may_use: &[
            TYPES,
            FLAT_TREE,
            BITFIELD,
            STORAGE,
            MERKLE,
            V2_WIRE,
            V2_CRYPTO,
            V2_PROTOCOL,
            V2_FEED,
        ],
        edge: false,
    },
    Rule {
        name: FACADE,
        level: 5,
        no_std: false,
        may_use: &[
            TYPES,
            FLAT_TREE,
            BITFIELD,
            STORAGE,
            MERKLE,
            STORAGE_DISK,
            V2_WIRE,
            V2_CRYPTO,
            V2_PROTOCOL,
            V2_FEED,
            V2_REPLICATE,
        ],
        edge: true,
    },
    Rule {
        name: "hyperfeed-cli",
        level: 6,
        no_std: false,
        may_use: &[FACADE, V2_LEVELDB],
        edge: true,
    },
    Rule {
        name: "hyperfeed-web",
        level: 6,
        no_std: false,
        may_use: &[
            TYPES,
            FLAT_TREE,
            BITFIELD,
            STORAGE,
            MERKLE,
            V2_WIRE,
            V2_CRYPTO,
            V2_PROTOCOL,
            V2_FEED,
            V2_REPLICATE,
        ],
        edge: true,
    },
];

/// Unpublished crates that prove the rest; they may use anything and nothing else may ship them.
pub(crate) const TESTING_PREFIX: &str = "hyperfeed-testing-";

/// The crate you are reading; it uses no other.
pub(crate) const XTASK: &str = "xtask";

/// Outside crates that bring sockets, threads, a runtime or the system's entropy.
pub(crate) const EDGE_ONLY: &[&str] = &[
    "async-channel",
    "async-compat",
    "async-io",
    "async-std",
    "crossbeam-channel",
    "futures",
    "futures-timer",
    "getrandom",
    "mio",
    "parking_lot",
    "rand",
    "rayon",
    "smol",
    "socket2",
    "tokio",
];
