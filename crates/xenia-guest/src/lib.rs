//! Shared vocabulary types: guest addresses, big-endian values, status codes, ordinals, title ids.
//!
//! - [`layout`]: offsets of the kernel's structures in guest memory.
//! - [`code_page`]: characters of the bytes of names.
//! - [`utf16`]: units of texts.
//! - [`split_mix`]: pseudo-random numbers that the guest may see.
//!
//! Most crates use these types, so this crate depends on serde alone and holds no state.
//! Invariant: a guest integer in a Rust value is always in host order; only [`be<T>`] and byte
//! buffers hold guest (big-endian) order.
#![warn(missing_docs)]
#![forbid(unsafe_code)]

mod addr;
mod buffer;
pub mod code_page;
mod console;
mod endian;
mod ids;
#[allow(missing_docs)] // fields by the console's names
pub mod layout;
pub mod split_mix;
pub mod status;
pub mod utf16;
pub mod xma;

pub use addr::{GuestAddr, PAGE_SIZE, RESERVATION_LINE};
pub use buffer::Buffer;
pub use console::{
    ALL_HW_THREADS, ENGLISH, ETHERNET_ADDRESS, FIELDS_PER_SECOND, HW_THREADS, MAX_TICKS, MILLISECOND_100NS,
    PHYSICAL_SIZE, SECOND_100NS, SOUND_CHANNELS, SOUND_FRAME_SAMPLES, SOUND_RATE, START_FILETIME,
    TICKS_PER_SECOND, USERS,
};
pub use endian::{GuestValue, be};
pub use ids::{MediaId, Ordinal, TitleId};
pub use status::{HResult, NtStatus, Win32Error};
