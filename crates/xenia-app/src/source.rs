//! Source text that a command is given.

use anyhow::{Context, Result};
use std::path::Path;

/// Reads a file; `-` is standard input.
pub fn read(path: &Path) -> Result<String> {
    if path == Path::new("-") {
        std::io::read_to_string(std::io::stdin()).context("cannot read standard input")
    } else {
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
    }
}
