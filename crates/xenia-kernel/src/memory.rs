//! Memory management of the kernel calls: virtual memory, physical memory, and locks of the
//! second-level cache; and memory that a title finds mapped.

pub mod before_kernel;
pub mod physical_memory;
pub mod second_level_cache;
pub mod virtual_memory;
