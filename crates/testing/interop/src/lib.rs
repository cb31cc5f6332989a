//! Live tests against npm hypercore 2.3.0.
