//! Exit of the process by a library: Xlib calls `exit` when the connection to the display is lost.

/// Lets the C library call `run` when something calls `exit`, before the functions that were named
/// earlier, and with them before the clean-up of libraries that were loaded earlier. Returns false
/// if there is no memory for it. Each call adds one, for the rest of the process.
pub fn before_exit(run: extern "C" fn()) -> bool {
    // SAFETY: a function without parameters that lives as long as the program may be called at any
    // time; a panic in it aborts the process instead of unwinding into the C library.
    unsafe { libc::atexit(run) == 0 }
}

/// Ends the process at once, without the functions of [`before_exit`] and without clean-up: from
/// one of these, calling `exit` again is undefined.
pub fn exit_now(code: u8) -> ! {
    // SAFETY: takes no pointer, and any thread may call it at any time.
    unsafe { libc::_exit(i32::from(code)) }
}
