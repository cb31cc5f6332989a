//! Inputs that once broke something.
//!
//! `findings/TARGET.txt` has one input a line, in hex; lines that begin with `#` say what it broke.

use crate::inputs::try_input;
use hyperfeed_testing_fuzz::Target;
use hyperfeed_types::hex;
use std::fs;
use std::path::Path;

#[test]
fn what_was_found_once_is_borne_now() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("findings");
    let mut failed = Vec::new();
    for path in fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
    {
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        let name = path.file_stem().unwrap().to_str().unwrap();
        let target = Target::named(name).unwrap_or_else(|| panic!("no target is called {name}"));
        (target.run)(&[]);
        for line in fs::read_to_string(&path).unwrap().lines() {
            if !line.starts_with('#') && !line.is_empty() {
                let input = hex::decode(line).unwrap_or_else(|error| panic!("{name}: {error}"));
                failed.extend(try_input(target, &input).err());
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
