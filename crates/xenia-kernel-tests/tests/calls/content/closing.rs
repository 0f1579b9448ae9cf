//! Tests of packages that are closed while files in them are open.

use super::*;
use xenia_kernel::files::options;

/// Opens a file of the package for reading and writing, with these create options.
fn opened(b: &mut Harness, path: &str, options: u32) -> u64 {
    const ACCESS: u64 = 0xC011_0000;
    let attributes = b.put_attributes(0x400, path);
    let status = at(b, RESULTS + 0x20);
    let options = SYNCHRONOUS | u64::from(options);
    let create = [at(b, RESULTS + 0x10), ACCESS, attributes, status, 0, 0, 7, 3, options];
    assert_eq!(b.status("NtCreateFile", &create), NtStatus::SUCCESS, "{path}");
    b.word(RESULTS + 0x10).into()
}

#[test]
fn closing_a_package_closes_the_files_in_it() {
    let folder = tempfile::tempdir().unwrap();
    for folder in [None, Some(folder.path())] {
        let mut b = harness(folder);
        assert_eq!(create(&mut b, "s", "a", 1), (0, 1));
        assert_eq!(write(&mut b, r"s:\kept", b"kept"), NtStatus::SUCCESS);
        let files = [
            opened(&mut b, r"s:\temporary", options::DELETE_ON_CLOSE),
            opened(&mut b, r"s:\kept", 0),
            opened(&mut b, r"s:\kept", 0),
        ];
        let other = opened(&mut b, r"cache:\other", 0);
        assert_eq!(close(&mut b, "s"), 0);
        let block = at(&b, RESULTS + 0x20);
        let data = at(&b, BUFFER);
        for file in files {
            for name in ["NtReadFile", "NtWriteFile"] {
                let transferred = b.status(name, &[file, 0, 0, 0, block, data, 4, 0]);
                assert!(transferred.is_error(), "{name} {transferred:?}");
            }
        }
        assert_eq!(b.status("NtWriteFile", &[other, 0, 0, 0, block, data, 4, 0]), NtStatus::SUCCESS);
        // The next package has a place of its own, which the old handles don't lead to.
        assert_eq!(create(&mut b, "s", "a", 3), (0, 2));
        let before = b.kernel.files.lock().iter().count();
        for file in files {
            assert_eq!(b.status("NtClose", &[file]), NtStatus::SUCCESS);
        }
        assert_eq!(b.kernel.files.lock().iter().count(), before - files.len());
        assert_eq!(read(&mut b, r"s:\kept"), Ok(b"kept".to_vec()));
        assert_eq!(read(&mut b, r"s:\temporary"), Err(NtStatus::OBJECT_NAME_NOT_FOUND));
    }
}

#[test]
fn blanks_around_a_file_name_are_ignored() {
    let mut b = harness(None);
    for (file, action) in [("SAVE   ", 1), ("SAVE", 2), ("  save ", 2)] {
        assert_eq!(create(&mut b, "save", file, 4), (0, action), "{file:?}");
        assert_eq!(close(&mut b, "save"), 0);
    }
    assert_eq!(create(&mut b, "save", "   ", 4), (INVALID_NAME, 0));
}
