//! JSON lines: reading with limits, and appending so that a killed process leaves at most one
//! incomplete line, the last.

use crate::error::{Error, Result};
use crate::inputs;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Largest length of a line, in bytes.
pub(crate) const MAX_LINE: u64 = 1 << 20;
/// Largest number of lines in a file.
pub(crate) const MAX_LINES: u64 = 4_000_000;

/// Treatment of an incomplete last line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Torn {
    /// An error, because the file is written atomically.
    Refused,
    /// Skipped, because the process that appended it was killed.
    Skipped,
}

/// Calls `each` with the number (from 1) and the value of every line.
pub(crate) fn read<T: DeserializeOwned>(
    path: &Path,
    torn: Torn,
    mut each: impl FnMut(usize, T) -> Result<()>,
) -> Result<()> {
    let mut file = BufReader::new(inputs::open(path)?);
    let mut bytes = Vec::new();
    for number in 1.. {
        bytes.clear();
        file.by_ref().take(MAX_LINE + 1).read_until(b'\n', &mut bytes).map_err(Error::read(path))?;
        if bytes.is_empty() {
            return Ok(());
        }
        if number as u64 > MAX_LINES {
            return Err(Error::TooMany { path: path.to_owned(), what: "lines", limit: MAX_LINES });
        }
        let line = number as usize;
        if bytes.pop_if(|last| *last == b'\n').is_none() {
            if bytes.len() as u64 >= MAX_LINE {
                return Err(Error::line(path, line, format!("longer than {MAX_LINE} bytes")));
            }
            return match torn {
                Torn::Refused => Err(Error::line(path, line, "it has no end")),
                Torn::Skipped => Ok(()),
            };
        }
        let value = serde_json::from_slice(&bytes)
            .map_err(|error| Error::line(path, line, format!("{error} (counted in the line alone)")))?;
        each(line, value)?;
    }
    Ok(())
}

/// A file of lines that only this process appends to.
#[derive(Debug)]
pub(crate) struct Appender {
    path: PathBuf,
    file: File,
    synced: Instant,
}

/// Largest delay before lines are synced to disk. A killed process loses no line; a crash of the
/// host loses at most this period, whose units are run again.
const MAX_SYNC_DELAY: Duration = Duration::from_secs(1);

impl Appender {
    /// Creates a new file: `stem.jsonl`, or with a number if another process has that name.
    pub(crate) fn create(folder: &Path, stem: &str) -> Result<Self> {
        for number in 0.. {
            let path = match number {
                0 => folder.join(format!("{stem}.jsonl")),
                _ => folder.join(format!("{stem}-{number}.jsonl")),
            };
            match File::options().append(true).create_new(true).open(&path) {
                Ok(file) => return Ok(Self { path, file, synced: Instant::now() }),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && number < MAX_STARTS => {}
                Err(error) => return Err(Error::write(&path)(error)),
            }
        }
        unreachable!("the loop has no end")
    }

    /// Appends a line in one write; syncs to disk if the last sync is too long ago.
    pub(crate) fn append(&mut self, value: &impl Serialize) -> Result<()> {
        let mut line = serde_json::to_vec(value).map_err(|error| Error::write(&self.path)(error.into()))?;
        line.push(b'\n');
        self.file.write_all(&line).map_err(Error::write(&self.path))?;
        if self.synced.elapsed() >= MAX_SYNC_DELAY { self.sync() } else { Ok(()) }
    }

    /// Syncs all lines to disk.
    pub(crate) fn sync(&mut self) -> Result<()> {
        self.file.sync_data().map_err(Error::write(&self.path))?;
        self.synced = Instant::now();
        Ok(())
    }
}

/// Number of attempts to find a free file name for one shard.
const MAX_STARTS: u32 = 100_000;

/// Writes a file by atomic replacement.
pub(crate) fn write_whole(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let write = || -> std::io::Result<()> {
        // The permissions of a file created by name; the umask applies.
        let mut temporary = tempfile::Builder::new();
        if let Some(permissions) = xenia_host::file::usual_permissions() {
            temporary.permissions(permissions);
        }
        let temporary = temporary.prefix(".sweep-").tempfile_in(folder)?;
        let mut buffered = std::io::BufWriter::new(temporary.as_file());
        fill(&mut buffered)?;
        buffered.flush()?;
        drop(buffered);
        temporary.as_file().sync_data()?;
        temporary.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(Error::write(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(bytes: &[u8], torn: Torn) -> std::result::Result<Vec<u64>, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let mut found = Vec::new();
        read(file.path(), torn, |_, number| {
            found.push(number);
            Ok(())
        })
        .map_err(|error| error.to_string().replace(&file.path().display().to_string(), "F"))?;
        Ok(found)
    }

    #[test]
    fn only_a_torn_last_line_is_skipped() {
        assert_eq!(numbers(b"1\n2\n3", Torn::Skipped).unwrap(), [1, 2]);
        assert_eq!(numbers(b"1\n2\n3", Torn::Refused).unwrap_err(), "F, line 3: it has no end");
        assert_eq!(numbers(b"", Torn::Refused).unwrap(), [0; 0]);
        assert!(numbers(b"1\n{\n3\n", Torn::Skipped).unwrap_err().starts_with("F, line 2: "));
        assert!(numbers(b"1\n\xFF\xFE\n", Torn::Skipped).unwrap_err().starts_with("F, line 2: "));
        assert!(numbers(b"\n", Torn::Skipped).is_err());
    }

    #[test]
    fn endless_lines_are_refused() {
        let long = vec![b'1'; MAX_LINE as usize + 1];
        assert!(numbers(&long, Torn::Skipped).unwrap_err().starts_with("F, line 1: longer than 1048576"));
        let endless = tempfile::NamedTempFile::new().unwrap();
        endless.as_file().set_len(16 << 20).unwrap();
        let error = read(endless.path(), Torn::Skipped, |_, _: u64| Ok(())).unwrap_err();
        assert!(error.to_string().contains(", line 1: longer"), "{error}");
        assert!(numbers("[".repeat(100_000).as_bytes(), Torn::Refused).is_err());
        assert!(
            numbers(format!("{}\n", "[".repeat(100_000)).as_bytes(), Torn::Refused).is_err(),
            "no overflow"
        );
    }

    #[test]
    fn concurrent_appenders_write_separate_files() {
        let dir = tempfile::tempdir().unwrap();
        let mut files = [0, 1].map(|_| Appender::create(dir.path(), "0-of-1").unwrap());
        files[0].append(&1).unwrap();
        files[1].append(&2).unwrap();
        files[0].append(&3).unwrap();
        files[0].sync().unwrap();
        let text = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
        assert_eq!((text("0-of-1.jsonl"), text("0-of-1-1.jsonl")), ("1\n3\n".into(), "2\n".into()));
    }
}
