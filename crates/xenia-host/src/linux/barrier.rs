//! Process-wide memory barriers, issued by one thread so that the frequent path of the others needs
//! no fence.
//!
//! A store to guest memory reads the page's flags after it has written the bytes, without a fence
//! between the two, so the processor may read the flags before the store is visible to other
//! threads. The thread that sets a flag compensates: after [`on_all_threads`], every store that
//! missed the flag is visible.

use std::sync::OnceLock;

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

/// Whether nothing replaces [`on_all_threads`]. On x86-64 the TLB flush of an `mprotect` interrupts
/// the same threads; AArch64's is broadcast by hardware and interrupts none.
pub(crate) const IS_NEEDED: bool = cfg!(target_arch = "aarch64");

/// Registers the process for both barriers. Call it before the process has threads: each
/// registration takes microseconds then, and 5 to 20 ms later, when the kernel waits until all
/// processors have seen it.
pub fn register() {
    on_all_threads();
    serialize_all_threads();
}

/// Makes every other running thread of the process execute a full memory barrier, and executes one
/// itself. False if the host does not support it (kernels before 4.14): guest memory is then
/// refused where nothing replaces it.
pub fn on_all_threads() -> bool {
    static REGISTERED: OnceLock<bool> = OnceLock::new();
    std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
    run(MEMORY, &REGISTERED)
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
            assert_eq!(on_all_threads(), is_supported(MEMORY));
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
}
