//! Critical sections (`Rtl*CriticalSection*`).

use crate::abi::{Call, Flow, Ptr};
use crate::objects::critical_section::{initialize_section, leave, try_enter};
use crate::status::failure::Fallible;
use crate::thread::section_entry::enter;
use xenia_guest::NtStatus;
use xenia_kernel_macros::exports;

/// The exports for critical sections.
pub struct RtlCriticalSection;

#[exports(xboxkrnl)]
impl RtlCriticalSection {
    /// Initialises a free critical section.
    #[export(Done)]
    fn RtlInitializeCriticalSection(call: &mut Call, section: Ptr<()>) -> Fallible<()> {
        initialize_section(call.memory(), section.addr(), 0)
    }

    /// Initialises a free critical section with a spin count.
    #[export(Done)]
    fn RtlInitializeCriticalSectionAndSpinCount(
        call: &mut Call,
        section: Ptr<()>,
        spin_count: u32,
    ) -> Fallible<NtStatus> {
        initialize_section(call.memory(), section.addr(), spin_count)?;
        Ok(NtStatus::SUCCESS)
    }

    /// Enters a critical section; waits if another thread owns it.
    #[export(Done)]
    fn RtlEnterCriticalSection(call: &mut Call, section: Ptr<()>) -> Fallible<Flow<()>> {
        Ok(enter(call, section.addr(), 0)?.unwrap_or(Flow::Return(())))
    }

    /// Enters a critical section if it is free or owned by the caller; returns whether it did.
    #[export(Done)]
    fn RtlTryEnterCriticalSection(call: &mut Call, section: Ptr<()>) -> Fallible<bool> {
        let kthread = call.kthread()?;
        try_enter(call.memory(), section.addr(), kthread)
    }

    /// Leaves a critical section once.
    #[export(Done)]
    fn RtlLeaveCriticalSection(call: &mut Call, section: Ptr<()>) -> Fallible<()> {
        let kernel = call.kernel;
        leave(&kernel.memory, call.cpu, &kernel.sections, section.addr())
    }
}
