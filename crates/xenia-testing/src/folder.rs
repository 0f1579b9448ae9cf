//! A folder for files that tests sync.

use std::path::PathBuf;

/// The memory file system of a usual Linux.
const MEMORY: &str = "/dev/shm";
/// Smallest size in KiB of one that is used: containers have 64 MiB, which some tests fill.
const MIN_KIB: u64 = 1 << 20;

/// The folder for temporary files that are synced: a memory file system with room, if there is one,
/// because a disk would make the tests wait.
#[must_use]
pub fn fast_folder() -> PathBuf {
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
    if has_room(&mounts) { MEMORY.into() } else { std::env::temp_dir() }
}

/// Whether the memory file system among these mounts is large. Without a limit it has half of the
/// memory.
fn has_room(mounts: &str) -> bool {
    let fields = mounts.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let options = fields.filter(|fields| fields.get(1) == Some(&MEMORY)).find_map(|fields| {
        let options = fields.get(3)?;
        Some(options.split(',').find_map(|option| option.strip_prefix("size=")).map(str::to_owned))
    });
    options.is_some_and(|size| size.is_none_or(|size| kib(&size).is_some_and(|kib| kib >= MIN_KIB)))
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
            has_room(&format!("proc /proc proc rw 0 0\ntmpfs /dev/shm tmpfs {options} 0 0\n"))
        };
        assert!(of("rw,nosuid,nodev") && of("rw,relatime,size=24731708k"));
        assert!(!of("rw,nosuid,size=65536k,inode64") && !of("rw,size=9x"));
        assert!(!has_room("tmpfs /run tmpfs rw 0 0\n"));
    }
}
