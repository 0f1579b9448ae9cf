//! Process-wide memory barriers, issued by one thread so that the frequent path of the others needs
//! no fence.
//!
//! A store to guest memory reads the page's flags after it has written the bytes, without a fence
//! between the two, so the processor may read the flags before the store is visible to other
//! threads. The thread that sets a flag compensates: after [`on_all_threads`], every store that
//! missed the flag is visible.

use region::Protection;
use std::sync::{Mutex, OnceLock, PoisonError};

/// The command for memory, and its registration.
const MEMORY: [i32; 2] =
    [libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED, libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED];
/// The command for instructions, and its registration.
const INSTRUCTIONS: [i32; 2] = [
    libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE,
    libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE,
];

fn membarrier(command: i32) -> bool {
    // SAFETY: the call touches no memory of ours.
    unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
}

fn run([command, registration]: [i32; 2], registered: &OnceLock<bool>) -> bool {
    *registered.get_or_init(|| membarrier(registration)) && membarrier(command)
}

/// Registers the process for both barriers. Call it before the process has threads: each
/// registration takes microseconds then, and 5 to 20 ms later, when the kernel waits until all
/// processors have seen it.
pub fn register() {
    on_all_threads();
    serialize_all_threads();
}

/// Makes every other running thread of the process execute a full memory barrier, and executes one
/// itself. False if the host does not support it (kernels before 4.14, filters of system calls) and
/// nothing replaces it: guest memory is then refused. A flush of translations does where it
/// interrupts other processors.
pub fn on_all_threads() -> bool {
    static REGISTERED: OnceLock<bool> = OnceLock::new();
    std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
    run(MEMORY, &REGISTERED) || flush_translations()
}

/// Whether a flush of translations interrupts other processors, which is a barrier on x86-64. With
/// INVLPGB (AMD) Linux 6.15 interrupts none.
#[cfg(target_arch = "x86_64")]
fn flushes_interrupt() -> bool {
    use std::arch::x86_64::__cpuid;
    const FEATURES: u32 = 0x8000_0008;
    const INVLPGB: u32 = 1 << 3;
    // Processors without the leaf are older than the instruction.
    __cpuid(0x8000_0000).eax < FEATURES || (__cpuid(FEATURES).ebx & INVLPGB) == 0
}

/// Whether a flush of translations interrupts other processors: the hardware broadcasts it.
#[cfg(not(target_arch = "x86_64"))]
fn flushes_interrupt() -> bool {
    false
}

/// Address of a page that is never freed; `None` if a flush interrupts no processors. The page lies
/// between two pages without rights, so it merges with no other mapping, and a change of its rights
/// needs no further mapping: it succeeds at the host's limit, too.
fn flushed_page() -> Option<&'static Mutex<usize>> {
    static PAGE: OnceLock<Option<Mutex<usize>>> = OnceLock::new();
    let page = PAGE.get_or_init(|| {
        if !flushes_interrupt() {
            return None;
        }
        let size = region::page::size();
        let mut pages = std::mem::ManuallyDrop::new(region::alloc(3 * size, Protection::NONE).ok()?);
        Some(Mutex::new(pages.as_mut_ptr::<u8>().expose_provenance() + size))
    });
    page.as_ref()
}

/// Takes the right to write to a page that was just written, for which the kernel flushes the
/// translations of all running threads. False if that is not a barrier, or fails.
fn flush_translations() -> bool {
    let Some(page) = flushed_page() else { return false };
    let page = page.lock().unwrap_or_else(PoisonError::into_inner);
    let at = std::ptr::with_exposed_provenance_mut::<u8>(*page);
    // SAFETY: the page is ours, and only the owner of the lock uses it. It is writable when it is
    // written to.
    unsafe {
        region::protect(at, 1, Protection::READ_WRITE).is_ok() && {
            at.write_volatile(1);
            region::protect(at, 1, Protection::READ).is_ok()
        }
    }
}

/// Makes every other running thread of the process refetch its instructions, as the architecture
/// demands before modified code runs. False if the host does not support it (kernels before 4.16).
pub fn serialize_all_threads() -> bool {
    static REGISTERED: OnceLock<bool> = OnceLock::new();
    run(INSTRUCTIONS, &REGISTERED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_supported(commands: [i32; 2]) -> bool {
        // SAFETY: the call touches no memory of ours.
        let supported = unsafe { libc::syscall(libc::SYS_membarrier, libc::MEMBARRIER_CMD_QUERY, 0, 0) };
        supported > 0 && commands.iter().all(|command| supported & i64::from(*command) != 0)
    }

    #[test]
    fn barriers_are_issued_where_the_host_supports_them() {
        for _ in 0..2 {
            assert_eq!(run(MEMORY, &OnceLock::new()), is_supported(MEMORY));
            assert_eq!(on_all_threads(), is_supported(MEMORY) || flushes_interrupt());
            assert_eq!(serialize_all_threads(), is_supported(INSTRUCTIONS));
        }
    }

    #[test]
    fn a_registered_process_has_registered_for_both_barriers() {
        register();
        // The kernel refuses them to other processes.
        for commands in [MEMORY, INSTRUCTIONS] {
            assert_eq!(membarrier(commands[0]), is_supported(commands));
        }
    }

    #[test]
    fn translations_are_flushed_again_and_again() {
        for _ in 0..3 {
            assert_eq!(flush_translations(), flushes_interrupt());
        }
    }

    #[test]
    fn the_page_that_is_flushed_stays_a_mapping_of_its_own() {
        assert_eq!(flush_translations(), flushes_interrupt());
        let Some(page) = flushed_page() else { return };
        let at = *page.lock().unwrap();
        let size = region::page::size();
        let mapping = |at: usize| region::query(std::ptr::without_provenance::<u8>(at)).unwrap();
        assert_eq!(mapping(at).as_range(), at..at + size);
        for neighbour in [at - size, at + size] {
            assert_eq!(mapping(neighbour).protection(), Protection::NONE);
        }
    }
}
