//! The end of the process by a library: no library of this system does that.

use windows_sys::Win32::System::Threading::{GetCurrentProcess, TerminateProcess};

/// Not supported: false.
pub fn before_exit(_run: extern "C" fn()) -> bool {
    false
}

/// Ends the process at once, without clean-up.
pub fn exit_now(code: u8) -> ! {
    // SAFETY: ends this process; nothing of it runs afterwards.
    unsafe { TerminateProcess(GetCurrentProcess(), u32::from(code)) };
    // The call returned: the host refused.
    std::process::abort()
}
