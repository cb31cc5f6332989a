//! The hyperfeed command.
fn main() {}
