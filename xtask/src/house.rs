//! The rules of the house that a machine can read: see `CONTRIBUTING.md`.

use std::fs;
use std::path::Path;

use crate::docs;
use crate::step::Failure;
use crate::workspace;

/// Checks every tracked text file; prints each place with the rule it breaks.
pub(crate) fn run() -> Result<(), Failure> {
    let root = workspace::root();
    let files = workspace::tracked_files()?;
    let mut complaints = missing_documents(&files);
    complaints.extend(docs::complaints(&files));
    for path in files.iter().filter(|path| !is_exempt(path)) {
        // What is not UTF-8 is not text.
        if let Ok(text) = fs::read_to_string(root.join(path)) {
            complaints.extend(in_text(path, &text));
        }
    }
    for complaint in &complaints {
        eprintln!("  {complaint}");
    }
    if complaints.is_empty() {
        eprintln!("house: {} files read, nothing to mend", files.len());
        return Ok(());
    }
    Err(Failure::new(format!(
        "{} places break the rules of the house",
        complaints.len()
    ))
    .repeat("cargo xtask house"))
}

/// Written by machines: lock files, test vectors.
fn is_exempt(path: &str) -> bool {
    path.ends_with(".lock") || path.ends_with("package-lock.json") || path.contains("/vectors/gen")
}

/// Every crate explains itself and its changes.
fn missing_documents(files: &[String]) -> Vec<String> {
    let crates = files
        .iter()
        .filter_map(|path| path.strip_suffix("/Cargo.toml"))
        .filter(|folder| folder.starts_with("crates/"));
    let wanted = crates
        .flat_map(|folder| ["README.md", "CHANGELOG.md"].map(|name| format!("{folder}/{name}")));
    wanted
        .filter(|path| !files.contains(path))
        .map(|path| format!("{path}: every crate has one"))
        .collect()
}

fn in_text(path: &str, text: &str) -> Vec<String> {
    let rust = Path::new(path)
        .extension()
        .is_some_and(|extension| extension == "rs");
    let mut complaints = Vec::new();
    let mut complain =
        |line: usize, rule: &str| complaints.push(format!("{path}:{}: {rule}", line + 1));
    let lines: Vec<&str> = text.lines().collect();
    for (number, line) in lines.iter().enumerate() {
        if has_machine_path(line) {
            complain(number, "a path of one machine");
        }
        if MARKS.iter().any(|mark| is_unnumbered(line, mark)) {
            complain(
                number,
                "an open point without the number of its issue, as in (#12)",
            );
        }
        if rust && is_edge_blank(&lines, number) {
            complain(number, "a doc comment that begins or ends blank");
        }
        if rust
            && ALLOWANCES
                .iter()
                .any(|start| line.trim_start().starts_with(start))
        {
            complain(number, "`expect` with a reason, not `allow`");
        }
    }
    complaints
}

// Written in halves, so that this file does not complain about itself.
const MARKS: [&str; 3] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
];
const ALLOWANCES: [&str; 2] = [concat!("#[al", "low("), concat!("#![al", "low(")];
const MACHINE_FOLDERS: [&str; 5] = [
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/fa", "rm/"),
    concat!("/tm", "p/"),
    concat!("/ho", "me/"),
];

/// The mark as a word of its own, not followed by `(#number)`.
fn is_unnumbered(line: &str, mark: &str) -> bool {
    line.match_indices(mark).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + mark.len()..]);
        let joined = |c: char| c.is_alphanumeric() || c == '_';
        let word = !before.ends_with(joined) && !after.starts_with(joined);
        let number = after
            .strip_prefix("(#")
            .and_then(|rest| rest.split(')').next());
        word && !number
            .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
    })
}

/// An absolute path into a folder that only some machines have.
fn has_machine_path(line: &str) -> bool {
    MACHINE_FOLDERS.iter().any(|folder| {
        line.match_indices(folder).any(|(at, _)| {
            // Part of a longer path or address: not absolute.
            !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-~/}*".contains(c))
        })
    })
}

/// A blank `///` or `//!` line with no text of the same comment before or after it.
fn is_edge_blank(lines: &[&str], number: usize) -> bool {
    let marker = lines[number].trim();
    if marker != "///" && marker != "//!" {
        return false;
    }
    let is_text = |line: Option<&&str>| line.is_some_and(|line| line.trim().starts_with(marker));
    !(number > 0 && is_text(lines.get(number - 1)) && is_text(lines.get(number + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_doc_line_is_refused_at_the_edges_and_kept_between_paragraphs() {
        assert_eq!(
            in_text("a.rs", "/// One.\n///\n/// Two.\nfn a() {}\n"),
            [""; 0]
        );
        for text in [
            "///\nfn a() {}\n",
            "/// One.\n///\nfn a() {}\n",
            "///\n/// One.\nfn a() {}\n",
        ] {
            assert_eq!(in_text("a.rs", text).len(), 1, "{text}");
        }
        assert_eq!(in_text("a.md", "///\n"), [""; 0]);
    }

    #[test]
    fn an_open_point_needs_a_number() {
        for mark in MARKS {
            assert_eq!(in_text("a.rs", &format!("// {mark}: later\n")).len(), 1);
            assert_eq!(in_text("a.rs", &format!("// {mark}(#x): later\n")).len(), 1);
            assert_eq!(
                in_text("a.rs", &format!("// {mark}(#12): later\n")),
                [""; 0]
            );
            assert_eq!(
                in_text("a.rs", &format!("const {mark}_SIZE: u8 = 1;\n")),
                [""; 0]
            );
        }
    }

    #[test]
    fn a_path_of_one_machine_is_refused_but_not_a_part_of_another_path() {
        for folder in MACHINE_FOLDERS {
            assert_eq!(in_text("a.md", &format!("see `{folder}notes`\n")).len(), 1);
            assert_eq!(
                in_text("a.md", &format!("see https://example.org{folder}notes\n")),
                [""; 0]
            );
            assert_eq!(
                in_text("a.md", &format!("see target{folder}notes\n")),
                [""; 0]
            );
        }
    }

    #[test]
    fn an_allowance_is_refused() {
        for allowance in ALLOWANCES {
            assert_eq!(
                in_text("a.rs", &format!("    {allowance}dead_code)]\n")).len(),
                1
            );
        }
    }

    #[test]
    fn a_crate_without_its_documents_is_named() {
        let files = [
            "crates/a/Cargo.toml",
            "crates/a/README.md",
            "xtask/Cargo.toml",
        ]
        .map(str::to_owned);
        assert_eq!(
            missing_documents(&files),
            ["crates/a/CHANGELOG.md: every crate has one"]
        );
    }
}
