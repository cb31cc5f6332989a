use hyperfeed_storage::{Batch, Op};
use proptest::collection::vec;
use proptest::prelude::*;

fn sample() -> Batch {
    let mut batch = Batch::new();
    batch.put(b"key", b"value");
    batch.delete(b"gone");
    batch.put(b"", b"");
    batch
}

#[test]
fn a_batch_gives_back_what_was_added_in_order() {
    let batch = sample();
    let ops: Vec<_> = batch.iter().collect();
    assert_eq!(
        ops,
        [
            Op::Put {
                key: b"key",
                value: b"value"
            },
            Op::Delete { key: b"gone" },
            Op::Put {
                key: b"",
                value: b""
            },
        ]
    );
    assert_eq!((batch.len(), batch.iter().len()), (3, 3));
    assert_eq!(batch.byte_len(), 17 + 8 + 9 + 4 + 17);
}

#[test]
fn clearing_leaves_an_empty_batch() {
    let mut batch = sample();
    batch.clear();
    assert!(batch.is_empty());
    assert_eq!(
        (batch.len(), batch.byte_len(), batch.iter().count()),
        (0, 0, 0)
    );
}

#[test]
fn appending_keeps_the_order_of_both() {
    let mut batch = sample();
    batch.append(&sample());
    let expected: Vec<Op<'_>> = [].into_iter().collect();
    assert_ne!(batch.iter().collect::<Vec<_>>(), expected);
    let (one, two) = (sample(), sample());
    assert!(batch.iter().eq(one.iter().chain(two.iter())));
    assert_eq!(batch.len(), 6);
}

#[test]
fn the_encoding_is_frozen() {
    let mut batch = Batch::new();
    batch.put(b"k", b"vw");
    batch.delete(b"d");
    let mut expected = vec![1, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0];
    expected.extend_from_slice(b"kvw");
    expected.extend_from_slice(&[2, 1, 0, 0, 0, 0, 0, 0, 0]);
    expected.extend_from_slice(b"d");
    assert_eq!(batch.encoded(), expected);
}

#[test]
fn every_cut_of_an_encoding_is_refused_unless_it_is_between_operations() {
    let batch = sample();
    let borders = [0, 25, 38, 55];
    for cut in 0..batch.byte_len() {
        let decoded = Batch::decode(batch.encoded()[..cut].to_vec());
        assert_eq!(decoded.is_ok(), borders.contains(&cut), "cut at {cut}");
        if let Err(error) = decoded {
            let start = borders.iter().rev().find(|&&border| border <= cut);
            assert_eq!(Some(&error.offset), start);
        }
    }
}

#[test]
fn lengths_near_the_largest_number_are_refused() {
    for tag in [0, 1, 2, 3, 255] {
        let mut bytes = vec![tag];
        bytes.extend_from_slice(&[0xff; 40]);
        assert!(Batch::decode(bytes).is_err(), "tag {tag}");
    }
}

proptest! {
    #[test]
    fn decoding_gives_back_what_was_encoded(ops in vec((any::<bool>(), vec(any::<u8>(), 0..20), vec(any::<u8>(), 0..60)), 0..20)) {
        let mut batch = Batch::new();
        for (put, key, value) in &ops {
            if *put {
                batch.put(key, value);
            } else {
                batch.delete(key);
            }
        }
        prop_assert_eq!(Batch::decode(batch.encoded().to_vec()).unwrap(), batch);
    }

    #[test]
    fn decoding_any_bytes_gives_a_batch_of_exactly_these_bytes_or_an_error(bytes in vec(prop_oneof![0..3_u8, any::<u8>()], 0..100)) {
        if let Ok(batch) = Batch::decode(bytes.clone()) {
            prop_assert_eq!(batch.encoded(), &bytes);
            prop_assert_eq!(batch.iter().count(), batch.len());
        }
    }
}
