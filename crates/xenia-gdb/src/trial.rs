//! Trial parsing: a packet goes to a scratch stub first. An error of gdbstub would end the session,
//! so packets that it refuses never reach the session's stub.
//!
//! Only gdbstub can decide which packets it accepts. The scratch stub has a debuggee that has the
//! machine's threads and executes nothing.

use crate::packets::{MAX_PACKET_LENGTH, framed};
use crate::stub::Stub;
use crate::{Debuggee, Progress};
use gdbstub::conn::Connection;
use gdbstub::stub::GdbStub;
use gdbstub::stub::state_machine::GdbStubStateMachine;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use xenia_cpu::{PpcContext, WatchedAccess};

/// A debuggee without a machine, on which packets are tried.
#[derive(Default)]
pub(crate) struct TrialDebuggee {
    threads: Vec<u32>,
    can_go_back: bool,
    context: Box<PpcContext>,
}

/// A connection that drops the answers.
struct Silent;

impl Connection for Silent {
    type Error = Infallible;

    fn write(&mut self, _: u8) -> Result<(), Infallible> {
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl TrialDebuggee {
    /// Whether gdbstub can answer a packet with these data in a session with this debuggee.
    pub(crate) fn accepts<D: Debuggee>(&mut self, data: &[u8], debuggee: &D) -> bool {
        self.threads = debuggee.threads();
        self.can_go_back = debuggee.can_go_back();
        let mut stub = Stub { debuggee: self, step: None, is_back: false, is_wrong: false };
        let Ok(new) = GdbStub::builder(Silent).packet_buffer_size(MAX_PACKET_LENGTH).build() else {
            return false;
        };
        let Ok(mut state) = new.run_state_machine(&mut stub) else { return false };
        for byte in framed(data) {
            let GdbStubStateMachine::Idle(idle) = state else { return false };
            let Ok(next) = idle.incoming_data(&mut stub, byte) else { return false };
            state = next;
        }
        true
    }
}

impl Debuggee for TrialDebuggee {
    fn threads(&self) -> Vec<u32> {
        self.threads.clone()
    }

    fn describe(&self, _: u32) -> String {
        String::new()
    }

    fn context(&self, _: u32) -> Option<&PpcContext> {
        Some(&self.context)
    }

    fn context_mut(&mut self, _: u32) -> Option<&mut PpcContext> {
        Some(&mut self.context)
    }

    fn read(&self, _: u32, _: &mut [u8]) -> usize {
        0
    }

    fn write(&mut self, _: u32, _: &[u8]) -> bool {
        true
    }

    fn insert_breakpoint(&mut self, _: u32) -> bool {
        true
    }

    fn remove_breakpoint(&mut self, _: u32) -> bool {
        true
    }

    fn insert_watch(&mut self, _: u32, _: u32, _: WatchedAccess) -> bool {
        true
    }

    fn remove_watch(&mut self, _: u32, _: u32, _: WatchedAccess) -> bool {
        true
    }

    fn resume(&mut self, _: Option<u32>) -> Progress {
        Progress::Running
    }

    fn can_go_back(&self) -> bool {
        self.can_go_back
    }

    fn resume_backwards(&mut self, _: Option<u32>) -> Progress {
        Progress::Running
    }

    fn idle(&mut self) -> bool {
        true
    }

    fn stop_flag(&self) -> Arc<AtomicBool> {
        Arc::default()
    }

    fn command(&mut self, _: &str) -> String {
        String::new()
    }
}
