//! Names that Windows gives to devices.

/// Names that are devices in any folder of a Windows host, with any extension. A digit follows the
/// last two.
pub const DEVICE_NAMES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "COM", "LPT"];
