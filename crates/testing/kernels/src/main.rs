#![doc = include_str!("../README.md")]

mod bitfield;
mod codec;
mod plain_hash;
mod proof;
mod session;
mod tree;

use std::process::ExitCode;

/// A name, the rounds to count, and what runs them. Gives a number that depends on all that was done.
type Kernel = (&'static str, u64, fn(u64) -> u64);

const KERNELS: [Kernel; 8] = [
    ("flat-tree", 20_000, tree::walk),
    ("rle-encode", 200, bitfield::encode),
    ("rle-decode", 200, bitfield::decode),
    ("proof-plan", 5_000, proof::plan),
    ("proof-verify", 5_000, proof::verify),
    ("codec-encode", 5_000, codec::encode),
    ("codec-decode", 5_000, codec::decode),
    ("session", 2_000, session::run),
];

/// `hyperfeed-kernels` lists the kernels with their rounds; `hyperfeed-kernels NAME ROUNDS` runs one.
fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.as_slice() {
        [] => {
            for (name, rounds, _) in KERNELS {
                println!("{name} {rounds}");
            }
            ExitCode::SUCCESS
        }
        [name, rounds] => {
            let kernel = KERNELS.iter().find(|(known, ..)| known == name);
            let (Some((.., run)), Ok(rounds)) = (kernel, rounds.parse()) else {
                eprintln!("hyperfeed-kernels [NAME ROUNDS]");
                return ExitCode::from(2);
            };
            println!("{}", run(rounds));
            ExitCode::SUCCESS
        }
        _ => ExitCode::from(2),
    }
}

/// A number that looks like chance (SplitMix64).
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
