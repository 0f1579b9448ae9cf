//! `xenia-rs diff`: finds the first difference between two event logs.

use crate::args::DiffArgs;
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use xenia::say::outln;
use xenia::source;
use xenia::wording::count;
use xenia_cli::Code;

/// Lines shown before the first difference.
const CONTEXT_LINES: usize = 5;

/// Longest line in bytes: events are shorter, and a file might be one endless line.
const MAX_LINE: u64 = 1 << 20;

/// Prints the length of the common prefix, and the first difference with its context.
pub fn run(args: &DiffArgs) -> Result<Code> {
    let mut a = open(&args.a)?;
    let mut b = open(&args.b)?;
    let mut common = 0_u64;
    let mut context: Vec<String> = Vec::new();
    loop {
        let left = line(&mut a).with_context(|| unreadable(&args.a))?;
        let right = line(&mut b).with_context(|| unreadable(&args.b))?;
        match (left, right) {
            (None, None) => {
                outln!("the same: {}", count(common, "line"));
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
                match common {
                    0 => outln!("no line is the same"),
                    1 => outln!("the first line is the same"),
                    _ => outln!("the first {} are the same", count(common, "line")),
                }
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

fn open(path: &Path) -> Result<BufReader<File>> {
    Ok(BufReader::new(source::stream(path).with_context(|| unreadable(path))?))
}

/// The next line without its line break; `None` at the end.
fn line(from: &mut impl BufRead) -> Result<Option<String>> {
    let mut bytes = Vec::new();
    from.take(MAX_LINE + 1).read_until(b'\n', &mut bytes)?;
    if bytes.len() as u64 > MAX_LINE {
        bail!("a line is longer than 1 MiB");
    }
    if bytes.is_empty() {
        return Ok(None);
    }
    if bytes.ends_with(b"\n") {
        bytes.pop();
    }
    Ok(Some(String::from_utf8(bytes).context("not UTF-8 text")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(a: &str, b: &str) -> Code {
        let dir = tempfile::tempdir().unwrap();
        let left = dir.path().join("a");
        let right = dir.path().join("b");
        std::fs::write(&left, a).unwrap();
        std::fs::write(&right, b).unwrap();
        run(&DiffArgs { a: left, b: right }).unwrap()
    }

    #[test]
    fn a_log_without_end_is_refused() {
        let log = tempfile::NamedTempFile::new().unwrap();
        log.as_file().set_len(2 << 20).unwrap();
        let error = run(&DiffArgs { a: log.path().into(), b: log.path().into() }).unwrap_err();
        let name = log.path().display();
        assert_eq!(format!("{error:#}"), format!("cannot read {name}: a line is longer than 1 MiB"));
    }

    #[test]
    fn equal_logs_match_and_a_prefix_does_not() {
        assert_eq!(compare("1\n2\n", "1\n2\n"), Code::Done);
        assert_eq!(compare("1\n2\n", "1\n"), Code::Mismatch);
        assert_eq!(compare("1\n2\n", "1\n3\n"), Code::Mismatch);
    }
}
