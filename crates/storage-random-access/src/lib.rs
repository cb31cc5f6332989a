#![doc = include_str!("../README.md")]

mod from_random_access;

pub use from_random_access::FromRandomAccess;
