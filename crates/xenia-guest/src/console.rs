//! Constants of the console that more than one crate needs.

/// Number of hardware threads: three cores with two each.
pub const HW_THREADS: usize = 6;
/// The affinity mask of all hardware threads.
pub const ALL_HW_THREADS: u8 = (1 << HW_THREADS) - 1;
/// Frequency of the time base, in ticks per second.
pub const TICKS_PER_SECOND: u64 = 49_875_000;
/// Number of users that can be signed in, and of their controllers.
pub const USERS: u32 = 4;
/// The console's number of the language English, in which titles have all their texts.
pub const ENGLISH: u32 = 1;
/// Video fields per second, unless a title sets another rate.
pub const FIELDS_PER_SECOND: u32 = 60;
/// The end of guest time in ticks, 261 days after power-on: events due then or later never occur.
pub const MAX_TICKS: u64 = 1 << 50;
/// A millisecond in the kernel's unit of time, 100 ns.
pub const MILLISECOND_100NS: u64 = 10_000;
/// A second in that unit.
pub const SECOND_100NS: u64 = 1000 * MILLISECOND_100NS;
/// Guest system time (100 ns since 1601) at tick 0.
pub const START_FILETIME: u64 = 132_500_000_000_000_000;
/// Size of physical memory in bytes.
pub const PHYSICAL_SIZE: u32 = 512 << 20;
/// Channels in a frame of sound: front left and right, centre, low frequencies, back left and
/// right.
pub const SOUND_CHANNELS: usize = 6;
/// Samples per channel in a frame of sound.
pub const SOUND_FRAME_SAMPLES: usize = 256;
/// Sample rate of each channel, in samples per second.
pub const SOUND_RATE: u32 = 48_000;
/// The console's MAC address, from its manufacturer's range, as its settings have it. In an
/// `XNADDR` the last three bytes follow from the IP address.
pub const ETHERNET_ADDRESS: [u8; 6] = [0x00, 0x22, 0x48, 0x00, 0x00, 0x01];
