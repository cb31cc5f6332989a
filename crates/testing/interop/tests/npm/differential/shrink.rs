//! Makes a script that fails as short as it can be.

/// Leaves draws out, large parts first, as long as `fails` holds of the rest. Asks at most `attempts` times.
pub(crate) fn shrink(
    draws: &[u64],
    attempts: usize,
    mut fails: impl FnMut(&[u64]) -> bool,
) -> Vec<u64> {
    let mut shortest = draws.to_vec();
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
            let without: Vec<u64> = [&shortest[..from], &shortest[end..]].concat();
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

#[cfg(test)]
mod tests {
    use super::super::action::Action;
    use super::super::script::{draws, script};
    use super::*;

    #[test]
    fn what_does_not_matter_for_a_failure_is_left_out() {
        let fails = |draws: &[u64]| {
            let mut cut = false;
            script(draws).iter().any(|action| {
                cut |= matches!(action, Action::Cut { .. });
                cut && matches!(action, Action::Append { blocks: 5.., .. })
            })
        };
        let seed = (1..100).find(|seed| fails(&draws(*seed))).unwrap();
        let short = shrink(&draws(seed), 1_000, fails);
        assert!(fails(&short));
        // A connection needs a copy, a cut a connection: no more than these, the cut, and the append.
        assert!(short.len() <= 5, "{:?}", script(&short));
    }
}
