//! What the memory calls mean: virtual and physical memory, the pool, the locked second-level cache.

pub mod physical_memory;
pub mod pool;
pub mod second_level_cache;
pub mod virtual_memory;
