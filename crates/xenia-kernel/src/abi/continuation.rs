//! Continuations: how a call continues after the guest code that it called, as plain data.
//!
//! A frame of the thread keeps the continuation, and a saved state contains it, so each variant has
//! as fields all that its function needs. The functions are in `system::resume` and in
//! `xenia_exports::resume`.

use super::{Handle, Rest};
use crate::exception_state::ExceptionActivity;
use crate::notification_list::CallOrder;
use serde::{Deserialize, Serialize};
use xenia_guest::{GuestAddr, NtStatus};
use xenia_sched::Alertable;

/// Continuation of an export after the guest code that it called has returned. It is data, so that
/// it can be stored with the thread.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Continuation {
    /// A function of the kernel.
    Kernel(KernelResumption),
    /// An export. It gets the guest function's result (r3).
    Export(ExportResumption),
    /// The rest of an exception's dispatch, unwind or scope scan.
    Exception(Box<ExceptionActivity>),
    /// The rest of a long call; no guest code was called.
    Rest(Rest),
}

/// Functions of the kernel that continue after guest code; `system::resume` calls them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KernelResumption {
    /// A termination routine of the title returned.
    TitleTermination {
        /// Exit code of the title.
        code: u32,
    },
    /// A thread notification routine returned.
    ThreadNotification {
        /// Position of the routine; those after it are called next.
        last: CallOrder,
        /// The thread that the routines are notified of.
        kthread: GuestAddr,
        /// The reason for the notification.
        event: ThreadEvent,
    },
    /// The rundown routine of an APC returned.
    ApcRundown {
        /// Exit code of the thread.
        code: u32,
    },
    /// The kernel routine of an APC returned.
    ApcKernelRoutine {
        /// Interrupt level before the routine, which is set again.
        level: u8,
        /// Mode of the APC, for its normal routine.
        mode: ProcessorMode,
        /// Continuation of the thread after the APC.
        after: AfterApc,
    },
    /// The normal routine of an APC returned.
    ApcNormalRoutine {
        /// Mode of the APC: that of the kernel excludes others until the routine returns.
        mode: ProcessorMode,
        /// Continuation of the thread after the APC.
        after: AfterApc,
    },
    /// The entry point of a library returned.
    LibraryEntry {
        /// Number of the load or unload, whose further steps follow.
        operation: u64,
        /// Handle of the library.
        module: GuestAddr,
        /// Reason that the entry point got.
        reason: EntryReason,
    },
}

/// Event reported to thread notification routines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ThreadEvent {
    /// A thread was created.
    Created {
        /// Whether it was held for the notification, and is resumed afterwards.
        resume: bool,
    },
    /// The calling thread exits.
    Exit {
        /// Exit code of the thread.
        code: u32,
    },
}

/// Continuation of a thread after an APC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AfterApc {
    /// Runs the next user APC; after the last, the interrupted wait returns `USER_APC`.
    AlertableWait,
    /// Returns this value from the kernel call.
    Return(u64),
    /// Resumes the interrupted wait with this number.
    WaitAgain(u64),
}

/// Reason that a library's entry point gets, with the guest's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EntryReason {
    /// The library is about to be unloaded.
    Detach = 0,
    /// The library was loaded.
    Attach = 1,
}

/// A processor mode; the values are those that titles use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProcessorMode {
    /// Kernel mode: privileged code.
    Kernel = 0,
    /// User mode: all other code.
    User = 1,
}

impl ProcessorMode {
    /// The mode that an argument of an export names.
    pub fn of(argument: u32) -> Self {
        if argument as u8 == 0 { Self::Kernel } else { Self::User }
    }

    /// The mode as an argument of a call of guest code.
    pub fn argument(self) -> u64 {
        self as u64
    }

    /// The interruptions that may end a wait in this mode.
    pub fn interruptions(self, alertable: bool) -> Alertable {
        match self {
            _ if !alertable => Alertable::No,
            Self::User => Alertable::InUserMode,
            Self::Kernel => Alertable::InKernelMode,
        }
    }
}

/// Exports that continue after guest code; the function in
/// [`Continuations`](crate::imports::Continuations) calls them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExportResumption {
    /// A graphics notification routine returned.
    GraphicsNotification {
        /// Position of the routine; those after it are called next.
        last: CallOrder,
        /// Kind of the notification.
        kind: u32,
        /// Argument of the routines.
        data: GuestAddr,
    },
    /// The kernel's wait for a cancelled or completed request returned.
    RequestWait {
        /// The request's overlapped structure.
        overlapped: GuestAddr,
        /// Result of the call.
        wants: WaiterResult,
    },
    /// The kernel's delay returned.
    Sleep {
        /// Time in milliseconds, for the case that it starts again.
        milliseconds: u32,
        /// Interruptions that may end the delay.
        alertable: Alertable,
    },
    /// The kernel's wait for an object returned.
    ObjectWait {
        /// Handle of the object.
        handle: Handle,
        /// Limit in milliseconds, for the case that the wait starts again.
        milliseconds: u32,
        /// Interruptions that may end the wait.
        alertable: Alertable,
    },
    /// The kernel's creation of a thread returned.
    ThreadCreation,
    /// A driver's function, or the kernel's wait for the end of a driver's request, returned.
    DriverRequest(DriverStep),
    /// A driver's function that cancels a request returned.
    DriverCancel {
        /// The file whose requests are cancelled.
        file: GuestAddr,
        /// Status block of the call that cancels them.
        status_block: GuestAddr,
        /// IRP of the request; those that were sent after it are next.
        packet: GuestAddr,
    },
    /// The title's allocator returned the memory of a context for LZX decompression.
    LdiAllocation {
        /// Window size of the context.
        window_size: u32,
        /// The title's function that frees the memory, or null.
        free: GuestAddr,
        /// Address of the context's handle.
        handle: GuestAddr,
    },
    /// The title's function that frees the memory of such a context returned.
    LdiRelease,
    /// The title's callback for the status of an HTTP request, or the delay of a call for work,
    /// returned.
    HttpStatus,
}

/// Result that a thread waiting for an overlapped structure receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WaiterResult {
    /// The result; the length is stored at this address.
    Result(Option<GuestAddr>),
    /// Success, whatever the result is.
    End,
}

/// Function that a request to a driver has called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DriverStep {
    /// The driver's function for a request.
    Function {
        /// IRP of the request.
        packet: GuestAddr,
    },
    /// The kernel's wait for the end of a request.
    Wait {
        /// IRP of the request.
        packet: GuestAddr,
    },
    /// The driver's function for a deleted device.
    Deletion {
        /// The device, to which the call has a reference.
        device: GuestAddr,
        /// Result of the call.
        result: NtStatus,
    },
    /// A driver's completion routine.
    Completion {
        /// IRP of the request.
        packet: GuestAddr,
        /// Priority boost of the threads that the end wakes.
        boost: u8,
        /// Result of the call.
        result: NtStatus,
    },
    /// A function whose result is that of the call.
    Result,
}
