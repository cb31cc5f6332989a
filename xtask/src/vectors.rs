//! The test vectors are still what npm says.

use crate::interop;
use crate::step::Failure;

const FOLDER: &str = "crates/testing/vectors/gen2/generate";

/// What to do with vectors that were made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Made {
    /// In a temporary folder, to be compared with those that are kept.
    Compared,
    /// In place of those that are kept.
    Kept,
}

/// Makes all vectors anew with the pinned packages.
pub(crate) fn run(made: Made) -> Result<(), Failure> {
    interop::check_node()?;
    let options = [
        "install",
        "--no-package-lock",
        "--ignore-scripts",
        "--omit=optional",
        "--no-audit",
        "--no-fund",
    ];
    interop::npm(&options).dir(FOLDER).run()?;
    let script = match made {
        Made::Compared => "check",
        Made::Kept => "generate",
    };
    interop::npm(&["run", script]).dir(FOLDER).run()
}
