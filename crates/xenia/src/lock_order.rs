//! Ordinals of the locks at [`Level::Host`](xenia_sync::Level::Host), in the order in which a
//! thread takes them, and of the logs at [`Level::Leaf`](xenia_sync::Level::Leaf).
//!
//! Windows, the pace of a run, messages, pages of the player and debuggers have locks without a
//! level (docs/src/internals/locks.md).

/// The assignment of controllers, which is applied to them while it is held.
pub(crate) const ASSIGNMENT: u32 = 0;
/// The controllers of the host.
pub(crate) const CONTROLLERS: u32 = 1;
/// The motors of a controller.
pub(crate) const MOTORS: u32 = 2;
/// A recording, made or replayed.
pub(crate) const RECORDING: u32 = 3;
/// The decoder of XMA.
pub(crate) const XMA: u32 = 4;
/// The output of sound.
pub(crate) const SOUND: u32 = 5;
/// The volume of a run.
pub(crate) const VOLUME: u32 = 6;
/// The samples that a device has not played.
pub(crate) const SAMPLES: u32 = 7;
/// The video that is recorded.
pub(crate) const VIDEO: u32 = 8;

/// The log of a title's text, the first one after the kernel's own leaves, under which it writes.
pub(crate) const GUEST_LOG: u32 = 16;
/// The log of events.
pub(crate) const EVENT_LOG: u32 = 17;
/// The trace of kernel calls.
pub(crate) const CALL_TRACE: u32 = 18;
