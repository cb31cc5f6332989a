#![doc = include_str!("../README.md")]

mod child;
mod figures;
mod ledger;
mod line;
mod rounds;

pub use child::child;
pub use figures::Figures;
pub use rounds::Loop;
