//! Makes a script that fails as short as it can be.

use super::action::Action;
use super::model::Model;

/// Leaves actions out, large parts first, as long as `fails` holds of the rest. Asks at most `attempts` times; what is
/// impossible without what was left out goes without asking.
pub(crate) fn shrink(
    actions: &[Action],
    attempts: usize,
    mut fails: impl FnMut(&[Action]) -> bool,
) -> Vec<Action> {
    let mut shortest = actions.to_vec();
    let mut left = attempts;
    let mut part = shortest.len() / 2;
    while part > 0 {
        let mut from = 0;
        while from < shortest.len() {
            if left == 0 {
                return shortest;
            }
            left -= 1;
            let end = (from + part).min(shortest.len());
            let without = possible(&[&shortest[..from], &shortest[end..]].concat());
            if fails(&without) {
                shortest = without;
            } else {
                from = end;
            }
        }
        part /= 2;
    }
    shortest
}

fn possible(actions: &[Action]) -> Vec<Action> {
    let steps = Model::plan(actions).into_iter();
    steps.map(|step| step.action).collect()
}
