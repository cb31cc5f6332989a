use crate::scenario::{Scenario, files};
use hyperfeed_merkle::Digest;
use hyperfeed_v2_leveldb::{NpmStore, ReadError};
use std::fs;
use std::path::Path;

/// Reads all there is; how many blocks.
fn read_everything(dir: &Path) -> Result<u64, ReadError> {
    let mut npm = NpmStore::open(dir)?;
    let mut blocks = 0;
    for feed in npm.feeds()?.into_iter().flatten() {
        let stored = npm.read(&feed)?;
        for block in stored.blocks().runs(0..u64::MAX).flatten() {
            stored.block(&mut npm, block)?;
            stored.proof(&mut npm, block, Digest::NONE).ok();
            blocks += 1;
        }
    }
    npm.nameless()?;
    Ok(blocks)
}

#[test]
fn damage_is_an_error_or_fewer_blocks_and_never_a_panic() {
    // What the reader beneath says while it panics is of no use here.
    std::panic::set_hook(Box::new(|_| {}));
    let dir = Scenario::named("live feed, seventeen blocks").write("");
    let whole = read_everything(dir.path()).unwrap();
    assert!(whole > 0);
    let (mut errors, mut fewer) = (0, 0);
    for (name, content) in files(dir.path()) {
        if name.starts_with("LOG") || name == "LOCK" {
            continue;
        }
        let path = dir.path().join(&name);
        let step = content.len() / 60 + 1;
        let flipped = (0..content.len()).step_by(step).map(|at| {
            let mut content = content.clone();
            content[at] ^= 0x41;
            content
        });
        let cut = (0..content.len())
            .step_by(step * 3)
            .map(|at| content[..at].to_vec());
        for damaged in flipped.chain(cut) {
            fs::write(&path, &damaged).unwrap();
            match read_everything(dir.path()) {
                Ok(blocks) => {
                    assert!(blocks <= whole, "{name}");
                    fewer += u32::from(blocks < whole);
                }
                Err(_) => errors += 1,
            }
            assert!(fs::read(&path).unwrap() == damaged, "{name} was written to");
        }
        fs::write(&path, &content).unwrap();
    }
    let _ = std::panic::take_hook();
    assert!(
        errors > 0 && fewer > 0,
        "{errors} errors, {fewer} times fewer"
    );
}
