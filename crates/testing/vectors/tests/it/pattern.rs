use hyperfeed_testing_vectors::{hex, json, pattern};
use serde_json::Value;

#[test]
fn the_pattern_is_that_of_the_feed_of_sizes_0_to_20() {
    let vectors = json("feeds");
    let feeds = vectors["feeds"].as_array().unwrap();
    let feed = feeds
        .iter()
        .find(|feed| feed["name"] == "sizes 0 to 20")
        .unwrap();
    let blocks: Vec<Vec<u8>> = feed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|data| hex(data.as_str().unwrap()))
        .collect();
    assert_eq!(blocks, (0..=20).map(pattern).collect::<Vec<_>>());
}

#[test]
fn it_changes_with_the_second_byte_of_the_position() {
    let data = pattern(1 << 17);
    assert_eq!(data[256], 8);
    assert_eq!(data[65536], 7);
    for (at, byte) in data.iter().enumerate() {
        assert_eq!(usize::from(*byte), (at * 31 + 7 + (at >> 8)) & 255);
    }
}

#[test]
fn every_sentence_about_it_gives_the_same_formula() {
    let vectors = ["feeds", "hashes", "secretbox"].map(json);
    let text = vectors.map(|value: Value| value.to_string()).join("");
    assert_eq!(
        text.matches("byte i is (i * 31 + 7 + (i >> 8)) & 255")
            .count(),
        3
    );
}
