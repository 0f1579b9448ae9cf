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
/// Channels of a frame of sound: front left and right, centre, low frequencies, back left and
/// right.
pub const SOUND_CHANNELS: usize = 6;
/// Samples of each channel in a frame of sound.
pub const SOUND_FRAME_SAMPLES: usize = 256;
/// Samples of each channel in a second.
pub const SOUND_RATE: u32 = 48_000;
