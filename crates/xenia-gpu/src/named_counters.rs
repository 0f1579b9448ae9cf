//! Counters by names that depend on the title: their number has a limit.

use std::collections::BTreeMap;

/// Adds 1 to the counter with this name, or to the one called `others` if `max` have other names.
/// Returns the name of the counter if it is new.
pub fn count_by_name<'a>(counts: &mut BTreeMap<String, u64>, name: &'a str, max: usize) -> Option<&'a str> {
    let is_full = counts.len() >= max && !counts.contains_key(name);
    let name = if is_full { "others" } else { name };
    if let Some(count) = counts.get_mut(name) {
        *count += 1;
        return None;
    }
    counts.insert(name.to_owned(), 1);
    Some(name)
}
