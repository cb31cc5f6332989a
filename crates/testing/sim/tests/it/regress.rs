//! Seeds that once failed, and what they failed of.

use crate::churn::all_end_well;

/// Seeds, each with the day's bug.
const ONCE_FAILED: [u64; 0] = [];

#[test]
fn seeds_that_once_failed_end_well() {
    all_end_well(ONCE_FAILED.into_iter());
}
