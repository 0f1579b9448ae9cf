//! Writes a ZIP archive of a few small files, stored without compression.

use rawzip::{Error, ZipArchiveWriter};
use std::io::{self, Write};

/// Makes an archive of these files: a path with slashes and the contents of each. It has neither
/// times nor owners.
///
/// # Errors
/// A path or a size that ZIP archives can't have.
pub fn write(files: &[(&str, &[u8])]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut archive = ZipArchiveWriter::new(&mut bytes);
    let failed = |error: Error| io::Error::other(error.to_string());
    for (path, contents) in files {
        let (mut entry, config) = archive.new_file(*path).start().map_err(failed)?;
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
