//! The table of parity names tests that exist, and has no empty cell where it compares.

use std::collections::BTreeMap;

const TABLE: &str = "docs/parity.md";

/// Where the tests of each prefix lie.
const TESTS: [(&str, &str); 2] = [
    ("npm", "crates/testing/interop/tests/npm"),
    ("hyperfeed", "crates/hyperfeed/tests/it"),
];

/// Every test that the table names and that is not there, and every row without one.
pub(crate) fn complaints(texts: &BTreeMap<&str, String>) -> Vec<String> {
    let Some(table) = texts.get(TABLE) else {
        return Vec::new();
    };
    let mut complaints = Vec::new();
    for (at, line) in table.lines().enumerate() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, upstream, ours, test, _, _] = cells[..] else {
            continue;
        };
        if upstream == "upstream" || upstream.starts_with("---") {
            continue;
        }
        if [upstream, ours, test].contains(&"") {
            complaints.push(format!("{TABLE}:{}: an empty cell", at + 1));
        }
        let named = test.trim_matches('`');
        if let [prefix, module, name] = named.split("::").collect::<Vec<_>>()[..]
            && !exists(prefix, module, name, texts)
        {
            complaints.push(format!("{TABLE}:{}: no test {named}", at + 1));
        }
    }
    complaints
}

fn exists(prefix: &str, module: &str, name: &str, texts: &BTreeMap<&str, String>) -> bool {
    let folder = TESTS.iter().find(|(known, _)| *known == prefix);
    let text = folder.and_then(|(_, folder)| texts.get(format!("{folder}/{module}.rs").as_str()));
    text.is_some_and(|text| text.contains(&format!("fn {name}()")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_without_a_test_and_tests_that_are_not_there_are_told() {
        let table = "| upstream | ours | test | difference |\n|---|---|---|---|\n\
                     | `a` | `b` | `npm::clone::good` | |\n\
                     | `a` | `b` | `npm::clone::gone` | |\n\
                     | `a` | `b` | | why |\n";
        let tests = "fn good() {}\n";
        let texts = BTreeMap::from([
            (TABLE, table.to_owned()),
            (
                "crates/testing/interop/tests/npm/clone.rs",
                tests.to_owned(),
            ),
        ]);
        let told = complaints(&texts);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].contains("no test npm::clone::gone"));
        assert!(told[1].contains("an empty cell"));
    }
}
