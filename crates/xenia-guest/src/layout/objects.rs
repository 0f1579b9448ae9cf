//! Structures of objects with handles and of modules.

/// `OBJECT_HEADER`, which precedes an object's body.
pub mod object_header {
    /// Reference count, u32.
    pub const POINTER_COUNT: u32 = 0;
    /// Handle count, u32.
    pub const HANDLE_COUNT: u32 = 4;
    /// Flags ([`NAMED`], [`OF_TITLE`]; 2: permanent), u8.
    pub const FLAGS: u32 = 0xB;
    /// Pointer to the object type variable.
    pub const TYPE: u32 = 0x10;
    /// Size of the header; the body follows.
    pub const SIZE: u32 = 0x18;

    /// Flag: the object has a name.
    pub const NAMED: u8 = 1;
    /// Flag: the object belongs to the title, not to the system.
    pub const OF_TITLE: u8 = 0x10;
}

/// `OBJECT_TYPE`: the structure behind the `*ObjectType` variables.
pub mod object_type {
    /// Allocates a body: a function of size and pool tag.
    pub const ALLOCATE: u32 = 0;
    /// Frees a body.
    pub const FREE: u32 = 4;
    /// Destructor, called before the body is freed; null if there is no destructor.
    pub const DELETE: u32 = 0xC;
    /// Waitable object of a body: 0 for the body, an offset within the body, or the address of
    /// another object.
    pub const DEFAULT_OBJECT: u32 = 0x14;
    /// Pool tag of four characters.
    pub const POOL_TAG: u32 = 0x18;
    pub const SIZE: u32 = 0x1C;
}

/// `SHARE_ACCESS`: counts of a file's opens, a byte each: opens, those that read, write and delete,
/// and those that share these accesses.
pub mod share_access {
    pub const SIZE: usize = 7;
}

/// `LDR_DATA_TABLE_ENTRY`: the structure that module handles point to.
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
