//! Live tests: they need Node, `cargo xtask interop` runs them.

mod upstream;
