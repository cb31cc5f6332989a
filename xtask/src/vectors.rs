//! The test vectors are still what npm says.

use crate::interop;
use crate::step::Failure;

const FOLDER: &str = "crates/testing/vectors/gen2/generate";

/// Makes all vectors anew with the pinned packages, in a temporary folder, and compares.
pub(crate) fn run() -> Result<(), Failure> {
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
    interop::npm(&["run", "check"]).dir(FOLDER).run()
}
