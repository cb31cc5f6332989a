//! Scripts that once went differently: the files of the folder `regressions`, each as a failure printed it, with a comment
//! on what was wrong. Everybody runs them in every run.

use std::fs;
use std::path::Path;

use super::script::Script;

/// All of them, in the order of their names.
pub(crate) fn all() -> Vec<Script> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/npm/differential/regressions");
    let entries = fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |file: &std::path::PathBuf| {
        let script = fs::read_to_string(file).unwrap().parse();
        script.unwrap_or_else(|error: String| panic!("{}: {error}", file.display()))
    };
    files.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::author;
    use super::super::model::Model;
    use super::*;

    #[test]
    fn every_step_of_a_regression_is_possible() {
        for script in all() {
            let steps = Model::plan(&script.actions);
            for (action, step) in script.actions.iter().zip(&steps) {
                assert_eq!(*action, step.action, "is impossible in\n{script}");
            }
            assert_eq!(steps.len(), script.actions.len(), "the last of\n{script}");
        }
    }

    #[test]
    fn a_script_is_read_as_it_is_printed() {
        for script in (1..50).map(author::random).chain(all()) {
            assert_eq!(script.to_string().parse(), Ok(script));
        }
        for wrong in [
            "",
            "seed x",
            "create 0 0 1",
            "seed 1\nfly 1",
            "seed 1\ncut 1",
        ] {
            assert!(wrong.parse::<Script>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn random_scripts_and_the_one_by_hand_have_actions_of_every_kind() {
        let verbs = |scripts: &[Script]| -> BTreeSet<String> {
            let actions = scripts.iter().flat_map(|script| &script.actions);
            actions
                .map(|action| action.to_string().split(' ').next().unwrap().to_owned())
                .collect()
        };
        let random: Vec<Script> = (1..=200).map(author::random).collect();
        assert_eq!(verbs(&random).len(), KINDS, "{:?}", verbs(&random));
        assert_eq!(verbs(&all()).len(), KINDS, "{:?}", verbs(&all()));
    }

    /// Of actions.
    const KINDS: usize = 17;
}
