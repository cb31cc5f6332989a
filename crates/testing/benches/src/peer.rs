//! Other implementations on the same work, each a program that prints one reading a line.

use crate::Fallible;
use crate::child;
use crate::reading::Reading;
use crate::sizes::Sizes;
use crate::work::Work;
use std::path::PathBuf;
use std::process::Command;

/// One other implementation.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    program: Program,
    /// Groups of works it does.
    does: &'static [&'static str],
    /// It gets this part of the blocks, so that a slow one does not take all day.
    part: u64,
}

enum Program {
    /// A script of `crates/testing/interop`, run by Node.
    Node(&'static str),
    /// A package of its own beside the scripts, built by cargo.
    Cargo(&'static str),
}

pub(crate) const ALL: &[Peer] = &[
    Peer {
        name: "npm hypercore 11.37.1",
        program: Program::Node("peers/npm-11/bench.mjs"),
        does: &["append", "get", "replicate"],
        part: 10,
    },
    Peer {
        name: "npm hypercore 2.3.0",
        program: Program::Node("peers/npm-2.js"),
        does: &["append", "get", "replicate"],
        part: 300,
    },
    Peer {
        name: "crate hypercore 0.16.0",
        program: Program::Cargo("peers/crate-hypercore"),
        does: &["append", "get"],
        part: 20,
    },
];

impl Peer {
    /// The readings of this peer, none if it does not do this work.
    pub(crate) fn run(&self, work: &Work, sizes: &Sizes) -> Fallible<Vec<Reading>> {
        let Some((blocks, bytes)) = work.for_peers else {
            return Ok(Vec::new());
        };
        if !self.does.iter().any(|group| work.name.starts_with(group)) {
            return Ok(Vec::new());
        }
        let interop = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../interop");
        let mut command = match self.program {
            Program::Node(script) => {
                let mut command = Command::new("node");
                command.arg(interop.join(script));
                command
            }
            Program::Cargo(folder) => {
                let mut command = Command::new("cargo");
                command.args(["run", "--release", "--quiet", "--manifest-path"]);
                command.arg(interop.join(folder).join("Cargo.toml"));
                command.arg("--");
                command
            }
        };
        let blocks = (sizes.of(blocks) / self.part).max(200);
        command.args([work.name, &blocks.to_string(), &bytes.to_string()]);
        let mut readings = child::readings(command)?;
        for reading in &mut readings {
            reading.peer = Some(self.name.to_owned());
        }
        Ok(readings)
    }
}
