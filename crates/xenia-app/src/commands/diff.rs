//! `xenia-rs diff`: where two event logs part.

use crate::cli::DiffArgs;
use crate::exit::Code;
use crate::say::outln;
use anyhow::{Context, Result};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// Lines shown before the first difference.
const CONTEXT_LINES: usize = 5;

/// Prints the length of the common prefix and the first difference with its context.
pub fn run(args: &DiffArgs) -> Result<Code> {
    let (mut a, mut b) = (lines(&args.a)?, lines(&args.b)?);
    let mut common = 0_u64;
    let mut context: Vec<String> = Vec::new();
    loop {
        let left = a.next().transpose().with_context(|| unreadable(&args.a))?;
        let right = b.next().transpose().with_context(|| unreadable(&args.b))?;
        match (left, right) {
            (None, None) => {
                outln!("the same: {common} lines");
                return Ok(Code::Done);
            }
            (left, right) if left == right => {
                common += 1;
                if context.len() == CONTEXT_LINES {
                    context.remove(0);
                }
                context.extend(left);
            }
            (left, right) => {
                outln!("the first {common} lines are the same");
                for line in &context {
                    outln!("  {line}");
                }
                outln!("- {}", left.as_deref().unwrap_or("(end of log)"));
                outln!("+ {}", right.as_deref().unwrap_or("(end of log)"));
                return Ok(Code::Mismatch);
            }
        }
    }
}

fn unreadable(path: &Path) -> String {
    format!("cannot read {}", path.display())
}

fn lines(path: &Path) -> Result<std::io::Lines<BufReader<File>>> {
    Ok(BufReader::new(File::open(path).with_context(|| unreadable(path))?).lines())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(a: &str, b: &str) -> Code {
        let dir = tempfile::tempdir().unwrap();
        let (left, right) = (dir.path().join("a"), dir.path().join("b"));
        std::fs::write(&left, a).unwrap();
        std::fs::write(&right, b).unwrap();
        run(&DiffArgs { a: left, b: right }).unwrap()
    }

    #[test]
    fn equal_logs_match_and_a_prefix_does_not() {
        assert_eq!(compare("1\n2\n", "1\n2\n"), Code::Done);
        assert_eq!(compare("1\n2\n", "1\n"), Code::Mismatch);
        assert_eq!(compare("1\n2\n", "1\n3\n"), Code::Mismatch);
    }
}
