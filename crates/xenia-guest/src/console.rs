//! What the console is made of: figures that more than one crate needs.

/// Hardware threads: three cores of two.
pub const HW_THREADS: usize = 6;
/// An affinity mask that has every hardware thread.
pub const ALL_HW_THREADS: u8 = (1 << HW_THREADS) - 1;
/// Ticks of the time base in a second.
pub const TICKS_PER_SECOND: u64 = 49_875_000;
/// The end of guest time in ticks, 261 days after power-on: what is due then or later never comes.
pub const MAX_TICKS: u64 = 1 << 50;
/// Bytes of physical memory.
pub const PHYSICAL_SIZE: u32 = 512 << 20;
