//! Layouts of the structures by which titles describe packages.

/// Offsets in `XCONTENT_DATA`.
pub mod data {
    pub const DEVICE: u32 = 0;
    pub const KIND: u32 = 4;
    pub const DISPLAY_NAME: u32 = 8;
    pub const DISPLAY_UNITS: u32 = 128;
    pub const FILE: u32 = 0x108;
    pub const FILE_BYTES: u32 = 42;
    pub const SIZE: u32 = 0x134;
}

/// `XCONTENT_DATA_INTERNAL`: an extended `XCONTENT_DATA`.
pub mod internal {
    /// Id of the owner.
    pub const XUID: u32 = 0x138;
    /// Id of the title.
    pub const TITLE: u32 = 0x140;
    /// Licence mask of the package.
    pub const LICENSE: u32 = 0x144;
    /// Size in bytes.
    pub const SIZE: u32 = 0x200;
    /// Size in bytes of the part that titles receive: `XCONTENT_DATA` and the title's id.
    pub const CROSS_TITLE: u32 = super::data::SIZE + 4;
}
