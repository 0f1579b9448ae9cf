//! Written pages: which pages of the process were written, by any thread or system call, from the
//! host's page tables.
//!
//! It uses userfaultfd write protection in asynchronous mode, read and reset by the `PAGEMAP_SCAN`
//! request (Linux 6.7): the kernel itself resolves the first write to each page and records it, so
//! no signal is sent, and every write counts, through any mapping and by system calls too. The cost
//! is one short kernel fault per page written and scan, plus the scanned range: after the first
//! scan the kernel has page tables for all of it, and reads them each time.

use std::fs::File;
use std::ops::Range;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

// linux/userfaultfd.h
const UFFD_USER_MODE_ONLY: i32 = 1;
const UFFDIO_API: u64 = 0xC018_AA3F;
const UFFDIO_REGISTER: u64 = 0xC020_AA00;
const UFFD_API: u64 = 0xAA;
const UFFDIO_REGISTER_MODE_WP: u64 = 2;
const UFFD_FEATURE_PAGEFAULT_FLAG_WP: u64 = 1;
const UFFD_FEATURE_WP_HUGETLBFS_SHMEM: u64 = 1 << 12;
const UFFD_FEATURE_WP_ASYNC: u64 = 1 << 15;
// linux/fs.h
const PAGEMAP_SCAN: u64 = 0xC060_6610;
const PM_SCAN_WP_MATCHING: u64 = 1;
const PAGE_IS_WRITTEN: u64 = 1 << 1;

/// `struct uffdio_api` of linux/userfaultfd.h.
#[repr(C)]
struct Api {
    version: u64,
    features: u64,
    ioctls: u64,
}

/// `struct uffdio_register` of linux/userfaultfd.h.
#[repr(C)]
struct Register {
    start: u64,
    len: u64,
    mode: u64,
    ioctls: u64,
}

/// `struct pm_scan_arg` of linux/fs.h.
#[repr(C)]
#[derive(Default)]
struct Scan {
    size: u64,
    flags: u64,
    start: u64,
    end: u64,
    walk_end: u64,
    regions: u64,
    regions_len: u64,
    max_pages: u64,
    category_inverted: u64,
    category_mask: u64,
    category_anyof_mask: u64,
    return_mask: u64,
}

/// `struct page_region` of linux/fs.h.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Region {
    start: u64,
    end: u64,
    categories: u64,
}

/// Largest number of ranges that one request reports; the next one continues after them.
const MAX_REGIONS: usize = 512;

/// Reports the pages that were written since the last query.
pub struct WrittenPages {
    /// Dropping it ends the tracking.
    _uffd: OwnedFd,
    pagemap: File,
    regions: Box<[Region; MAX_REGIONS]>,
}

impl WrittenPages {
    /// Starts tracking in ranges of host addresses; `None` if the host does not support it. Some
    /// hosts show that at the first query only.
    pub fn start(ranges: &[Range<usize>]) -> Option<Self> {
        // The only mode that processes without privileges may use (userfaultfd(2)).
        let flags = libc::O_CLOEXEC | libc::O_NONBLOCK | UFFD_USER_MODE_ONLY;
        // SAFETY: creates a descriptor.
        let uffd = unsafe { libc::syscall(libc::SYS_userfaultfd, flags) };
        if uffd < 0 {
            return None;
        }
        // SAFETY: a new descriptor that has no other owner.
        let uffd = unsafe { OwnedFd::from_raw_fd(uffd as i32) };
        let features =
            UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_WP_HUGETLBFS_SHMEM | UFFD_FEATURE_WP_ASYNC;
        let mut api = Api { version: UFFD_API, features, ioctls: 0 };
        // SAFETY: the request takes this structure.
        if unsafe { libc::ioctl(uffd.as_raw_fd(), UFFDIO_API, &raw mut api) } != 0 {
            return None;
        }
        for range in ranges {
            let start = range.start as u64;
            let len = range.len() as u64;
            let mut register = Register { start, len, mode: UFFDIO_REGISTER_MODE_WP, ioctls: 0 };
            // SAFETY: the request takes this structure; the mode only changes the kernel's write
            // tracking, in whatever range.
            if unsafe { libc::ioctl(uffd.as_raw_fd(), UFFDIO_REGISTER, &raw mut register) } != 0 {
                return None;
            }
        }
        let pagemap = File::open("/proc/self/pagemap").ok()?;
        Some(Self { _uffd: uffd, pagemap, regions: Box::new([Region::default(); MAX_REGIONS]) })
    }

    /// Calls `f` with the ranges of addresses in `among`, whole pages, that were written since they
    /// were last queried (or since the start), and resets their state. Pages that were only read
    /// for the first time may be included. False if the host refused: the written pages are then
    /// unknown.
    pub fn take(&mut self, among: Range<usize>, mut f: impl FnMut(Range<usize>)) -> bool {
        let mut start = among.start as u64;
        let end = among.end as u64;
        while start < end {
            let mut scan = Scan {
                size: size_of::<Scan>() as u64,
                flags: PM_SCAN_WP_MATCHING,
                start,
                end,
                regions: self.regions.as_mut_ptr() as u64,
                regions_len: self.regions.len() as u64,
                category_mask: PAGE_IS_WRITTEN,
                return_mask: PAGE_IS_WRITTEN,
                ..Scan::default()
            };
            // SAFETY: the request takes this structure, and fills the array it names up to its
            // length.
            let found = unsafe { libc::ioctl(self.pagemap.as_raw_fd(), PAGEMAP_SCAN, &raw mut scan) };
            let Ok(found) = usize::try_from(found) else { return false };
            for region in self.regions.iter().take(found) {
                f(region.start as usize..region.end as usize);
            }
            // The loop would not end.
            if scan.walk_end <= start {
                return false;
            }
            start = scan.walk_end;
        }
        true
    }
}
