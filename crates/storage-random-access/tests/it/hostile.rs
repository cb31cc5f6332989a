use std::io;
use std::sync::{Arc, Mutex};

use hyperfeed_storage::{RandomAccess, StorageErrorKind};
use hyperfeed_storage_random_access::FromRandomAccess;
use random_access_storage::{RandomAccess as Foreign, RandomAccessError};

/// Says it has `len` bytes, and answers each read with as many bytes as `answer` says.
struct Liar {
    len: u64,
    answer: fn(u64) -> u64,
    asked: Arc<Mutex<Vec<u64>>>,
}

#[async_trait::async_trait]
impl Foreign for Liar {
    async fn write(&mut self, _: u64, _: &[u8]) -> Result<(), RandomAccessError> {
        Ok(())
    }

    async fn read(&mut self, _: u64, length: u64) -> Result<Vec<u8>, RandomAccessError> {
        self.asked.lock().unwrap().push(length);
        Ok(vec![0; (self.answer)(length) as usize])
    }

    async fn del(&mut self, _: u64, _: u64) -> Result<(), RandomAccessError> {
        Ok(())
    }

    async fn truncate(&mut self, _: u64) -> Result<(), RandomAccessError> {
        Err(RandomAccessError::IO {
            return_code: None,
            context: Some("no room".to_owned()),
            source: io::ErrorKind::StorageFull.into(),
        })
    }

    async fn len(&mut self) -> Result<u64, RandomAccessError> {
        Ok(self.len)
    }

    async fn is_empty(&mut self) -> Result<bool, RandomAccessError> {
        Ok(self.len == 0)
    }

    async fn sync_all(&mut self) -> Result<(), RandomAccessError> {
        Ok(())
    }
}

fn liar(len: u64, answer: fn(u64) -> u64) -> (FromRandomAccess<Liar>, Arc<Mutex<Vec<u64>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let inner = Liar {
        len,
        answer,
        asked: Arc::clone(&asked),
    };
    (FromRandomAccess::new(inner), asked)
}

#[test]
fn a_read_of_another_length_is_an_error_and_never_zeros() {
    let answers: [fn(u64) -> u64; 4] = [|_| 0, |n| n - 1, |n| n + 1, |n| n / 2];
    for answer in answers {
        let (file, _) = liar(100, answer);
        let error = file.read(0, &mut [1; 100]).unwrap_err();
        assert_eq!(error.kind(), StorageErrorKind::Io);
        assert!(
            error.to_string().contains("asked for 100 bytes at 0"),
            "{error}"
        );
    }
}

#[test]
fn no_more_than_a_mebibyte_is_asked_for_at_once() {
    let (file, asked) = liar(u64::MAX, |n| n);
    file.read(7, &mut vec![1; (2 << 20) + 5]).unwrap();
    assert_eq!(*asked.lock().unwrap(), [1 << 20, 1 << 20, 5]);
}

#[test]
fn a_write_that_does_not_read_back_is_an_error() {
    let (mut file, _) = liar(100, |n| n);
    assert_eq!(
        file.write(0, b"x").unwrap_err().kind(),
        StorageErrorKind::Io
    );
    file.write(0, b"\0").unwrap();
}

#[test]
fn errors_keep_their_kind_and_context() {
    let (mut file, _) = liar(100, |n| n);
    let error = file.truncate(5).unwrap_err();
    assert_eq!(error.kind(), StorageErrorKind::Full);
    assert_eq!(error.context(), "external storage: no room");
    assert!(file.into_inner().is_some());
}
