//! The display: kept on while something is shown without input.
//!
//! A request belongs to the thread that makes it, so that each has a thread of its own. Source:
//! Microsoft, "SetThreadExecutionState function".

use std::io;
use std::sync::mpsc;
use windows_sys::Win32::System::Power::{
    ES_CONTINUOUS, ES_DISPLAY_REQUIRED, EXECUTION_STATE, SetThreadExecutionState,
};

/// Keeps the display on until it is dropped.
#[derive(Debug)]
pub struct DisplayHold {
    /// Its receiver is the thread of the request, which ends with it.
    _end: mpsc::Sender<()>,
}

impl DisplayHold {
    /// Begins to keep the display on.
    pub fn new() -> io::Result<Self> {
        let (end, ended) = mpsc::channel::<()>();
        let (done, answer) = mpsc::channel();
        std::thread::Builder::new().name("display".to_owned()).spawn(move || {
            let is_set = request(ES_CONTINUOUS | ES_DISPLAY_REQUIRED);
            if done.send(is_set).is_ok() && is_set {
                // Fails once the sender is dropped.
                let _ = ended.recv();
                request(ES_CONTINUOUS);
            }
        })?;
        match answer.recv() {
            Ok(true) => Ok(Self { _end: end }),
            _ => Err(io::Error::other("the system does not keep the display on")),
        }
    }
}

/// Replaces the requests of this thread; returns whether that has succeeded.
fn request(state: EXECUTION_STATE) -> bool {
    // SAFETY: the call takes flags alone, and refuses those that it does not know.
    unsafe { SetThreadExecutionState(state) != 0 }
}
