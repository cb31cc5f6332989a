//! Every target, without a fuzzer.

mod findings;
mod inputs;
