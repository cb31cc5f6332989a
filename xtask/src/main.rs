//! One door to every chore of the hyperfeed workspace.
fn main() {}
