//! No room: a clear error, nothing lost, and the next run goes on.
#![cfg(unix)]

use crate::machine::{Machine, binary, complaint, noise};
use std::path::Path;
use std::process::{Command, Output};

/// Runs `script` with the command as `$0`, in the directory of the machine's files.
fn shell(machine: &Machine, script: &str, args: &[&str]) -> Output {
    Command::new("sh")
        .args(["-c", script])
        .arg(binary())
        .args(args)
        .current_dir(machine.path(""))
        .env_remove("HYPERFEED_STORE")
        .output()
        .unwrap()
}

/// No file may grow past `$1` units of 512 bytes.
const LIMITED: &str = r#"trap "" XFSZ; ulimit -f "$1"; shift; exec "$0" --store store "$@""#;

#[test]
fn an_append_without_room_keeps_what_is_acknowledged_and_goes_on_later() {
    let machine = Machine::new();
    machine.create("film");
    let bytes = noise(20 << 20);
    machine.file("original", &bytes);
    let output = shell(&machine, LIMITED, &["20480", "append", "film", "original"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = complaint(&output);
    assert!(said.contains("raise the limit"), "{said}");
    assert!(said.contains("the same command goes on"), "{said}");

    let had = machine.json(["info", "film"])[0]["length"]
        .as_u64()
        .unwrap();
    assert!(had > 0 && had < 320, "{had}");
    assert!(
        said.contains(&format!("blocks 0..{had} are appended and stay")),
        "{said}"
    );
    let told = machine.json(["append", "film", "original"]);
    assert_eq!(told[0]["end"], 320);
    assert!(machine.bytes(["cat", "film"]) == bytes);
}

#[test]
fn a_clone_without_room_keeps_what_came_and_goes_on_later() {
    let (writer, reader) = (Machine::new(), Machine::new());
    let key = writer.create("film");
    let bytes = noise(20 << 20);
    writer.file("original", &bytes);
    writer.run(["append", "film", "original"]);
    let (_sharing, address) = writer.share(&[]);
    let clone = ["clone", &key, &address, "--to", "copy"];
    let output = shell(&reader, LIMITED, &[&["20480"], clone.as_slice()].concat());
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = complaint(&output);
    assert!(said.contains("raise the limit"), "{said}");

    let had = reader.held(&key);
    assert!(had < 320, "{had}");
    let told = reader.json(clone);
    assert_eq!(told.last().unwrap()["fetched"], 320 - had);
    assert!(std::fs::read(reader.path("copy")).unwrap() == bytes);
}

/// A file system of 4 MiB of its own, which goes away with the shell.
#[cfg(target_os = "linux")]
const SMALL_DISK: &str = r#"mkdir -p small && mount -t tmpfs -o size=4m tmpfs small || exit 77
"$0" --store small/store create --alias film >&2 || exit 3
"$0" --store small/store append film first || exit 4
"$0" --store small/store append film large && exit 5
"$0" --store small/store verify || exit 6
"$0" --store small/store append film first || exit 7
"$0" --store small/store cat film"#;

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_loses_nothing() {
    let machine = Machine::new();
    machine.file("first", "content");
    machine.file("large", noise(8 << 20));
    let tool = Path::new("/usr/bin/unshare");
    let output = Command::new(tool)
        .args(["-rm", "sh", "-c", SMALL_DISK])
        .arg(binary())
        .current_dir(machine.path(""))
        .output();
    let Ok(output) = output else { return };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let code = output.status.code();
    if code == Some(77) || said.starts_with("unshare:") {
        // Not everybody may have a file system of their own; the limit on files above tells nearly as much.
        return;
    }
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("no space left"), "{said}");
    assert!(said.contains("make room"), "{said}");
    assert!(said.contains("nothing was appended"), "{said}");
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        stdout.contains("film: 1 blocks, 7 bytes, all sound"),
        "{stdout}"
    );
    assert!(stdout.ends_with("contentcontent"), "{stdout}");
}
