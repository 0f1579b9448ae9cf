//! The handler of C functions (`__C_specific_handler`): runs the filters and termination handlers
//! in the function's scope table, which lists the ranges of its `__try` blocks.
//!
//! ```text
//! table:  count, then { begin, end, handler, target } for each scope, inner scopes first
//!         target ≠ 0: __except; `handler` is its filter (1: always true), `target` where to resume
//!         target = 0: __finally; `handler` is the termination handler
//! ```

use super::{area, disposition, flag, unwind};
use crate::abi::{Call, Flow};
use crate::exception_state::{ActivityKind, MAX_SCOPES, Scopes, StackBounds, UnwindTarget};
use crate::status::failure::Fallible;
use xenia_guest::GuestAddr;
use xenia_guest::layout::{context_record, dispatcher_context, exception_record, function_entry};

/// Filter value that accepts every exception.
const EXECUTE_HANDLER: u32 = 1;
/// Size in bytes of the stack frame that holds the `EXCEPTION_POINTERS` for filters.
const POINTERS_FRAME: u32 = 0x20;
/// Offset of the `EXCEPTION_POINTERS` in that frame.
const POINTERS: u32 = 0x10;

#[derive(Clone, Copy, Debug)]
struct Scope {
    begin: u32,
    end: u32,
    handler: u32,
    target: u32,
}

impl Scope {
    fn covers(self, pc: u32) -> bool {
        (self.begin..self.end).contains(&pc)
    }
}

/// Scans the scopes of the function that `dispatcher` describes: calls filters during the search
/// for a handler, termination handlers during an unwind. An unreadable table counts as empty.
pub fn handle(
    call: &mut Call,
    record: GuestAddr,
    frame: GuestAddr,
    context: GuestAddr,
    dispatcher: GuestAddr,
) -> Flow {
    match Scopes::read(call, record, frame, context, dispatcher) {
        Ok(scopes) => scopes.scan(call),
        Err(failure) => {
            tracing::warn!(target: "kernel", "scope table of the function at frame {frame}: {failure}");
            Flow::Return(u64::from(disposition::CONTINUE_SEARCH))
        }
    }
}

impl Scopes {
    fn read(
        call: &Call,
        record: GuestAddr,
        frame: GuestAddr,
        context: GuestAddr,
        dispatcher: GuestAddr,
    ) -> Fallible<Self> {
        let memory = call.memory();
        let entry: GuestAddr = memory.read(dispatcher.offset(dispatcher_context::FUNCTION_ENTRY))?;
        let table: GuestAddr = memory.read(entry.offset(function_entry::HANDLER_DATA))?;
        let mut scopes = Self {
            record,
            frame,
            context,
            dispatcher,
            stack_pointer: call.ctx().gpr[1],
            flags: memory.read(record.offset(exception_record::FLAGS))?,
            code: memory.read(record.offset(exception_record::CODE))?,
            control_pc: memory.read(dispatcher.offset(dispatcher_context::CONTROL_PC))?,
            target_pc: memory.read(context.offset(context_record::IAR))?,
            count: memory.read::<u32>(table)?.min(MAX_SCOPES),
            table: table.offset(4),
            index: 0,
            kept: Vec::new(),
        };
        if scopes.flags & flag::TARGET_UNWIND != 0 {
            let all = (0..scopes.count).map_while(|index| scopes.scope(call, index).ok());
            let kept = all.filter(|scope| scope.covers(scopes.target_pc));
            scopes.kept = kept.map(|scope| (scope.handler, scope.target)).collect();
            scopes.kept.sort_unstable();
        }
        Ok(scopes)
    }

    /// r1 of the handler's caller.
    pub(super) fn stack_pointer(&self) -> u64 {
        self.stack_pointer
    }

    fn scope(&self, call: &Call, index: u32) -> Fallible<Scope> {
        let at = self.table.offset(16 * index);
        let word = |offset: u32| call.memory().read(at.offset(offset));
        Ok(Scope { begin: word(0)?, end: word(4)?, handler: word(8)?, target: word(12)? })
    }

    /// Continues at the current scope, up to the next one that needs a call.
    fn scan(mut self, call: &mut Call) -> Flow {
        while self.index < self.count {
            let Ok(scope) = self.scope(call, self.index) else { break };
            if scope.covers(self.control_pc) {
                if self.flags & (flag::UNWINDING | flag::EXIT_UNWIND) == 0 {
                    match (scope.target, scope.handler) {
                        (0, _) => {}
                        (_, EXECUTE_HANDLER) => return self.execute(call, scope),
                        _ => return self.filter(call, scope),
                    }
                } else if self.is_target(scope) {
                    break;
                } else if scope.target == 0 {
                    return self.terminate(call, scope);
                }
            }
            self.index += 1;
        }
        Flow::Return(u64::from(disposition::CONTINUE_SEARCH))
    }

    /// Whether the unwind's target is inside this scope or its `__except`. Then this scope and
    /// those around it are not left.
    fn is_target(&self, scope: Scope) -> bool {
        self.flags & flag::TARGET_UNWIND != 0
            && (scope.target != 0 && scope.target == self.target_pc
                || self.kept.binary_search(&(scope.handler, scope.target)).is_ok())
    }

    /// Calls a scope's filter.
    fn filter(self, call: &mut Call, scope: Scope) -> Flow {
        let memory = call.memory();
        let made = StackBounds::of(call).and_then(|bounds| {
            let base = area::take(memory, self.stack_pointer, bounds.low, POINTERS_FRAME)?;
            memory.write(base.offset(POINTERS), self.record)?;
            memory.write(base.offset(POINTERS + 4), self.context)?;
            Ok(base)
        });
        // Without stack space no filter can be called.
        let Ok(base) = made else { return Flow::Return(u64::from(disposition::CONTINUE_SEARCH)) };
        call.ctx_mut().gpr[1] = u64::from(base.0);
        let frame = self.frame;
        let args = vec![u64::from(base.offset(POINTERS).0), u64::from(frame.0)];
        ActivityKind::Scopes(self).call_guest(GuestAddr(scope.handler), args, frame)
    }

    /// Calls a scope's termination handler. Moves the function's pc to the end of this scope first,
    /// so that only the remaining scopes are left if the handler itself exits by an unwind.
    fn terminate(self, call: &mut Call, scope: Scope) -> Flow {
        let at = self.dispatcher.offset(dispatcher_context::CONTROL_PC);
        if call.memory().write(at, scope.end).is_err() {
            return Flow::Return(u64::from(disposition::CONTINUE_SEARCH));
        }
        let frame = self.frame;
        let abnormal = 1;
        ActivityKind::Scopes(self).call_guest(
            GuestAddr(scope.handler),
            vec![abnormal, u64::from(frame.0)],
            frame,
        )
    }

    /// Handles the exception: unwinds to this function and resumes it at the scope's target.
    fn execute(self, call: &mut Call, scope: Scope) -> Flow {
        let target = UnwindTarget {
            frame: Some(self.frame),
            pc: Some(GuestAddr(scope.target)),
            record: Some(self.record),
            value: u64::from(self.code),
            context: None,
        };
        match unwind::begin(call, target) {
            Ok(flow) => flow,
            Err(failure) => {
                tracing::warn!(target: "kernel", "unwinding to {}: {failure}", self.frame);
                Flow::Return(u64::from(disposition::CONTINUE_SEARCH))
            }
        }
    }

    /// Continues after a filter or termination handler has returned.
    pub(super) fn resume(mut self, call: &mut Call, result: u32) -> Flow {
        call.ctx_mut().gpr[1] = self.stack_pointer;
        if self.flags & (flag::UNWINDING | flag::EXIT_UNWIND) == 0 {
            match result.cast_signed() {
                ..0 => return Flow::Return(u64::from(disposition::CONTINUE_EXECUTION)),
                0 => {}
                1.. => {
                    return match self.scope(call, self.index) {
                        Ok(scope) => self.execute(call, scope),
                        Err(_) => Flow::Return(u64::from(disposition::CONTINUE_SEARCH)),
                    };
                }
            }
        }
        self.index += 1;
        self.scan(call)
    }
}
