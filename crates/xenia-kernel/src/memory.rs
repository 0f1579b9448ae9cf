//! Memory management of the kernel calls: virtual memory, physical memory, the pool, and locks of
//! the second-level cache.

mod kernel_pool;
pub mod physical_memory;
pub mod pool;
pub mod second_level_cache;
pub mod virtual_memory;

pub use kernel_pool::KernelPool;
pub(crate) use pool::PoolState;
