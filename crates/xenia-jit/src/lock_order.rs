//! Ordinals of the locks at [`Level::Compiler`](xenia_sync::Level::Compiler) and
//! [`Level::Code`](xenia_sync::Level::Code), in the order in which a thread takes them: it
//! publishes a region in the cache of a mode, hides the units of the baseline tier that the region
//! replaces, and frees what all engines have left.

use xenia_lifter::Mode;

/// The queue of the compiler thread, after the compiler of an engine. An order is planned while it
/// is held.
pub(crate) const ORDERS: u32 = 1;

/// Bounds of the title's functions, handed to the cache of each mode.
pub(crate) const BOUNDS: u32 = 0;
/// The baseline tier's cache.
pub(crate) const BASELINE: u32 = 1 << 16;
/// Writing the persistent code cache.
pub(crate) const SAVING: u32 = BASELINE + 1;
/// The regions of the persistent code cache.
pub(crate) const STORE: u32 = SAVING + 1;
/// The engines that may be in withdrawn code.
pub(crate) const ENGINES: u32 = STORE + 1;

/// The optimizing tier's cache of a mode.
pub(crate) fn cache(mode: Mode) -> u32 {
    1 + mode.index() as u32
}
