//! Every dependency points down: checks the manifests against the layer table.

use std::fmt;

use crate::rules::{EDGE_ONLY, RULES, Rule, TESTING_PREFIX, XTASK};
use crate::step::Failure;
use crate::workspace::{self, Kind, Package};

/// An arrow that is not allowed, and the rule it breaks.
#[derive(Debug, PartialEq, Eq)]
struct Offence {
    from: String,
    to: String,
    rule: String,
}

/// Checks the workspace; prints each offending arrow with its rule.
pub(crate) fn run() -> Result<(), Failure> {
    let packages = workspace::packages()?;
    let offences = check(RULES, &packages);
    for offence in &offences {
        eprintln!("{offence}");
    }
    if offences.is_empty() {
        let arrows: usize = packages
            .iter()
            .map(|package| package.dependencies.len())
            .sum();
        eprintln!(
            "layers: {} packages, {arrows} arrows, all allowed",
            packages.len()
        );
        return Ok(());
    }
    Err(
        Failure::new(format!("{} arrows break the layer table", offences.len()))
            .repeat("cargo xtask layers"),
    )
}

impl fmt::Display for Offence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  {} -> {}\n      {}", self.from, self.to, self.rule)
    }
}

/// All arrows of `packages` that `rules` do not allow.
fn check(rules: &[Rule], packages: &[Package]) -> Vec<Offence> {
    let inside = |name: &str| packages.iter().any(|package| package.name == name);
    let mut offences = Vec::new();
    for package in packages {
        for dependency in &package.dependencies {
            let broken = if inside(&dependency.name) {
                broken_inside(rules, &package.name, &dependency.name, dependency.kind)
            } else {
                broken_outside(rules, &package.name, &dependency.name, dependency.kind)
            };
            offences.extend(broken.map(|rule| Offence {
                from: package.name.clone(),
                to: dependency.name.clone(),
                rule,
            }));
        }
        if place(rules, &package.name).is_none() {
            offences.push(Offence {
                from: package.name.clone(),
                to: "(nothing)".to_owned(),
                rule: "is not in the layer table: add a row to xtask/src/rules.rs".to_owned(),
            });
        }
    }
    offences
}

/// Where a package of the workspace stands.
enum Place<'a> {
    Layer(&'a Rule),
    Testing,
    Xtask,
}

fn place<'a>(rules: &'a [Rule], name: &str) -> Option<Place<'a>> {
    if name == XTASK {
        Some(Place::Xtask)
    } else if name.starts_with(TESTING_PREFIX) {
        Some(Place::Testing)
    } else {
        rules
            .iter()
            .find(|rule| rule.name == name)
            .map(Place::Layer)
    }
}

fn broken_inside(rules: &[Rule], from: &str, to: &str, kind: Kind) -> Option<String> {
    let target = place(rules, to)?;
    match (place(rules, from)?, target) {
        (Place::Testing, Place::Testing | Place::Layer(_)) => None,
        (Place::Xtask, _) => Some("xtask uses no crate of the workspace".to_owned()),
        (_, Place::Xtask) => Some("nothing uses xtask".to_owned()),
        (Place::Layer(_), Place::Testing) => (kind == Kind::Normal)
            .then(|| "a testing crate may only be a dev-dependency".to_owned()),
        (Place::Layer(from), Place::Layer(to)) => broken_between(from, to, kind),
    }
}

fn broken_between(from: &Rule, to: &Rule, kind: Kind) -> Option<String> {
    if to.level >= from.level {
        return Some(format!(
            "layer {} to layer {}: dependencies go strictly down, dev-dependencies too",
            from.level, to.level
        ));
    }
    if let (Some(mine), Some(other)) = (generation(from.name), generation(to.name))
        && mine != other
    {
        return Some("one generation never uses another".to_owned());
    }
    (kind == Kind::Normal && !from.may_use.contains(&to.name)).then(|| {
        let list = if from.may_use.is_empty() {
            "nothing".to_owned()
        } else {
            from.may_use.join(", ")
        };
        format!("{} may use {list}", from.name)
    })
}

fn broken_outside(rules: &[Rule], from: &str, to: &str, kind: Kind) -> Option<String> {
    let Some(Place::Layer(rule)) = place(rules, from) else {
        return None;
    };
    (kind == Kind::Normal && !rule.edge && EDGE_ONLY.contains(&to)).then(|| {
        "below the facade there is no runtime, thread, socket or system entropy".to_owned()
    })
}

/// `v2` of `hyperfeed-v2-wire`; none for the crates all generations share.
fn generation(name: &str) -> Option<&str> {
    let part = name.strip_prefix("hyperfeed-v")?.split('-').next()?;
    (!part.is_empty() && part.bytes().all(|digit| digit.is_ascii_digit())).then_some(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    const TABLE: &[Rule] = &[
        Rule {
            name: "hyperfeed-a",
            level: 0,
            no_std: true,
            may_use: &[],
            edge: false,
        },
        Rule {
            name: "hyperfeed-b",
            level: 0,
            no_std: true,
            may_use: &[],
            edge: false,
        },
        Rule {
            name: "hyperfeed-c",
            level: 1,
            no_std: true,
            may_use: &["hyperfeed-a"],
            edge: false,
        },
        Rule {
            name: "hyperfeed-v2-d",
            level: 2,
            no_std: false,
            may_use: &["hyperfeed-c"],
            edge: false,
        },
        Rule {
            name: "hyperfeed-v4-e",
            level: 3,
            no_std: false,
            may_use: &["hyperfeed-v2-d"],
            edge: false,
        },
        Rule {
            name: "hyperfeed",
            level: 4,
            no_std: false,
            may_use: &["hyperfeed-v2-d"],
            edge: true,
        },
    ];

    const EVERY: &[&str] = &[
        "hyperfeed-a",
        "hyperfeed-b",
        "hyperfeed-c",
        "hyperfeed-v2-d",
        "hyperfeed-v4-e",
        "hyperfeed",
        "hyperfeed-testing-x",
        "xtask",
    ];

    /// The packages of the made-up workspace, with one arrow.
    fn with_arrow(from: &str, to: &str, kind: Kind) -> Vec<Package> {
        let arrow = |name: &str| {
            let it = Dependency {
                name: to.to_owned(),
                kind,
            };
            if name == from { vec![it] } else { Vec::new() }
        };
        EVERY
            .iter()
            .map(|name| Package {
                name: (*name).to_owned(),
                dependencies: arrow(name),
            })
            .collect()
    }

    fn broken(from: &str, to: &str, kind: Kind) -> Option<String> {
        let mut offences = check(TABLE, &with_arrow(from, to, kind));
        assert!(offences.len() <= 1, "{offences:?}");
        offences.pop().map(|offence| offence.rule)
    }

    #[test]
    fn an_arrow_down_that_the_table_lists_is_allowed() {
        assert_eq!(broken("hyperfeed-c", "hyperfeed-a", Kind::Normal), None);
        assert_eq!(broken("hyperfeed", "hyperfeed-v2-d", Kind::Normal), None);
    }

    #[test]
    fn an_arrow_down_that_the_table_does_not_list_is_refused() {
        let rule = broken("hyperfeed-c", "hyperfeed-b", Kind::Normal).expect("refused");
        assert_eq!(rule, "hyperfeed-c may use hyperfeed-a");
    }

    #[test]
    fn an_arrow_up_or_sideways_is_refused_even_as_a_dev_dependency() {
        for kind in [Kind::Normal, Kind::Dev] {
            for (from, to) in [
                ("hyperfeed-a", "hyperfeed-c"),
                ("hyperfeed-a", "hyperfeed-b"),
            ] {
                let rule = broken(from, to, kind).expect("refused");
                assert!(rule.contains("strictly down"), "{rule}");
            }
        }
    }

    #[test]
    fn one_generation_cannot_use_another() {
        let rule = broken("hyperfeed-v4-e", "hyperfeed-v2-d", Kind::Normal).expect("refused");
        assert!(rule.contains("generation"), "{rule}");
    }

    #[test]
    fn a_dev_dependency_may_reach_any_lower_layer_and_the_testing_crates() {
        assert_eq!(broken("hyperfeed-c", "hyperfeed-b", Kind::Dev), None);
        assert_eq!(
            broken("hyperfeed-c", "hyperfeed-testing-x", Kind::Dev),
            None
        );
    }

    #[test]
    fn a_testing_crate_may_use_all_but_nothing_ships_it() {
        assert_eq!(
            broken("hyperfeed-testing-x", "hyperfeed", Kind::Normal),
            None
        );
        assert!(broken("hyperfeed", "hyperfeed-testing-x", Kind::Normal).is_some());
    }

    #[test]
    fn xtask_stands_alone() {
        assert!(broken("xtask", "hyperfeed-a", Kind::Normal).is_some());
        assert!(broken("hyperfeed-testing-x", "xtask", Kind::Normal).is_some());
    }

    #[test]
    fn a_runtime_is_refused_below_the_edge_only() {
        assert!(broken("hyperfeed-v2-d", "tokio", Kind::Normal).is_some());
        assert_eq!(broken("hyperfeed-v2-d", "tokio", Kind::Dev), None);
        assert_eq!(broken("hyperfeed", "tokio", Kind::Normal), None);
    }

    #[test]
    fn a_package_without_a_row_is_refused() {
        let stranger = Package {
            name: "hyperfeed-new".to_owned(),
            dependencies: Vec::new(),
        };
        let offences = check(TABLE, &[stranger]);
        assert!(
            offences[0].rule.contains("not in the layer table"),
            "{offences:?}"
        );
    }

    #[test]
    fn the_real_table_agrees_with_itself() {
        for rule in RULES {
            for name in rule.may_use {
                let to = RULES
                    .iter()
                    .find(|rule| rule.name == *name)
                    .expect("listed crates have rows");
                assert!(to.level < rule.level, "{} -> {name}", rule.name);
                assert!(
                    !rule.no_std || to.no_std,
                    "{} cannot build without std: {name}",
                    rule.name
                );
            }
        }
    }
}
