//! Tests of `hyperfeed-v2-feed` through its public interface.

mod journey;
mod model;
mod place;
mod vectors;
