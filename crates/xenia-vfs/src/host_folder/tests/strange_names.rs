//! Names that hosts treat in their own ways: a title finds its files under the names it gave them,
//! and nothing appears beside the folder.

use super::on_host;
use crate::{
    CreateDisposition, Existing, HostFolder, OpenRequest, Stamp, Vfs, VfsError, VfsResult, WantedKind,
};
use std::path::Path;
use std::sync::Arc;

/// Names of hosts' devices.
const DEVICES: [&str; 8] = ["AUX.bin", "CON", "COM1.txt", "Com9", "LPT1.tar.gz", "lpt2", "nul", "prn.dat"];

fn disk(folder: &Path) -> Vfs {
    let mut vfs = Vfs::default();
    vfs.mount(r"\disk", Box::new(HostFolder::writable(folder, Arc::default()).unwrap())).unwrap();
    vfs
}

fn open(vfs: &mut Vfs, path: &str, request: &OpenRequest) -> VfsResult<String> {
    let at = vfs.resolve(path)?;
    let opened = vfs.open(&at, request)?;
    let mut bytes = [0; 4096];
    let count = opened.data.unwrap().read_at(0, &mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes[..count]).into_owned())
}

fn read(vfs: &mut Vfs, path: &str) -> VfsResult<String> {
    open(vfs, path, &OpenRequest::TO_READ)
}

fn make_directory(vfs: &mut Vfs, path: &str) -> VfsResult<()> {
    let at = vfs.resolve(path)?;
    let request = OpenRequest {
        kind: WantedKind::Directory,
        disposition: CreateDisposition::Create,
        write: true,
        ..OpenRequest::TO_READ
    };
    vfs.open(&at, &request).map(|_| ())
}

/// Writes a file whose contents are its path.
fn write(vfs: &mut Vfs, path: &str) -> VfsResult<()> {
    let at = vfs.resolve(path)?;
    let request = OpenRequest { disposition: CreateDisposition::Create, write: true, ..OpenRequest::TO_READ };
    vfs.open(&at, &request)?.data.unwrap().write_at(0, path.as_bytes())
}

fn listed(vfs: &Vfs, path: &str) -> Vec<String> {
    vfs.list(&vfs.resolve(path).unwrap()).unwrap().into_iter().map(|entry| entry.name).collect()
}

#[test]
fn files_with_the_names_of_a_hosts_devices_are_files() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("disk");
    std::fs::create_dir(&folder).unwrap();
    let mut vfs = disk(&folder);
    for name in DEVICES {
        write(&mut vfs, &format!(r"\disk\{name}")).unwrap();
    }
    make_directory(&mut vfs, r"\disk\Con.d").unwrap();
    let at = vfs.resolve(r"\disk\nul").unwrap();
    let stamp = Stamp { created: 1, accessed: 2, written: 3, attributes: 0 };
    vfs.set_stamp(&at, stamp).unwrap();
    let held = vfs.open(&at, &OpenRequest { write: true, ..OpenRequest::TO_READ }).unwrap().data.unwrap();
    held.write_at(0, b"\\DISK").unwrap();
    assert_eq!(vfs.find(&at).unwrap().name, "nul", "while it is written");
    drop(held);
    drop(vfs);
    // The next run finds them under the same names, in any case.
    let mut vfs = disk(&folder);
    let mut expected = DEVICES.map(str::to_owned).to_vec();
    expected.push("Con.d".to_owned());
    expected.sort_by_key(|name| name.to_ascii_lowercase());
    assert_eq!(listed(&vfs, r"\disk"), expected);
    for name in DEVICES {
        let other_case = format!(r"\disk\{}", name.to_ascii_lowercase());
        let contents = read(&mut vfs, &other_case).unwrap();
        assert!(contents.eq_ignore_ascii_case(&format!(r"\disk\{name}")), "{name}: {contents}");
        assert_eq!(vfs.find(&vfs.resolve(&other_case).unwrap()).unwrap().name, name);
    }
    assert_eq!(vfs.find(&vfs.resolve(r"\disk\NUL").unwrap()).unwrap().stamp, stamp);
    // On the host none of them is a device or lies beside the folder.
    let kept = on_host(&folder);
    assert_eq!(
        kept.iter().filter(|name| name.starts_with('=') && name.ends_with('=')).count(),
        9,
        "{kept:?}"
    );
    assert_eq!(std::fs::read_dir(outer.path()).unwrap().count(), 1);
    // They can be renamed and removed like other files.
    let [con, com, plain] =
        [r"\disk\con", r"\disk\com1.txt", r"\disk\plain"].map(|at| vfs.resolve(at).unwrap());
    vfs.rename(&con, &plain, Existing::Refuse).unwrap();
    vfs.rename(&com, &con, Existing::Refuse).unwrap();
    assert_eq!(read(&mut vfs, r"\disk\plain").unwrap(), r"\disk\CON");
    assert_eq!(read(&mut vfs, r"\disk\CON").unwrap(), r"\disk\COM1.txt");
    vfs.rename(&plain, &con, Existing::Replace).unwrap();
    assert_eq!(read(&mut vfs, r"\disk\con").unwrap(), r"\disk\CON");
    vfs.remove(&con).unwrap();
    assert_eq!(vfs.find(&con), Err(VfsError::NotFound));
    assert_eq!(on_host(&folder).len(), kept.len() - 2);
}

#[test]
fn escaped_host_names_are_not_names_of_titles() {
    let folder = tempfile::tempdir().unwrap();
    let mut vfs = disk(folder.path());
    write(&mut vfs, r"\disk\con").unwrap();
    assert_eq!(read(&mut vfs, r"\disk\=con="), Err(VfsError::NotFound));
    assert_eq!(write(&mut vfs, r"\disk\=nul="), Err(VfsError::InvalidName));
    assert_eq!(on_host(folder.path()), ["=con="]);
}

#[test]
fn names_that_end_with_dots_or_spaces_are_refused_and_make_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut vfs = disk(folder.path());
    for name in ["a.", "a ", "a. .", "...", "con.", "nul ", "a:b", "a:$DATA"] {
        let path = format!(r"\disk\{name}");
        assert_eq!(write(&mut vfs, &path), Err(VfsError::InvalidName), "{name:?}");
        assert_eq!(make_directory(&mut vfs, &path), Err(VfsError::InvalidName), "{name:?}");
        assert_eq!(read(&mut vfs, &path), Err(VfsError::InvalidName), "{name:?}");
    }
    assert!(on_host(folder.path()).is_empty());
}

#[test]
fn names_beyond_ascii_come_back() {
    const NAMES: [&str; 5] = ["\u{c9}t\u{e9}.sav", "Game\u{2122}", "na\u{ef}ve", "\u{192}\u{178}", "\u{df}"];
    let folder = tempfile::tempdir().unwrap();
    let mut vfs = disk(folder.path());
    for name in NAMES {
        write(&mut vfs, &format!(r"\disk\{name}")).unwrap();
    }
    drop(vfs);
    let mut vfs = disk(folder.path());
    let mut found = listed(&vfs, r"\disk");
    found.sort();
    let mut expected = NAMES.map(str::to_owned);
    expected.sort();
    assert_eq!(found, expected);
    for name in NAMES {
        let path = format!(r"\disk\{name}");
        assert_eq!(read(&mut vfs, &path).as_ref(), Ok(&path));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn names_in_the_code_page_are_files_of_an_extracted_disc() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let name = std::ffi::OsStr::from_bytes(b"Caf\xE9.bin");
    std::fs::write(folder.path().join(name), "x").unwrap();
    let mut vfs = Vfs::default();
    vfs.mount(r"\disc", Box::new(HostFolder::read_only(folder.path()).unwrap())).unwrap();
    assert_eq!(listed(&vfs, r"\disc"), ["Caf\u{e9}.bin"]);
    let path = "\\disc\\CAF\u{e9}.BIN";
    assert_eq!(vfs.find(&vfs.resolve(path).unwrap()).unwrap().name, "Caf\u{e9}.bin");
    assert_eq!(read(&mut vfs, path).as_deref(), Ok("x"));
    // The same name in UTF-8 is the file that an open finds.
    std::fs::write(folder.path().join("Caf\u{e9}.bin"), "xx").unwrap();
    let entries = vfs.list(&vfs.resolve(r"\disc").unwrap()).unwrap();
    assert_eq!(entries.iter().map(|entry| entry.size).collect::<Vec<_>>(), [2]);
    assert_eq!(read(&mut vfs, "\\disc\\Caf\u{e9}.bin").as_deref(), Ok("xx"));
    std::fs::remove_file(folder.path().join("Caf\u{e9}.bin")).unwrap();
    assert_eq!(listed(&disk(folder.path()), r"\disk"), [""; 0]);
}

#[test]
fn paths_longer_than_a_hosts_usual_limit_are_files() {
    const LONGEST: &str = "A name of forty-two characters and no less";
    let folder = tempfile::tempdir().unwrap();
    let mut vfs = disk(folder.path());
    let mut path = r"\disk".to_owned();
    for _ in 0..50 {
        path += "\\";
        path += LONGEST;
        make_directory(&mut vfs, &path).unwrap();
    }
    let file = format!(r"{path}\com1");
    write(&mut vfs, &file).unwrap();
    assert!(file.len() > 2000 && LONGEST.len() == 42);
    drop(vfs);
    let mut vfs = disk(folder.path());
    assert_eq!(read(&mut vfs, &file.to_ascii_uppercase()).as_ref(), Ok(&file));
    assert_eq!(listed(&vfs, &path), ["com1"]);
    let at = vfs.resolve(&file).unwrap();
    let renamed = vfs.resolve(&format!(r"{path}\{LONGEST}")).unwrap();
    vfs.rename(&at, &renamed, Existing::Refuse).unwrap();
    vfs.remove(&renamed).unwrap();
    assert_eq!(vfs.list(&vfs.resolve(&path).unwrap()), Ok(Vec::new()));
}
