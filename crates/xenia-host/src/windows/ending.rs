//! The end of the process: no library of this system ends it, as Xlib does.

use windows_sys::Win32::System::Threading::{GetCurrentProcess, TerminateProcess};

/// No effect, because only the program itself calls `exit`; returns true.
pub fn before_exit(_run: extern "C" fn()) -> bool {
    true
}

/// Ends the process at once, without clean-up.
pub fn exit_now(code: u8) -> ! {
    // SAFETY: ends this process; nothing of it runs afterwards.
    unsafe { TerminateProcess(GetCurrentProcess(), u32::from(code)) };
    // The call returned: the host refused.
    std::process::abort()
}
