use crate::pipe::pipe;
use crate::within::within;
use futures::TryStreamExt;
use hyperfeed::{Bytes, Core, Durability, ErrorKind, FeedOptions};
use std::fs;
use std::path::Path;

#[test]
fn everything_is_there_after_reopening() {
    within(async {
        let dir = tempfile::tempdir().unwrap();
        let core = Core::open(dir.path()).await.unwrap();
        let feed = core
            .create_feed_with(FeedOptions::new().alias("diary"))
            .await
            .unwrap();
        feed.append_batch((0..300).map(|number| format!("block {number}")))
            .await
            .unwrap();
        feed.append_with(["last"], Durability::Power).await.unwrap();
        let sealed = core.create_static_feed().await.unwrap();
        sealed.append_batch(["a", "b"]).await.unwrap();
        let sealed_key = sealed.finalize().await.unwrap();
        let open = core
            .create_static_feed_with(FeedOptions::new().alias("draft"))
            .await
            .unwrap();
        open.append("c").await.unwrap();
        let key = feed.key().unwrap();
        core.close().await.unwrap();

        let core = Core::open(dir.path()).await.unwrap();
        assert_eq!(core.list().await.unwrap().len(), 3);
        let feed = core.open_feed(&key).await.unwrap();
        assert_eq!(feed.length(), 301);
        let blocks: Vec<Bytes> = feed.read_stream(..).try_collect().await.unwrap();
        assert_eq!(blocks[299], "block 299");
        assert_eq!(blocks[300], "last");
        assert_eq!(feed.append("more").await.unwrap(), 301);
        let sealed = core.open_feed(&sealed_key).await.unwrap();
        assert!(sealed.is_finalized());
        assert_eq!(sealed.get(1).await.unwrap(), "b");
        let draft = core.open_local("draft").await.unwrap();
        assert_eq!(draft.append("d").await.unwrap(), 1);
        draft.finalize().await.unwrap();
        assert_eq!(draft.get(0).await.unwrap(), "c");
    });
}

#[test]
fn a_second_core_on_the_same_directory_is_refused() {
    within(async {
        let dir = tempfile::tempdir().unwrap();
        let core = Core::open(dir.path()).await.unwrap();
        let refused = Core::open(dir.path()).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InUse);
        assert!(
            refused.to_string().contains(&*dir.path().to_string_lossy()),
            "{refused}"
        );
        core.close().await.unwrap();
        Core::open(dir.path()).await.unwrap();
    });
}

#[test]
fn a_store_restored_from_a_backup_appends_only_after_it_has_fetched_what_it_signed_before() {
    within(async {
        let (dir, backup) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let core = Core::open(dir.path()).await.unwrap();
        let feed = core.create_feed().await.unwrap();
        let key = feed.key().unwrap();
        feed.append_batch(["0", "1", "2"]).await.unwrap();
        core.close().await.unwrap();
        copy_files(dir.path(), backup.path());

        let core = Core::open(dir.path()).await.unwrap();
        let feed = core.open_feed(&key).await.unwrap();
        feed.append_batch(["3", "4", "5"]).await.unwrap();
        let reader = Core::memory().unwrap();
        let copy = reader.open_feed(&key).await.unwrap();
        let (a, b) = pipe(4096);
        feed.replicate(a).unwrap();
        copy.replicate(b).unwrap();
        copy.download(..).await.unwrap();
        core.close().await.unwrap();

        let core = Core::open(backup.path()).await.unwrap();
        let feed = core.open_feed(&key).await.unwrap();
        assert_eq!((feed.length(), feed.is_writable()), (3, true));
        // By hand, so that nothing else comes with it.
        let digest = feed.digest(5).await.unwrap();
        let proof = copy.proof(5, digest).await.unwrap().unwrap();
        let block = copy.get(5).await.unwrap();
        assert!(feed.put(5, block, proof).await.unwrap());
        assert_eq!(
            feed.append("a fork").await.unwrap_err().kind(),
            ErrorKind::Behind
        );
        let (a, b) = pipe(4096);
        feed.replicate(a).unwrap();
        copy.replicate(b).unwrap();
        feed.download(..).await.unwrap();
        assert_eq!(feed.append("6").await.unwrap(), 6);
        assert_eq!(copy.get(6).await.unwrap(), "6");
        for index in 0..6_u64 {
            assert_eq!(feed.get(index).await.unwrap(), index.to_string());
        }
    });
}

fn copy_files(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy_files(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

#[test]
fn the_secret_key_lies_in_a_file_of_its_own() {
    within(async {
        let dir = tempfile::tempdir().unwrap();
        let core = Core::open(dir.path()).await.unwrap();
        let feed = core.create_feed().await.unwrap();
        feed.append("a").await.unwrap();
        let secret = core.secret_key(&feed.public_id()).await.unwrap().unwrap();
        core.close().await.unwrap();
        let holders = files_with(dir.path(), &secret.to_bytes()[..32]);
        let expected = dir.path().join("keys").join(feed.public_id().to_string());
        assert_eq!(holders, std::slice::from_ref(&expected));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(
                fs::metadata(expected).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
    });
}

#[test]
fn a_feed_whose_key_file_is_lost_can_still_be_read() {
    within(async {
        let dir = tempfile::tempdir().unwrap();
        let core = Core::open(dir.path()).await.unwrap();
        let feed = core.create_feed().await.unwrap();
        feed.append("a").await.unwrap();
        let key = feed.key().unwrap();
        core.close().await.unwrap();
        fs::remove_file(dir.path().join("keys").join(feed.public_id().to_string())).unwrap();
        let core = Core::open(dir.path()).await.unwrap();
        let feed = core.open_feed(&key).await.unwrap();
        assert_eq!(feed.get(0).await.unwrap(), "a");
        assert_eq!(
            feed.append("b").await.unwrap_err().kind(),
            ErrorKind::NotWritable
        );
    });
}

#[test]
fn a_changed_byte_on_disk_is_told_and_not_handed_out() {
    within(async {
        let dir = tempfile::tempdir().unwrap();
        let core = Core::open(dir.path()).await.unwrap();
        let feed = core.create_feed().await.unwrap();
        feed.append_batch(["first", "second", "third"])
            .await
            .unwrap();
        let key = feed.key().unwrap();
        core.close().await.unwrap();
        let [file] = &files_with(&dir.path().join("blocks"), b"firstsecondthird")[..] else {
            panic!()
        };
        let bytes = fs::read(file).unwrap();
        fs::write(file, [&bytes[..6], b"X", &bytes[7..]].concat()).unwrap();
        let core = Core::open(dir.path()).await.unwrap();
        let feed = core.open_feed(&key).await.unwrap();
        assert_eq!(feed.get(0).await.unwrap(), "first");
        let error = feed.get(1).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(error.to_string().contains("block 1"), "{error}");
        assert_eq!(feed.get(2).await.unwrap(), "third");
    });
}

#[test]
fn a_removed_feed_leaves_no_files() {
    within(async {
        let dir = tempfile::tempdir().unwrap();
        let core = Core::open(dir.path()).await.unwrap();
        let feed = core.create_feed().await.unwrap();
        feed.append("something to find").await.unwrap();
        core.remove(&feed.public_id()).await.unwrap();
        core.close().await.unwrap();
        assert!(files_with(&dir.path().join("blocks"), b"something").is_empty());
        assert_eq!(fs::read_dir(dir.path().join("keys")).unwrap().count(), 0);
    });
}

#[test]
fn more_feeds_than_open_files_can_be_written_and_read() {
    within(async {
        let dir = tempfile::tempdir().unwrap();
        let core = Core::builder()
            .dir(dir.path())
            .max_open_files(4)
            .open()
            .await
            .unwrap();
        let mut feeds = Vec::new();
        for number in 0..20 {
            let feed = core.create_feed().await.unwrap();
            feed.append(format!("of feed {number}")).await.unwrap();
            feeds.push(feed);
        }
        for (number, feed) in feeds.iter().enumerate() {
            feed.append("second").await.unwrap();
            assert_eq!(feed.get(0).await.unwrap(), format!("of feed {number}"));
        }
    });
}

/// The files below a directory that have these bytes in them.
fn files_with(dir: &Path, bytes: &[u8]) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, bytes));
        } else if fs::read(&path)
            .unwrap()
            .windows(bytes.len())
            .any(|window| window == bytes)
        {
            found.push(path);
        }
    }
    found
}
