//! Suggestions for misspelt names.

/// The name closest to `word`, if one is close: one letter in three may be wrong, and two swapped
/// letters count as one.
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = word.chars().count().div_ceil(3);
    let near = names.into_iter().map(|name| (strsim::damerau_levenshtein(word, name), name));
    near.filter(|&(distance, _)| distance <= most).min().map(|(_, name)| name)
}

/// Suggestion of [`nearest`] to append to an error; empty if no name is close.
pub fn tip<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, names).map_or_else(String::new, |meant| format!(" (did you mean `{meant}`?)"))
}
