//! The loader, and that the folder holds what the loader says.

mod hex;
mod json;
mod pattern;
