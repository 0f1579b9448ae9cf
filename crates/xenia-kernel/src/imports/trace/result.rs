//! Formatting of results and times in a trace.

use std::fmt;
use xenia_guest::{HResult, NtStatus, Win32Error};
use xenia_imports::ordinals::Returns;
use xenia_sched::{GuestTicks, TICKS_PER_SECOND};

/// A guest time, or a length of guest time, in seconds.
pub(super) struct Moment(pub(super) GuestTicks);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / TICKS_PER_SECOND;
        let ticks = self.0 % TICKS_PER_SECOND;
        write!(f, "{seconds}.{:09}", ticks * 1_000_000_000 / TICKS_PER_SECOND)
    }
}

/// The result of a call, by its kind; empty if there is none.
pub(super) fn result_text(returns: Returns, value: u64) -> String {
    let word = value as u32;
    let code = |name: Option<&str>| match name {
        Some(name) => format!(" = {word:#x} {name}"),
        None => format!(" = {word:#x}"),
    };
    match returns {
        Returns::Status => code(NtStatus(word).name()),
        Returns::Win32 => code(Win32Error(word).name()),
        Returns::Hresult => code(HResult(word).name()),
        Returns::Bool if word <= 1 => format!(" = {}", word == 1),
        Returns::Socket => format!(" = {}", word as i32),
        Returns::Void => String::new(),
        Returns::Handle | Returns::Pointer | Returns::Bool => format!(" = {word:#x}"),
        Returns::Count | Returns::Unsure => format!(" = {value:#x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_shown_by_their_kinds() {
        let text = result_text;
        assert_eq!(
            text(Returns::Status, NtStatus::INVALID_HANDLE.to_register()),
            " = 0xc0000008 INVALID_HANDLE"
        );
        assert_eq!(text(Returns::Win32, 0xFFFF_0001), " = 0xffff0001");
        assert_eq!(text(Returns::Bool, 1), " = true");
        assert_eq!(text(Returns::Socket, u64::MAX), " = -1");
        assert_eq!((text(Returns::Void, 5), text(Returns::Count, 5)), (String::new(), " = 0x5".to_owned()));
    }

    #[test]
    fn times_are_printed_in_seconds() {
        assert_eq!(Moment(TICKS_PER_SECOND * 3 + TICKS_PER_SECOND / 2).to_string(), "3.500000000");
        assert_eq!(Moment(1).to_string(), "0.000000020");
    }
}
