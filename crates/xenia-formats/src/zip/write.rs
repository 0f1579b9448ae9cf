//! Writes a ZIP archive of a few small files, stored without compression.

use rawzip::time::UtcDateTime;
use rawzip::{Error, ZipArchiveWriter};
use std::io::{self, Write};

/// First date of the format, 1980-01-01, in seconds since 1970. A file without a date has month and
/// day 0, which readers show as a day of 1979.
const FIRST_DATE: i64 = 315_532_800;

/// Makes an archive of these files: a path with slashes and the contents of each. All have the
/// first date of the format, and no owners.
///
/// # Errors
/// A path or a size that ZIP archives can't have.
pub fn write(files: &[(&str, &[u8])]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut archive = ZipArchiveWriter::new(&mut bytes);
    let failed = |error: Error| io::Error::other(error.to_string());
    for (path, contents) in files {
        let file = archive.new_file(*path).last_modified(UtcDateTime::from_unix(FIRST_DATE));
        let (mut entry, config) = file.start().map_err(failed)?;
        let mut writer = config.wrap(&mut entry);
        writer.write_all(contents)?;
        let (_, descriptor) = writer.finish().map_err(failed)?;
        entry.finish(descriptor).map_err(failed)?;
    }
    archive.finish().map_err(failed)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn files_come_back_from_an_archive() {
        let large = vec![7; 100_000];
        let files: [(&str, &[u8]); 3] = [("report.json", b"{}"), ("a/picture.png", &large), ("empty", b"")];
        let archive = write(&files).unwrap();
        assert_eq!(archive[10..14], [0, 0, 0x21, 0], "the first day of the first month of 1980");
        let volume = super::super::open(Arc::new(archive)).unwrap();
        for (path, contents) in files {
            let parts: Vec<&str> = path.split('/').collect();
            let entry = volume.find(&parts).unwrap();
            let file = entry.contents.unwrap();
            let mut read = vec![0; file.size().unwrap() as usize];
            let count = file.read_at(0, &mut read).unwrap();
            assert_eq!(count, read.len(), "{path}");
            assert_eq!(read, contents, "{path}");
        }
    }
}
