//! A command line that makes no sense ends with 2, and touches nothing.

use crate::machine::Machine;

#[test]
fn a_senseless_command_line_ends_with_2() {
    let machine = Machine::new();
    let lines: &[&[&str]] = &[
        &[],
        &["frobnicate"],
        &["append"],
        &["append", "feed", "--chunk", "huge"],
        &["append", "feed", "--chunk", "0"],
        &["append", "feed", "--chunk", "6MiB"],
        &["append", "feed", "--lines", "--whole"],
        &["get", "feed"],
        &["get", "feed", "minus one"],
        &["cat", "feed", "--start", "5", "--end", "3"],
        &["clone", "key"],
        &["clone", "key", "host without port"],
        &["clone", "key", "host:123456"],
        &["clone", "key", "host:1", "--timeout", "soon"],
        &["share", "--listen", "here"],
        &["share", "--max-upload", "fast"],
        &["sync", "feed"],
        &["sync", "host:1"],
        &["list", "--quiet", "--verbose"],
    ];
    for line in lines {
        let assert = machine.hyperfeed(*line).assert().code(2).stdout("");
        let words = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
        assert!(
            words.contains("Usage") || words.contains("--help"),
            "{line:?}: {words}"
        );
    }
    assert!(!machine.store().exists());
}

#[test]
fn help_and_version_are_no_errors() {
    let machine = Machine::new();
    assert!(machine.run(["--help"]).contains("clone"));
    assert!(machine.run(["clone", "--help"]).contains("--to"));
    assert!(machine.run(["--version"]).starts_with("hyperfeed "));
}
