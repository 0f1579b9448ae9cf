//! Control flow after an export: the calling thread's next action, as data.
//!
//! Invariant: an export neither waits on its host thread nor runs guest code; a continuation is
//! plain data, so that the machine can be saved between two runs.

use super::{Continuation, Rest};
use crate::status::failure::{Failure, Fallible};
use serde::{Deserialize, Serialize};
use xenia_guest::{GuestAddr, HResult, NtStatus, Win32Error};
use xenia_imports::ordinals::Returns;
use xenia_memory::MemoryFault;
use xenia_sched::{EndKind, Wait};

/// Next action of a thread after an export, with the export's result where there is one.
#[derive(Clone, Debug)]
pub enum Flow<T = u64> {
    /// Continues with this result.
    Return(T),
    /// Waits; the waker provides the result.
    Block(Wait),
    /// Continues with this result after the other threads had their turn.
    Yield(T),
    /// Repeats the call after the other threads had their turn.
    Repeat,
    /// Continues the call from its saved state after the other threads had their turn.
    Later(Rest),
    /// Ends the thread.
    Exit {
        /// Exit code, which the thread object keeps.
        code: u32,
    },
    /// Calls guest code; the continuation turns its result into that of the export.
    CallGuest(GuestCall),
    /// Raises a guest exception at the call, because the guest passed a bad pointer.
    Fault(MemoryFault),
    /// Stops the machine.
    End(EndKind),
}

/// A call of guest code by an export.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GuestCall {
    /// Address of the function.
    pub pc: GuestAddr,
    /// Arguments for r3 and the following registers; at most 8.
    pub args: Vec<u64>,
    /// Words that are stored on the stack, at most [`MAX_LOCALS`]. Their addresses are passed
    /// as further arguments.
    pub locals: Vec<u32>,
    /// Value for r12: the frame of the enclosing function, for filters and handlers.
    pub link: Option<GuestAddr>,
    /// Continuation after the function has returned.
    pub then: Continuation,
}

/// Maximum number of stack words of a guest call.
pub const MAX_LOCALS: usize = 4;

impl GuestCall {
    /// A call without arguments.
    pub fn new(pc: GuestAddr, then: Continuation) -> Self {
        Self { pc, args: Vec::new(), locals: Vec::new(), link: None, then }
    }
}

impl<T> Flow<T> {
    /// Maps the result of the flow.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Flow<U> {
        match self {
            Self::Return(value) => Flow::Return(f(value)),
            Self::Yield(value) => Flow::Yield(f(value)),
            Self::Block(wait) => Flow::Block(wait),
            Self::Repeat => Flow::Repeat,
            Self::Later(rest) => Flow::Later(rest),
            Self::Exit { code } => Flow::Exit { code },
            Self::CallGuest(call) => Flow::CallGuest(call),
            Self::Fault(fault) => Flow::Fault(fault),
            Self::End(end) => Flow::End(end),
        }
    }
}

/// Types that exports may return.
pub trait IntoFlow {
    /// The flow, with r3 as its result.
    fn into_flow(self) -> Flow;
}

/// Value of r3 for an export that resumes the thread elsewhere; the function itself has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegisterResult(pub u64);

/// The kinds of result in the ordinal tables that a result type is compatible with. `#[exports]`
/// compares them: an export whose result type does not fit its table row does not compile.
pub trait ReturnKinds {
    /// The kinds of result that the type represents.
    const KINDS: &'static [Returns];
}

impl<T: ReturnKinds> ReturnKinds for Flow<T> {
    const KINDS: &'static [Returns] = T::KINDS;
}

impl<T: ReturnKinds> ReturnKinds for Fallible<T> {
    const KINDS: &'static [Returns] = T::KINDS;
}

impl ReturnKinds for () {
    const KINDS: &'static [Returns] = &[Returns::Void];
}

/// A result that fits into r3.
pub trait Result64 {
    /// The value for r3.
    fn result(self) -> u64;
}

macro_rules! results {
    ($($t:ty: $($kind:ident)|+, $value:ident => $result:expr;)*) => { $(
        impl ReturnKinds for $t {
            const KINDS: &'static [Returns] = &[$(Returns::$kind),+];
        }
        impl Result64 for $t {
            fn result(self) -> u64 {
                let $value = self;
                $result
            }
        }
        impl IntoFlow for $t {
            fn into_flow(self) -> Flow {
                Flow::Return(self.result())
            }
        }
    )* };
}

results! {
    u64: Count, v => v;
    i64: Count, v => v as u64;
    u32: Count, v => u64::from(v);
    u16: Count, v => u64::from(v);
    u8: Count, v => u64::from(v);
    i32: Count | Socket, v => v as i64 as u64;
    bool: Bool, v => u64::from(v);
    GuestAddr: Pointer, v => u64::from(v.0);
    super::Handle: Handle, v => u64::from(v.0);
    NtStatus: Status, v => v.to_register();
    HResult: Hresult, v => v.to_register();
    Win32Error: Win32, v => u64::from(v.0);
    RegisterResult: Void, v => v.0;
}

impl IntoFlow for () {
    // r3 is volatile: a function without a result returns with its first argument there.
    fn into_flow(self) -> Flow {
        Flow::Return(0)
    }
}

impl Result64 for () {
    fn result(self) -> u64 {
        0
    }
}

impl<T: Result64> IntoFlow for Flow<T> {
    fn into_flow(self) -> Flow {
        self.map(Result64::result)
    }
}

/// Results of exports that may fail.
pub trait FallibleResult: Sized {
    /// The flow of a failed export.
    fn failed(failure: Failure) -> Flow;
}

impl FallibleResult for NtStatus {
    fn failed(failure: Failure) -> Flow {
        Flow::Return(failure.status().result())
    }
}

impl FallibleResult for Flow<NtStatus> {
    fn failed(failure: Failure) -> Flow {
        NtStatus::failed(failure)
    }
}

impl FallibleResult for HResult {
    fn failed(failure: Failure) -> Flow {
        Flow::Return(match failure {
            Failure::Fault(_) => Self::INVALID_ARGUMENT.result(),
            Failure::Status(NtStatus::NO_MEMORY) => Self::OUT_OF_MEMORY.result(),
            Failure::Status(_) => Self::FAIL.result(),
        })
    }
}

impl FallibleResult for Flow<HResult> {
    fn failed(failure: Failure) -> Flow {
        HResult::failed(failure)
    }
}

impl FallibleResult for Win32Error {
    fn failed(failure: Failure) -> Flow {
        Flow::Return(match failure {
            Failure::Fault(_) => Self::INVALID_PARAMETER.result(),
            Failure::Status(NtStatus::NO_MEMORY) => Self::NOT_ENOUGH_MEMORY.result(),
            Failure::Status(NtStatus::INVALID_HANDLE) => Self::INVALID_HANDLE.result(),
            Failure::Status(NtStatus::ACCESS_DENIED) => Self::ACCESS_DENIED.result(),
            Failure::Status(_) => Self::FUNCTION_FAILED.result(),
        })
    }
}

impl FallibleResult for Flow<Win32Error> {
    fn failed(failure: Failure) -> Flow {
        Win32Error::failed(failure)
    }
}

#[cold]
fn without_status(status: NtStatus) -> Flow {
    tracing::debug!(target: "kernel", "a call returns 0, as its result has no place for {status:?}");
    Flow::Return(0)
}

macro_rules! plain_failures {
    ($($t:ty),*) => { $(
        // A fault becomes an exception.
        impl FallibleResult for $t {
            fn failed(failure: Failure) -> Flow {
                match failure {
                    Failure::Status(status) => without_status(status),
                    Failure::Fault(fault) => Flow::Fault(fault),
                }
            }
        }
    )* };
}
plain_failures!(
    (),
    u64,
    u32,
    u16,
    u8,
    i32,
    i64,
    bool,
    GuestAddr,
    super::Handle,
    Flow<()>,
    Flow<bool>,
    Flow<super::Handle>,
    Flow<i32>,
    Flow<u32>,
    Flow<u64>,
    Flow<RegisterResult>
);

impl<T: IntoFlow + FallibleResult> IntoFlow for Fallible<T> {
    fn into_flow(self) -> Flow {
        match self {
            Ok(value) => value.into_flow(),
            Err(failure) => T::failed(failure),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_memory::{AccessKind, FaultKind};

    fn returned(flow: Flow) -> u64 {
        match flow {
            Flow::Return(value) => value,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn statuses_are_sign_extended_and_words_are_not() {
        assert_eq!(returned(NtStatus::INVALID_HANDLE.into_flow()), 0xFFFF_FFFF_C000_0008);
        assert_eq!(returned(0xC000_0008_u32.into_flow()), 0xC000_0008);
        assert_eq!(returned((-1_i32).into_flow()), u64::MAX);
    }

    #[test]
    fn a_bad_pointer_is_a_status_if_the_call_has_one_and_an_exception_otherwise() {
        let fault = MemoryFault { addr: GuestAddr(8), kind: FaultKind::Unmapped, access: AccessKind::Store };
        let status: Fallible<NtStatus> = Err(fault.into());
        assert_eq!(returned(status.into_flow()), 0xFFFF_FFFF_C000_0005);
        let nothing: Fallible<()> = Err(fault.into());
        assert!(matches!(nothing.into_flow(), Flow::Fault(found) if found == fault));
        let word: Fallible<u32> = Err(NtStatus::NO_MEMORY.into());
        assert_eq!(returned(word.into_flow()), 0);
    }
}
