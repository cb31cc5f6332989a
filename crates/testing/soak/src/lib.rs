#![doc = include_str!("../README.md")]

mod attack;
mod content;
mod insider;
mod ledger;
mod line;
mod outcome;
mod peer;
mod peers;
mod plan;
mod plot;
mod process;
mod report;
mod run;
mod sample;
mod stdin;
mod writer;

pub use outcome::Outcome;
pub use peers::peers;
pub use plan::Plan;
pub use report::write_report;
pub use run::run;
pub use writer::writer;
