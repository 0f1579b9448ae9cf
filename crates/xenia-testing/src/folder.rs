//! A folder for files that tests sync.

use std::path::PathBuf;

/// The memory file system of a usual Linux.
const MEMORY: &str = "/dev/shm";

/// The folder for temporary files that are synced: a memory file system of this size in KiB or
/// more, if there is one, because a disk would make the tests wait. Other tests use it at the same
/// time, and containers have 64 MiB.
#[must_use]
pub fn fast_folder(min_kib: u64) -> PathBuf {
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
    if is_large(&mounts, min_kib) { MEMORY.into() } else { std::env::temp_dir() }
}

/// Whether the memory file system among these mounts has this size. Without a limit it has half of
/// the memory.
fn is_large(mounts: &str, min_kib: u64) -> bool {
    let fields = mounts.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let options = fields.filter(|fields| fields.get(1) == Some(&MEMORY)).find_map(|fields| {
        let options = fields.get(3)?;
        Some(options.split(',').find_map(|option| option.strip_prefix("size=")).map(str::to_owned))
    });
    options.is_some_and(|size| size.is_none_or(|size| kib(&size).is_some_and(|kib| kib >= min_kib)))
}

/// A size as the kernel writes it, in KiB.
fn kib(size: &str) -> Option<u64> {
    size.strip_suffix('k')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_memory_file_system_is_not_used() {
        let of = |options: &str| {
            is_large(&format!("proc /proc proc rw 0 0\ntmpfs /dev/shm tmpfs {options} 0 0\n"), 65_537)
        };
        assert!(of("rw,nosuid,nodev") && of("rw,relatime,size=24731708k"));
        assert!(!of("rw,nosuid,size=65536k,inode64") && !of("rw,size=9x"));
        assert!(!is_large("tmpfs /run tmpfs rw 0 0\n", 1));
    }
}
