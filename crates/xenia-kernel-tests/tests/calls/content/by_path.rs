//! Tests of packages that are opened by the paths of their files.

use super::*;
use xenia_formats::Volume;
use xenia_formats::stfs::{self, PackageInfo};

/// `HRESULT` of [`FILE_CORRUPT`].
const FILE_CORRUPT_RESULT: u32 = 0x8007_0570;
/// The error of every asynchronous call that fails; the structure's last word has the reason.
const FUNCTION_FAILED: u32 = 0x65B;

#[test]
fn a_package_is_opened_by_the_path_of_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut volume = Volume::default();
    volume.add_file(Volume::ROOT, "database", Arc::new(b"data".to_vec())).unwrap();
    let mut bytes = Vec::new();
    let info = PackageInfo { license: 5, ..PackageInfo::default() };
    stfs::write(&volume, &info, &mut bytes, &mut |_| ()).unwrap();
    std::fs::write(folder.path().join("Database.xmplr"), bytes).unwrap();
    std::fs::write(folder.path().join("noise"), "noise").unwrap();
    let mut b = Harness::new();
    b.mount(folder.path());
    let root = b.put_text(ROOT, "stexemplar");
    let license = at(&b, RESULTS);
    for (path, license, result) in [
        (r"game:\none", license, FILE_NOT_FOUND),
        (r"game:\noise", license, FILE_CORRUPT),
        (r"game:\Database.xmplr", 8, INVALID_PARAMETER),
        (r"\??\game:\Database.xmplr", license, 0),
        (r"game:\Database.xmplr", 0, ALREADY_EXISTS),
    ] {
        let file = b.put_text(DATA, path);
        let arguments = [0xFF, root, file, 0x43, 0, license, 0];
        assert_eq!(b.xam_call("XamContentOpenFile", &arguments), result, "{path}");
    }
    assert_eq!(b.word(RESULTS), 5);
    assert_eq!(read(&mut b, r"stexemplar:\database"), Ok(b"data".to_vec()));
    assert!(write(&mut b, r"stexemplar:\other", b"more").is_error());
    assert_eq!(b.xam_call("XamContentFlush", &[root, 0]), 0);
    assert_eq!(b.xam_call("XamContentClose", &[root, 0]), 0);
    assert!(read(&mut b, r"stexemplar:\database").is_err());
    assert_eq!(b.xam_call("XamContentClose", &[root, 0]), FILE_NOT_FOUND);
    assert_eq!(b.xam_call("XamContentOpenFile", &[0xFF, root, 0, 0x43, 0, 0, 0]), INVALID_PARAMETER);
    let overlapped = at(&b, OVERLAPPED);
    for (path, expected) in
        [(r"game:\noise", [FUNCTION_FAILED, FILE_CORRUPT_RESULT]), (r"game:\Database.xmplr", [0, 0])]
    {
        let file = b.put_text(DATA, path);
        b.call_in_background("XamContentOpenFile", &[0xFF, root, file, 0x43, 0, license, overlapped]);
        assert_eq!([0, 0x18].map(|field| b.word(OVERLAPPED + field)), expected, "{path}");
    }
    assert_eq!(read(&mut b, r"stexemplar:\database"), Ok(b"data".to_vec()));
}
