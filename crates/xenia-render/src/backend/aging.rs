//! Age of cached objects: a full cache drops the half that was used least recently, so that the
//! next frame finds its objects.

use std::collections::HashMap;
use std::hash::Hash;

/// If a cache has `most` entries, drops the half that was used least recently, and returns true.
/// Entries have different times of their last use.
pub(super) fn make_room<K: Eq + Hash, V>(
    entries: &mut HashMap<K, V>,
    most: usize,
    last_use: impl Fn(&V) -> u64,
) -> bool {
    // An empty cache has no middle below, whatever the limit.
    if entries.len() < most.max(1) {
        return false;
    }
    let mut times: Vec<u64> = entries.values().map(&last_use).collect();
    let middle = times.len() / 2;
    let (_, middle, _) = times.select_nth_unstable(middle);
    entries.retain(|_, entry| last_use(entry) >= *middle);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_cache_keeps_the_half_that_was_used_last() {
        for (count, most, kept) in [(7, 8, 0..7), (8, 8, 4..8), (9, 8, 4..9), (1, 1, 0..1), (0, 0, 0..0)] {
            // Numbers in another order than their times.
            let mut entries: HashMap<u64, u64> = (0..count).map(|time| (time * 5 % 11, time)).collect();
            assert_eq!(make_room(&mut entries, most, |time| *time), count >= 1 && count as usize >= most);
            let mut times: Vec<u64> = entries.into_values().collect();
            times.sort_unstable();
            assert_eq!(times, kept.collect::<Vec<_>>(), "{count} of {most}");
        }
    }
}
