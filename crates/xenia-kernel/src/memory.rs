//! What the memory calls mean: virtual and physical memory, the pool, the locked second-level
//! cache.

mod kernel_pool;
pub mod physical_memory;
pub mod pool;
pub mod second_level_cache;
pub mod virtual_memory;

pub use kernel_pool::KernelPool;
