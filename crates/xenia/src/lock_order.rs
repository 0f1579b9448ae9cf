//! Ordinals of the locks at [`Level::Program`](xenia_sync::Level::Program) and at
//! [`Level::Host`](xenia_sync::Level::Host), in the order in which a thread takes them, and of logs
//! and messages at [`Level::Leaf`](xenia_sync::Level::Leaf).

/// The end of a watchdog, whose thread holds it while it looks at the machine.
pub(crate) const WATCHDOG: u32 = 0;
/// The end of a profiler, whose thread holds it while it takes samples.
pub(crate) const PROFILER: u32 = 1;
/// The title that is open in a window.
pub const OPEN_TITLE: u32 = 2;
/// The covers of a window's library, which a thread holds while it makes the library's entries.
pub const COVERS: u32 = 3;
/// The library that a window shows.
pub const LIBRARY: u32 = 4;
/// The pages of a profile that a window shows.
pub const PROFILE_PAGES: u32 = 5;
/// Bug reports by key.
pub const KEY_REPORTS: u32 = 6;
/// Requests to end a run, under which a thread that waits for the pace is woken.
pub(crate) const INTERRUPT: u32 = 7;
/// The pace of a run, under which the machine's figures are read.
pub(crate) const PACE: u32 = 8;

// The locks of controllers come first (`lock_order.rs` of xenia-input).

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

/// The folder of a run's frames.
pub const FRAME_FOLDER: u32 = 9;
/// The last frame of a run.
pub const LAST_FRAME: u32 = 10;
/// The receiver of what became of states in slots.
pub(crate) const SLOT_SINK: u32 = 11;
/// The console's dialog in a window.
#[cfg(feature = "window")]
pub(crate) const DIALOG: u32 = 12;
// The mailbox of a window follows (`window/mailbox.rs` of xenia-render).

/// The log of a title's text, the first one after the kernel's own leaves, under which it writes.
pub(crate) const GUEST_LOG: u32 = 16;
/// The log of events.
pub(crate) const EVENT_LOG: u32 = 17;
/// The trace of kernel calls.
pub(crate) const CALL_TRACE: u32 = 18;
/// The log of the program's own lines: which were left out, and the file.
pub const LOG_LIMITER: u32 = 19;
/// The file of `--log-file`.
pub const LOG_FILE: u32 = 20;
/// The errors of requested outputs.
pub(crate) const WRITE_ERRORS: u32 = 21;
/// Standard output, under which the status line is erased.
pub(crate) const STANDARD_OUTPUT: u32 = 22;
/// The receiver of messages in place of standard error.
pub(crate) const MESSAGE_SINK: u32 = 23;
/// The status line of a terminal.
pub(crate) const STATUS_LINE: u32 = 24;
