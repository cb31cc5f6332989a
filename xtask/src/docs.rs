//! Documents lead somewhere: links, citations of sections and anchors, the table of limits.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::{parity, workspace};

/// Where "spec section N" leads.
const SPECIFICATION: &str = "docs/protocol-v2.md";

const LIMITS: &str = "SECURITY.md";

/// Every place that leads nowhere.
pub(crate) fn complaints(files: &[String]) -> Vec<String> {
    let root = workspace::root();
    let texts: BTreeMap<&str, String> = files
        .iter()
        .filter_map(|path| {
            fs::read_to_string(root.join(path))
                .ok()
                .map(|text| (path.as_str(), text))
        })
        .collect();
    let mut complaints = check(&texts);
    complaints.extend(parity::complaints(&texts));
    complaints
}

fn check(texts: &BTreeMap<&str, String>) -> Vec<String> {
    let targets: BTreeMap<&str, BTreeSet<String>> = texts
        .iter()
        .filter(|(path, _)| path.ends_with(".md"))
        .map(|(path, text)| (*path, anchors(text)))
        .collect();
    let mut complaints = Vec::new();
    for (path, text) in texts {
        for (number, line) in text.lines().enumerate() {
            let mut places = citations(line);
            if path.ends_with(".md") {
                places.extend(links(path, line));
            }
            let broken = places
                .into_iter()
                .filter(|place| !leads_somewhere(place, texts, &targets));
            complaints.extend(
                broken.map(|place| format!("{path}:{}: leads nowhere: {place}", number + 1)),
            );
        }
    }
    if let Some(text) = texts.get(LIMITS) {
        complaints.extend(text.lines().enumerate().filter_map(|(number, line)| {
            wrong_limit(line, texts).map(|what| format!("{LIMITS}:{}: {what}", number + 1))
        }));
    }
    complaints
}

/// `path` or `path#anchor`, of files under version control.
fn leads_somewhere(
    place: &str,
    texts: &BTreeMap<&str, String>,
    targets: &BTreeMap<&str, BTreeSet<String>>,
) -> bool {
    match place.split_once('#') {
        Some((path, anchor)) => targets
            .get(path)
            .is_some_and(|anchors| anchors.contains(anchor)),
        // A folder leads somewhere as well.
        None => texts.keys().any(|path| {
            path.strip_prefix(place)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        }),
    }
}

/// Explicit anchors, anchors of headings as hosts make them, and numbers of sections.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    for line in text.lines() {
        let explicit = line
            .split("<a id=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next());
        anchors.extend(explicit.map(str::to_owned));
        let Some(heading) = line
            .strip_prefix('#')
            .map(|rest| rest.trim_start_matches('#').trim())
        else {
            continue;
        };
        let kept = heading.to_lowercase().replace(' ', "-");
        anchors.insert(
            kept.chars()
                .filter(|c| c.is_alphanumeric() || "-_".contains(*c))
                .collect(),
        );
        if let Some(number) = heading.split(' ').next() {
            anchors.insert(format!("section {}", number.trim_end_matches('.')));
        }
    }
    anchors
}

/// A document in `docs` with an anchor, and "spec section N", in any line.
fn citations(line: &str) -> Vec<String> {
    let of_file = line.match_indices("docs/").filter_map(|(at, _)| {
        let end = |c: char| !(c.is_ascii_alphanumeric() || "/-_.#".contains(c));
        let place = line[at..].split(end).next()?.trim_end_matches('.');
        // Without an anchor it is a link, or prose.
        (place.contains(".md#") && !line[..at].ends_with('/')).then(|| place.to_owned())
    });
    let sections = line.match_indices("spec section ").map(|(at, mark)| {
        let rest = &line[at + mark.len()..];
        let number = rest
            .split(|c: char| !(c.is_ascii_digit() || c == '.'))
            .next()
            .unwrap_or_default();
        format!("{SPECIFICATION}#section {}", number.trim_end_matches('.'))
    });
    of_file
        .chain(sections.filter(|place| !place.ends_with(' ')))
        .collect()
}

/// Targets of relative links in a document, as paths from the root.
fn links(path: &str, line: &str) -> Vec<String> {
    let target = |rest: &str| {
        let link = rest.split(')').next()?;
        let elsewhere = link.contains("://") || link.contains(' ') || link.is_empty();
        (!elsewhere).then(|| resolve(path, link))
    };
    line.split("](").skip(1).filter_map(target).collect()
}

fn resolve(document: &str, link: &str) -> String {
    if let Some(anchor) = link.strip_prefix('#') {
        return format!("{document}#{anchor}");
    }
    let folder = Path::new(document)
        .parent()
        .map(|folder| folder.display().to_string())
        .unwrap_or_default();
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in link.trim_end_matches('/').split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// A row ``| what | `crate` | `NAME` = `value` | then | `test` |`` whose name has another value in the source, or whose
/// test is not there.
fn wrong_limit(line: &str, texts: &BTreeMap<&str, String>) -> Option<String> {
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    let [_, _, folder, limit, _, rest @ ..] = cells.as_slice() else {
        return None;
    };
    let folder = folder.strip_prefix('`')?.strip_suffix('`')?;
    let (name, value) = limit
        .strip_prefix('`')?
        .strip_suffix('`')?
        .split_once("` = `")?;
    let sources = format!("crates/{folder}/src/");
    let assigned = |text: &String| {
        text.lines().any(|line| {
            let Some((before, after)) = line.split_once(name) else {
                return false;
            };
            let whole = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
            let constant = after.split_once(" = ").map(|(_, value)| value);
            let given = constant.or_else(|| after.strip_prefix(": "));
            whole
                && after.starts_with(':')
                && given.is_some_and(|given| given.trim_end_matches([';', ',']) == value)
        })
    };
    let found = texts
        .iter()
        .any(|(path, text)| path.starts_with(&sources) && assigned(text));
    if !found {
        return Some(format!("no `{name}` of `{value}` in {sources}"));
    }
    let [test, _] = rest else { return None };
    let test = test.trim_matches('`');
    let function = format!("fn {test}(");
    let tested = texts
        .iter()
        .any(|(path, text)| path.ends_with(".rs") && text.contains(&function));
    (!tested).then(|| format!("no test `{test}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(files: &[(&'static str, &str)]) -> Vec<String> {
        check(
            &files
                .iter()
                .map(|(path, text)| (*path, (*text).to_owned()))
                .collect(),
        )
    }

    const SPEC: (&str, &str) = (
        "docs/protocol-v2.md",
        "<a id=\"frames\"></a>\n### 14.1 Frames\n## 2. Hashes\n",
    );

    #[test]
    fn citations_must_lead_to_an_anchor_or_a_section() {
        let good = "// docs/protocol-v2.md#frames, spec section 14.1 and spec section 2.\n";
        assert_eq!(complaints(&[SPEC, ("a.rs", good)]), [""; 0]);
        // In halves, so that this file does not cite them.
        let gone = ["docs/protocol-v2.md", "gone"].join("#");
        let bad = format!("// {gone}\n// spec {} 3\n", "section");
        let expected = [
            format!("a.rs:1: leads nowhere: {gone}"),
            format!(
                "a.rs:2: leads nowhere: {}",
                [SPECIFICATION, "section 3"].join("#")
            ),
        ];
        assert_eq!(complaints(&[SPEC, ("a.rs", &bad)]), expected);
    }

    #[test]
    fn links_must_lead_to_a_file_a_folder_or_a_heading() {
        let good = "[a](docs/protocol-v2.md) [b](docs/protocol-v2.md#2-hashes) [c](docs) [d](https://x.org/y) [e](#top)\n# Top\n";
        assert_eq!(complaints(&[SPEC, ("README.md", good)]), [""; 0]);
        let up = ("docs/a.md", "[a](../README.md) [b](../nowhere.md)\n");
        let expected = ["docs/a.md:1: leads nowhere: nowhere.md"];
        assert_eq!(complaints(&[("README.md", ""), up]), expected);
    }

    #[test]
    fn the_test_of_a_limit_must_be_there() {
        let source = ("crates/a/src/b.rs", "const MAX: u8 = 4;\n");
        let test = ("crates/a/tests/c.rs", "fn four_are_enough() {}\n");
        let row = |name: &str| format!("| a | `a` | `MAX` = `4` | c | `{name}` |\n");
        let complaints = |name: &str| complaints(&[source, test, ("SECURITY.md", &row(name))]);
        assert_eq!(complaints("four_are_enough"), [""; 0]);
        assert_eq!(
            complaints("four_are_too_many"),
            ["SECURITY.md:1: no test `four_are_too_many`"]
        );
        assert_eq!(complaints("").len(), 1);
    }

    #[test]
    fn a_limit_must_be_what_the_source_says() {
        let source = (
            "crates/v2/wire/src/limits.rs",
            "pub const MAX: usize = 4 * 2;\n    max_held: 1 << 20,\n",
        );
        let row = |limit: &str| format!("| a | `v2/wire` | {limit} | c |\n");
        for right in ["`MAX` = `4 * 2`", "`max_held` = `1 << 20`"] {
            assert_eq!(complaints(&[source, ("SECURITY.md", &row(right))]), [""; 0]);
        }
        for wrong in ["`MAX` = `8`", "`AX` = `4 * 2`", "`max_held` = `2 << 20`"] {
            assert_eq!(
                complaints(&[source, ("SECURITY.md", &row(wrong))]).len(),
                1,
                "{wrong}"
            );
        }
    }
}
