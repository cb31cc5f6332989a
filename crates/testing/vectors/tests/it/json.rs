use hyperfeed_testing_vectors::{NAMES, json};
use std::fs;
use std::path::Path;

#[test]
fn every_name_loads_a_file_that_says_what_it_is_about() {
    for name in NAMES {
        let value = json(name);
        assert!(value["about"].as_str().unwrap().len() > 20, "{name}");
        assert!(value.as_object().unwrap().len() > 1, "{name}");
    }
}

#[test]
fn every_file_of_the_folder_has_a_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("gen2");
    let mut files: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter_map(|file| Some(file.strip_suffix(".json")?.to_owned()))
        .collect();
    files.sort();
    assert_eq!(files, NAMES);
}

#[test]
fn every_file_has_its_row_in_the_description() {
    let readme = include_str!("../../README.md");
    for name in NAMES {
        assert!(readme.contains(&format!("| `{name}` |")), "{name}");
        for section in json(name).as_object().unwrap().keys() {
            let is_rows = json(name)[section].is_array();
            assert!(
                !is_rows || readme.contains(&format!("`{section}`")),
                "{name}: {section}"
            );
        }
    }
}

#[test]
#[should_panic(expected = "no vectors are called \"hash\"; there are bitfield-rle, feeds,")]
fn an_unknown_name_fails_and_lists_the_known_ones() {
    let _ = json("hash");
}
