//! Whole networks, from seeds.

mod churn;
mod exchange;
mod flow;
mod network;
mod regress;
