//! Names on the host. A name that Windows reserves for a device (`con`, `com1.txt`) is stored
//! between two characters that titles cannot use in names, on every host, so that folders can be
//! moved between hosts: `=com1.txt=`.
//!
//! Names that are not UTF-8 are in the code page: programs such as extract-xiso copy the bytes of a
//! disc's names, and Linux takes any bytes.

use crate::atomic_replace::is_temporary;
use crate::path::text_of;
use crate::stamp_file::is_stamp_file;
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use xenia_host::is_device_name;

/// Character around a name that hosts would take for a device. FATX has no such names.
const MARK: char = '=';

/// The name on the host of a guest's file.
pub fn host_name(name: &str) -> Cow<'_, str> {
    if is_device_name(name) { format!("{MARK}{name}{MARK}").into() } else { name.into() }
}

/// The guest's name of a file of the host.
pub(super) fn guest_name(name: &str) -> &str {
    let inner = name.strip_prefix(MARK).and_then(|rest| rest.strip_suffix(MARK));
    inner.filter(|inner| is_device_name(inner)).unwrap_or(name)
}

/// Whether a file with this name on the host is hidden from guests: it belongs to the emulator, or
/// names a device.
pub(super) fn is_hidden(name: &str) -> bool {
    is_temporary(name) || is_stamp_file(name) || is_device_name(name)
}

/// Whether a guest can neither find nor create a file with this name: the emulator uses it, or it
/// has marks.
pub(super) fn is_refused(name: &str) -> bool {
    is_temporary(name) || is_stamp_file(name) || guest_name(name) != name
}

/// The guest's name of a host path.
pub(super) fn name_of(path: &Path) -> String {
    let text = path.file_name().and_then(text_of);
    text.map(|text| guest_name(&text).to_owned()).unwrap_or_default()
}

/// The host path of a guest's path below a folder, if the case of all letters matches.
pub(super) fn below(root: &Path, path: &[String]) -> PathBuf {
    let names: PathBuf = path.iter().map(|name| host_name(name).into_owned()).collect();
    root.join(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_devices_are_kept_between_marks() {
        for (guest, host) in [
            ("con", "=con="),
            ("COM1.txt", "=COM1.txt="),
            ("aux .b", "=aux .b="),
            ("console", "console"),
            ("=a=", "=a="),
            ("=", "="),
        ] {
            assert_eq!((&*host_name(guest), guest_name(host)), (host, guest));
            assert!(!is_hidden(host), "{host}");
            assert_eq!(is_refused(host), host != guest, "{host}");
        }
        assert!(is_hidden("con") && !is_refused("con"));
        let path = ["a", "nul", "b"].map(str::to_owned);
        assert_eq!(below(Path::new("root"), &path), Path::new("root/a/=nul=/b"));
        assert_eq!(name_of(Path::new("root/=nul=")), "nul");
    }
}
