//! User numbers of xam's calls other than 0 to 3 (`XUSER_INDEX_*`).

/// `XUSER_INDEX_ANY`: any user.
pub(crate) const ANY: u32 = 0xFF;
/// `XUSER_INDEX_FOCUS`: the user whose controller was used last.
pub(crate) const FOCUS: u32 = 0xFD;
/// `XUSER_INDEX_NONE`: no user.
pub(crate) const NONE: u32 = 0xFE;
