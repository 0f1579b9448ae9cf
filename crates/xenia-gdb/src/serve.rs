//! A session: bytes of gdb to the protocol, and the machine's progress to gdb.

use crate::packets::{GdbInput, MAX_PACKET_LENGTH, PacketReader, framed, is_wrong};
use crate::stub::{Stub, thread_id, watch_kind};
use crate::trial::TrialDebuggee;
use crate::{Debuggee, Link, Progress};
use gdbstub::common::Signal;
use gdbstub::conn::Connection;
use gdbstub::stub::state_machine::GdbStubStateMachine;
use gdbstub::stub::{DisconnectReason, GdbStub, MultiThreadStopReason};
use gdbstub::target::ext::base::reverse_exec::ReplayLogPosition;
use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

/// The answer to a packet that cannot be parsed: EINVAL.
const INVALID: &[u8] = b"E16";

/// How long a stopped machine waits for gdb, or gdb's packets are handled, before
/// [`Debuggee::idle`] is called.
const IDLE_PERIOD: Duration = Duration::from_millis(20);

/// Reason for a session's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionEnd {
    /// gdb detached or closed the connection: the title runs on.
    Detached,
    /// gdb killed the title, or the debuggee ended the session.
    Killed,
    /// The title ended, and gdb was notified.
    Ended,
}

/// An error that ended a session.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The connection failed.
    #[error("the connection to gdb")]
    Connection(#[from] io::Error),
    /// gdbstub cannot continue.
    #[error("gdb's remote protocol: {0}")]
    Protocol(String),
}

/// The sending half of a link, as gdbstub needs it.
struct Sender {
    link: Link,
    buffer: Vec<u8>,
}

impl Connection for Sender {
    type Error = io::Error;

    fn write(&mut self, byte: u8) -> io::Result<()> {
        self.buffer.push(byte);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        let bytes = std::mem::take(&mut self.buffer);
        self.link.send(&bytes)
    }
}

/// Serves one gdb until the title ends or gdb detaches. Breakpoints that gdb has not removed stay
/// set.
///
/// A packet that cannot be parsed is answered with an error, and the session continues.
///
/// # Errors
/// The connection fails other than by being closed, or gdbstub fails.
pub fn serve<D: Debuggee>(link: Link, debuggee: &mut D) -> Result<SessionEnd, ServeError> {
    let mut stub = Stub { debuggee, step: None, is_back: false, is_wrong: false };
    let mut input = Input::default();
    let mut has_ended = false;
    // When the debuggee was last asked whether the session must end.
    let mut last_poll = Instant::now();
    let mut state = GdbStub::builder(Sender { link, buffer: Vec::new() })
        .packet_buffer_size(MAX_PACKET_LENGTH)
        .build()
        .map_err(|error| protocol(&error))?
        .run_state_machine(&mut stub)
        .map_err(|error| protocol(&error))?;
    loop {
        // Packets without a pause must not keep the machine from an interrupt or its timeout. It
        // does not run over those that wait: they may interrupt it.
        if last_poll.elapsed() >= IDLE_PERIOD {
            if !stub.debuggee.idle() {
                return Ok(SessionEnd::Killed);
            }
            last_poll = Instant::now();
        }
        state = match state {
            GdbStubStateMachine::Idle(mut idle) => {
                let Ok(received) = input.next(&idle.borrow_conn().link, IDLE_PERIOD) else {
                    return Ok(SessionEnd::Detached);
                };
                match received {
                    Some(received) => input.handle(received, idle.into(), &mut stub)?,
                    None => idle.into(),
                }
            }
            GdbStubStateMachine::Running(mut running) => {
                let Ok(received) = input.next(&running.borrow_conn().link, Duration::ZERO) else {
                    return Ok(SessionEnd::Detached);
                };
                if let Some(received) = received {
                    input.handle(received, running.into(), &mut stub)?
                } else {
                    let stop = run_for_a_while(&mut stub, &mut has_ended);
                    last_poll = Instant::now();
                    if let Some(reason) = stop {
                        // A launched title is stopped by another flag.
                        running.borrow_conn().link.set_stop(stub.debuggee.stop_flag());
                        running.report_stop(&mut stub, reason).map_err(|error| protocol(&error))?
                    } else {
                        running.into()
                    }
                }
            }
            GdbStubStateMachine::CtrlCInterrupt(interrupt) => {
                let thread = stub.debuggee.threads().first().copied();
                let reason = stopped(thread.unwrap_or_default(), Signal::SIGINT);
                interrupt.interrupt_handled(&mut stub, Some(reason)).map_err(|error| protocol(&error))?
            }
            GdbStubStateMachine::Disconnected(end) => {
                return Ok(session_end(end.get_reason()));
            }
        };
    }
}

const fn session_end(reason: DisconnectReason) -> SessionEnd {
    match reason {
        DisconnectReason::TargetExited(_) | DisconnectReason::TargetTerminated(_) => SessionEnd::Ended,
        DisconnectReason::Disconnect => SessionEnd::Detached,
        DisconnectReason::Kill => SessionEnd::Killed,
    }
}

fn protocol(error: &dyn std::fmt::Display) -> ServeError {
    ServeError::Protocol(error.to_string())
}

/// A session of gdbstub.
type StubState<'a, 'b, D> = GdbStubStateMachine<'a, Stub<'b, D>, Sender>;

/// The receiving half of a session.
#[derive(Default)]
struct Input {
    bytes: VecDeque<u8>,
    packets: PacketReader,
    trial: TrialDebuggee,
    /// Whether gdb has switched acknowledgements off.
    is_quiet: bool,
}

impl Input {
    /// The next packet or interrupt of gdb, if there is one within `timeout`.
    ///
    /// # Errors
    /// gdb has closed the connection.
    fn next(&mut self, link: &Link, timeout: Duration) -> io::Result<Option<GdbInput>> {
        if self.bytes.is_empty() {
            self.bytes.extend(link.receive(timeout)?.unwrap_or_default());
        }
        while let Some(byte) = self.bytes.pop_front() {
            if let Some(received) = self.packets.take(byte) {
                return Ok(Some(received));
            }
        }
        Ok(None)
    }

    /// Passes received input to gdbstub, or refuses it, so that gdb can resend it or continue.
    fn handle<'a, 'b, D: Debuggee>(
        &mut self,
        received: GdbInput,
        state: StubState<'a, 'b, D>,
        stub: &mut Stub<'b, D>,
    ) -> Result<StubState<'a, 'b, D>, ServeError> {
        match received {
            GdbInput::Interrupt => feed(state, stub, &[3]),
            GdbInput::Packet(data) if self.trial.accepts(&data, stub.debuggee) => {
                self.is_quiet |= data == b"QStartNoAckMode";
                stub.is_wrong = is_wrong(&data);
                feed(state, stub, &framed(&data))
            }
            GdbInput::Damaged if !self.is_quiet => answer(state, b"-"),
            GdbInput::Packet(_) | GdbInput::TooLong | GdbInput::Damaged => {
                let begin: &[u8] = if self.is_quiet { b"" } else { b"+" };
                answer(state, &[begin, &framed(INVALID)].concat())
            }
        }
    }
}

/// Gives gdbstub the bytes of a packet or an interrupt.
fn feed<'a, 'b, D: Debuggee>(
    mut state: StubState<'a, 'b, D>,
    stub: &mut Stub<'b, D>,
    bytes: &[u8],
) -> Result<StubState<'a, 'b, D>, ServeError> {
    for &byte in bytes {
        state = match state {
            GdbStubStateMachine::Idle(idle) => idle.incoming_data(stub, byte),
            GdbStubStateMachine::Running(running) => running.incoming_data(stub, byte),
            // Only the last byte leads there.
            other => Ok(other),
        }
        .map_err(|error| protocol(&error))?;
    }
    Ok(state)
}

/// Answers gdb without gdbstub.
fn answer<'a, 'b, D: Debuggee>(
    state: StubState<'a, 'b, D>,
    bytes: &[u8],
) -> Result<StubState<'a, 'b, D>, ServeError> {
    Ok(match state {
        GdbStubStateMachine::Idle(mut idle) => {
            idle.borrow_conn().link.send(bytes)?;
            idle.into()
        }
        GdbStubStateMachine::Running(mut running) => {
            running.borrow_conn().link.send(bytes)?;
            running.into()
        }
        other => other,
    })
}

/// A stop of a thread with a signal.
fn stopped(thread: u32, signal: Signal) -> MultiThreadStopReason<u32> {
    match thread_id(thread) {
        Some(tid) => MultiThreadStopReason::SignalWithThread { tid, signal },
        None => MultiThreadStopReason::Signal(signal),
    }
}

/// A stop at the first or last moment that can be reached.
fn log_end<D: Debuggee>(stub: &Stub<'_, D>, pos: ReplayLogPosition) -> MultiThreadStopReason<u32> {
    let tid = stub.debuggee.threads().first().and_then(|&thread| thread_id(thread));
    MultiThreadStopReason::ReplayLog { tid, pos }
}

/// Lets the machine run for a while, and returns the reason for which it stopped, if it did.
fn run_for_a_while<D: Debuggee>(
    stub: &mut Stub<'_, D>,
    has_ended: &mut bool,
) -> Option<MultiThreadStopReason<u32>> {
    let progress = if stub.is_back {
        *has_ended = false;
        stub.debuggee.resume_backwards(stub.step)
    } else if *has_ended {
        // A title that crashed was reported as stopped; it ends when gdb resumes it.
        return Some(MultiThreadStopReason::Terminated(Signal::SIGSEGV));
    } else {
        stub.debuggee.resume(stub.step)
    };
    Some(match progress {
        Progress::Running => return None,
        Progress::Breakpoint { thread } => match thread_id(thread) {
            Some(tid) => MultiThreadStopReason::SwBreak(tid),
            None => MultiThreadStopReason::Signal(Signal::SIGTRAP),
        },
        Progress::Watch { thread, at, access } => match thread_id(thread) {
            Some(tid) => MultiThreadStopReason::Watch { tid, kind: watch_kind(access), addr: at },
            None => MultiThreadStopReason::Signal(Signal::SIGTRAP),
        },
        Progress::Stepped { thread } | Progress::Launched { thread } => stopped(thread, Signal::SIGTRAP),
        Progress::Crashed { thread } => {
            *has_ended = true;
            stopped(thread, Signal::SIGSEGV)
        }
        Progress::Beginning => log_end(stub, ReplayLogPosition::Begin),
        Progress::RecordingEnd => log_end(stub, ReplayLogPosition::End),
        Progress::Exited { code } => MultiThreadStopReason::Exited(code as u8),
        Progress::Ended => MultiThreadStopReason::Terminated(Signal::SIGTERM),
    })
}
