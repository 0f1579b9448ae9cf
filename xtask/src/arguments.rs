//! Parser of output paths, and the seed of long runs, for all tasks.

use clap::builder::{PathBufValueParser, TypedValueParser};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Parser of an output path: rejects a dash, which is standard output elsewhere and would be a
/// file's name here.
pub(crate) fn output() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| {
        if path == Path::new("-") { Err("standard output is /dev/stdout here") } else { Ok(path) }
    })
}

/// Seed of random tests of long runs: the number of the day, so that each night tests other cases.
pub(crate) fn seed_of_the_day() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs() / (24 * 60 * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dash_is_rejected_as_an_output_path() {
        let parsed = |path: &str| output().parse_ref(&clap::Command::new("x"), None, path.as_ref());
        assert!(parsed("-").unwrap_err().to_string().contains("/dev/stdout"));
        assert_eq!(parsed("a/-b").unwrap(), Path::new("a/-b"));
    }
}
