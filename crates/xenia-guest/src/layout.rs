//! Offsets and sizes of kernel structures in guest memory.
//!
//! One module per structure. Offsets and sizes are in bytes; all fields are big-endian.

mod drivers;
mod exceptions;
mod objects;
mod threads;
mod waiting;

pub use drivers::{device_object, driver_object, file_object, io_stack_location, irp, major};
pub use exceptions::{context_record, dispatcher_context, exception_record, function_entry};
pub use objects::{ldr, object_header, object_type, share_access};
pub use threads::{kapc, kdpc, kpcr, kprocess, kthread};
pub use waiting::{
    critical_section, dispatcher_header, erwlock, kmutant, ksemaphore, ktimer, kwait_block, list_entry,
};

/// Bytes below the stack pointer that interrupted guest code may be using.
pub const RED_ZONE: u64 = 0x200;
