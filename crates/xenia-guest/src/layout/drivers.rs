//! Structures between the I/O manager and drivers: driver, device and file objects, and requests.
//!
//! Offsets are those of the public header set xkelib (`kedriver.h`), whose sizes are the kernel's:
//! a file object with its header is 0x80 bytes, a request 0x60. The first byte of devices is their
//! type, as xenia-canary found it in the console's kernel; the same is assumed of files and
//! requests, where xkelib has a 16-bit type.

/// `DRIVER_OBJECT`: the functions of a driver.
pub mod driver_object {
    /// Function that is called before a device of the driver is gone, or null.
    pub const DELETE_DEVICE: u32 = 4;
    /// Functions for requests, by [`super::major`].
    pub const MAJOR_FUNCTIONS: u32 = 0xC;
}

/// Kinds of requests, which are indices into a driver's functions.
#[allow(missing_docs)] // the names are NT's
pub mod major {
    pub const CREATE: u8 = 0;
    pub const CLOSE: u8 = 1;
    pub const READ: u8 = 2;
    pub const WRITE: u8 = 3;
    pub const QUERY_INFORMATION: u8 = 4;
    pub const SET_INFORMATION: u8 = 5;
    pub const FLUSH_BUFFERS: u8 = 6;
    pub const QUERY_VOLUME_INFORMATION: u8 = 7;
    pub const DIRECTORY_CONTROL: u8 = 8;
    pub const DEVICE_CONTROL: u8 = 9;
    pub const CLEANUP: u8 = 10;
}

/// `DEVICE_OBJECT`: a device of a driver.
pub mod device_object {
    /// Size including the driver's data, u16.
    pub const OBJECT_SIZE: u32 = 2;
    /// Number of open files on the device, u32.
    pub const REFERENCE_COUNT: u32 = 4;
    /// Pointer to the driver object.
    pub const DRIVER: u32 = 8;
    /// Pointer to the device of the mounted volume, or to this one; null for storage without a
    /// volume.
    pub const MOUNTED: u32 = 0xC;
    /// Device flags ([`flag`]), u32.
    pub const FLAGS: u32 = 0x14;
    /// Pointer to the driver's data.
    pub const EXTENSION: u32 = 0x18;
    /// Device type, u8.
    pub const DEVICE_TYPE: u32 = 0x1C;
    /// Length of the driver stack, u8.
    pub const STACK_SIZE: u32 = 0x1E;
    /// Nonzero once the device is deleted, u8.
    pub const DELETE_PENDING: u32 = 0x1F;
    /// Size without the driver's data.
    pub const SIZE: u32 = 0x50;

    /// Flags of devices, by NT's names.
    pub mod flag {
        /// One open at a time.
        pub const DO_EXCLUSIVE: u32 = 2;
        /// The driver accesses the caller's buffer directly.
        pub const DO_DIRECT_IO: u32 = 4;
        /// The device has a name.
        pub const DO_DEVICE_HAS_NAME: u32 = 8;
        /// Its driver has not finished it.
        pub const DO_DEVICE_INITIALIZING: u32 = 0x10;
    }
}

/// `FILE_OBJECT`: an open file, as a driver sees it.
pub mod file_object {
    /// Type number of file objects, u8.
    pub const TYPE_NUMBER: u8 = 5;
    /// Accesses that the open uses and shares, as bits; u8.
    pub const CLAIM: u32 = 2;
    /// Flags of the open, u8.
    pub const FLAGS: u32 = 3;
    /// Pointer to the device.
    pub const DEVICE: u32 = 4;
    /// Status of the last request that has completed.
    pub const FINAL_STATUS: u32 = 0x10;
    /// Position of a synchronous file, u64.
    pub const POSITION: u32 = 0x14;
    /// Pointer to the open directory to which the name was relative, or null.
    pub const RELATED: u32 = 0x1C;
    /// Event that threads hold while they use a synchronous file.
    pub const LOCK: u32 = 0x28;
    /// Event that is signalled when a request completes.
    pub const EVENT: u32 = 0x38;
    pub const SIZE: u32 = 0x68;

    /// Flags of a file object.
    #[allow(missing_docs)] // the names are the reference's
    pub mod flag {
        pub const SYNCHRONOUS_IO: u8 = 1;
        pub const NO_INTERMEDIATE_BUFFERING: u8 = 4;
        pub const SEQUENTIAL_ONLY: u8 = 8;
        pub const CLEANUP_COMPLETE: u8 = 0x10;
        pub const HANDLE_CREATED: u8 = 0x20;
    }
}

/// `IRP`: a request to a driver, followed by its stack locations.
pub mod irp {
    /// Type number of requests, u8.
    pub const TYPE_NUMBER: u8 = 6;
    /// Size with the stack locations, u16.
    pub const OBJECT_SIZE: u32 = 2;
    /// Links of the requests of a thread.
    pub const THREAD_LIST: u32 = 8;
    /// Status and information that the driver sets.
    pub const IO_STATUS: u32 = 0x10;
    /// Number of stack locations, u8.
    pub const STACK_COUNT: u32 = 0x18;
    /// Number of the current stack location from 1, u8.
    pub const CURRENT_LOCATION: u32 = 0x19;
    /// Nonzero once the request is cancelled, u8.
    pub const CANCEL: u32 = 0x1B;
    /// Pointer to the caller's buffer.
    pub const USER_BUFFER: u32 = 0x1C;
    /// Pointer to the caller's status block.
    pub const USER_STATUS_BLOCK: u32 = 0x20;
    /// Pointer to the caller's event.
    pub const USER_EVENT: u32 = 0x24;
    /// Routine and context of the caller's APC, or the size that a new file shall have, u64.
    pub const OVERLAY: u32 = 0x28;
    /// Length of the buffer, if the device has direct access to it, u32.
    pub const LOCKED_BUFFER_LENGTH: u32 = 0x40;
    /// Pointer to the thread object of the caller.
    pub const THREAD: u32 = 0x44;
    /// Pointer to the current stack location.
    pub const CURRENT_STACK_LOCATION: u32 = 0x50;
    /// Pointer to the file object.
    pub const ORIGINAL_FILE: u32 = 0x54;
    /// Function that ends a cancelled request, or null.
    pub const CANCEL_ROUTINE: u32 = 0x58;
    pub const SIZE: u32 = 0x60;
}

/// `IO_STACK_LOCATION`: parameters of a request for one driver.
pub mod io_stack_location {
    /// Kind of request ([`super::major`]), u8.
    pub const MAJOR: u32 = 0;
    /// Flags of the kind, u8.
    pub const FLAGS: u32 = 2;
    /// Four words, by kind.
    pub const PARAMETERS: u32 = 4;
    /// Pointer to the device.
    pub const DEVICE: u32 = 0x14;
    /// Pointer to the file object.
    pub const FILE: u32 = 0x18;
    pub const SIZE: u32 = 0x24;
}
