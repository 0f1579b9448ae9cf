//! Structures of objects that have handles, of devices and of modules.

/// `OBJECT_HEADER`: before every object's body.
pub mod object_header {
    /// References, u32.
    pub const POINTER_COUNT: u32 = 0;
    /// Handles, u32.
    pub const HANDLE_COUNT: u32 = 4;
    /// 1: named, 2: permanent, 0x10: belongs to the title. u8.
    pub const FLAGS: u32 = 0xB;
    /// Pointer to the object type variable.
    pub const TYPE: u32 = 0x10;
    /// Bytes; the body follows.
    pub const SIZE: u32 = 0x18;
}

/// `OBJECT_TYPE`: what the `*ObjectType` variables hold.
pub mod object_type {
    /// Makes a body: function of bytes and tag.
    pub const ALLOCATE: u32 = 0;
    /// Frees a body.
    pub const FREE: u32 = 4;
    /// Clears up after an object, before it is freed, or null.
    pub const DELETE: u32 = 0xC;
    /// What waits for an object are for: 0 itself, an offset in it, or the address of another
    /// object.
    pub const DEFAULT_OBJECT: u32 = 0x14;
    /// Four characters.
    pub const POOL_TAG: u32 = 0x18;
    /// Bytes.
    pub const SIZE: u32 = 0x1C;
}

/// `DEVICE_OBJECT`: a device of a driver's.
pub mod device_object {
    /// Bytes with the driver's own data, u16.
    pub const OBJECT_SIZE: u32 = 2;
    /// The driver's object.
    pub const DRIVER: u32 = 8;
    /// Flags.
    pub const FLAGS: u32 = 0x14;
    /// The driver's own data.
    pub const EXTENSION: u32 = 0x18;
    /// Kind of device, u8.
    pub const DEVICE_TYPE: u32 = 0x1C;
    /// Drivers that a request goes through, u8.
    pub const STACK_SIZE: u32 = 0x1E;
    /// Bytes without the driver's own data.
    pub const SIZE: u32 = 0x50;
}

/// `LDR_DATA_TABLE_ENTRY`: what module handles point to.
#[allow(missing_docs)] // the names are the reference's
pub mod ldr {
    /// Links in load, memory and initialization order.
    pub const LISTS: [u32; 3] = [0, 8, 0x10];
    pub const DLL_BASE: u32 = 0x18;
    pub const IMAGE_BASE: u32 = 0x1C;
    pub const IMAGE_SIZE: u32 = 0x20;
    pub const FULL_NAME: u32 = 0x24;
    pub const BASE_NAME: u32 = 0x2C;
    pub const FULL_IMAGE_SIZE: u32 = 0x38;
    pub const ENTRY_POINT: u32 = 0x3C;
    pub const LOAD_COUNT: u32 = 0x40;
    pub const DLL_BASE_ORIGINAL: u32 = 0x44;
    pub const XEX_HEADER_BASE: u32 = 0x58;
    pub const SIZE: u32 = 0x64;
}
