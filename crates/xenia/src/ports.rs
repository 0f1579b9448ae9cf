//! Ports of the kernel that programs implement: controllers, dialogs, output of text.
//!
//! [`MachineOptions`](crate::machine::MachineOptions) takes them. Times are guest times, so a port
//! whose answers depend on them alone keeps a lockstep run repeatable.

pub use xenia_kernel::ports::{
    DialogAnswer, DialogRequest, Dialogs, Gamepad, Input, MessageBox, NoDialogs, NoInput, PadKind, PadModel,
    ScratchPlace, TextRequest, TextSink,
};
pub use xenia_sched::GuestTicks;
