//! Randomised tests of unwinding and dispatch. Intact stacks, built by executed code, must unwind
//! to exactly the original registers and call the handlers of a reference list. On damaged stacks
//! every kernel call must end within a time limit.

mod damage;
mod program;

use super::Harness;
use program::{Program, Scope};
use std::collections::BTreeMap;
use xenia_cpu::{EngineConfig, ExceptionKind, Execute, GuestException, Interpreter, PpcContext};
use xenia_exports::registry;
use xenia_formats::image::{FunctionEntry, ImageKind, LoadedImage};
use xenia_guest::GuestAddr;
use xenia_guest::layout::kpcr;
use xenia_imports::Library;
use xenia_kernel::KernelSystem;
use xenia_kernel::abi::{Call, Continuation, ExportResumption, GuestCall};
use xenia_kernel::exceptions::context_record;
use xenia_kernel::exceptions::walk::{StackBounds, Walk, WalkStep};
use xenia_kernel::loader::Identity;
use xenia_memory::{DeviceQueue, Heap, Protect};
use xenia_sched::{Disposition, System, ThreadRef};
use xenia_testing::{Cases, Dice, thread_time};

const CODE_SIZE: u32 = 0x8000;
const STACK_SIZE: u32 = 0x2_0000;
/// Return address of the first function, where there is no code.
const NOWHERE: u64 = 8;
/// Status code of the exceptions: `STATUS_ILLEGAL_INSTRUCTION`.
const CODE: u64 = 0xC000_001D;
/// Addresses of filters and termination handlers, without code.
const HANDLERS: std::ops::Range<u32> = 0x8400_0000..0x8500_0000;
/// Maximum number of guest calls that one exception may cause.
const MAX_CALLS: usize = 1000;

/// A program in memory, stopped at some instruction of its last function.
struct Stopped {
    dice: Dice,
    harness: Harness,
    system: KernelSystem,
    thread: ThreadRef,
    module: GuestAddr,
    code: GuestAddr,
    stack: GuestAddr,
    /// Import stub of `__C_specific_handler`.
    stub: GuestAddr,
    program: Program,
    labels: BTreeMap<String, u32>,
    /// Registers on entry to each function.
    entries: Vec<PpcContext>,
    /// Registers where the program stopped.
    now: PpcContext,
}

/// Outcome of an exception.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// The thread resumes at the exception.
    GoesOn,
    /// The thread resumes at a scope's `__except`: index of the function and of the scope.
    Caught(usize, usize),
    Unhandled,
}

/// A call of a filter or termination handler: its address, and its function's frame.
type Asked = (u32, u32);

impl Stopped {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let mut harness = Harness::new();
        let kernel = harness.kernel.clone();
        let system = KernelSystem::new(kernel.clone());
        let thread = harness.scheduler.threads().next().unwrap().reference();
        let memory = &kernel.memory;
        let export = registry().find_by_name(Library::xboxkrnl, "__C_specific_handler").unwrap();
        let stub = kernel.imports.stubs.lock().export_stub(memory, export).unwrap();
        let protect = Protect::EXECUTE_READ_WRITE;
        let code = memory.alloc(Heap::Virtual4K, CODE_SIZE, 0x1000, protect).unwrap();
        let stack = memory.alloc(Heap::Virtual4K, STACK_SIZE, 0x1000, Protect::READ_WRITE).unwrap();

        let count = 1 + dice.below(6);
        let program = Program::new(&mut dice, count);
        let text = format!(".set handler, {:#x}\n{}", stub.0, program.text);
        let assembly = xenia_isa::assemble(&text, code.0).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert!(assembly.bytes.len() < CODE_SIZE as usize);
        memory.write_bytes(code, &assembly.bytes).unwrap();
        let labels = assembly.labels;

        let kpcr_at = GuestAddr(harness.context().gpr[13] as u32);
        memory.write(kpcr_at.offset(kpcr::STACK_END), stack).unwrap();
        memory.write(kpcr_at.offset(kpcr::STACK_BASE), stack.offset(STACK_SIZE)).unwrap();
        let mut now = PpcContext { pc: labels["f0"], lr: NOWHERE, ..PpcContext::default() };
        let most = if program.narrow { 0xFFFF_FFFF } else { u64::MAX };
        now.gpr = std::array::from_fn(|_| dice.next() & most);
        now.fpr = std::array::from_fn(|_| dice.next());
        now.vr = std::array::from_fn(|_| u128::from(dice.next()) << 64 | u128::from(dice.next()));
        now.set_cr_word(dice.next() as u32);
        now.gpr[13] = u64::from(kpcr_at.0);
        now.gpr[1] = u64::from(stack.0 + STACK_SIZE - 0x100);
        now.msr = harness.context().msr;

        let mut image = LoadedImage::empty(ImageKind::Xex);
        image.base = code;
        image.size = CODE_SIZE;
        let functions = program.functions.iter().enumerate();
        image.functions = functions
            .map(|(index, function)| {
                let label = |part: &str| labels[&format!("f{index}{part}")];
                let start = label("");
                FunctionEntry {
                    start: GuestAddr(start),
                    size: label("_end") - start,
                    prologue_size: label("_body") - start,
                    has_exception_handler: function.scopes.is_some(),
                }
            })
            .collect();
        let identity = Identity { name: "cases", path: "game:\\cases", is_library: false };
        let module = kernel.loader().register(&image, identity).unwrap();
        let entries = Vec::new();
        let mut stopped =
            Self { dice, harness, system, thread, module, code, stack, stub, program, labels, entries, now };
        stopped.run();
        context_record::replace(stopped.harness.context(), &stopped.now);
        stopped
    }

    fn label(&self, function: usize, part: &str) -> u32 {
        self.labels[&format!("f{function}{part}")]
    }

    /// Runs the program up to some instruction of its last function.
    fn run(&mut self) {
        let mut interpreter = Interpreter::new(self.harness.kernel.memory.clone(), EngineConfig::default());
        let mut queue = Box::<DeviceQueue>::default();
        let mut devices = queue.make_current();
        let count = self.program.functions.len();
        let mut left = self.dice.below(60);
        for _ in 0..4000 {
            let next = self.entries.len();
            if next < count && self.now.pc == self.label(next, "") {
                self.entries.push(self.now.clone());
            }
            if self.entries.len() == count {
                if left == 0 || self.now.pc == self.label(count - 1, "_7") {
                    return;
                }
                left -= 1;
            }
            self.now.begin_visit(1, 0, 1);
            let exit = interpreter.run(&mut self.now, &mut devices);
            assert!(matches!(exit, xenia_cpu::Exit::Budget), "{exit:?} at {:#x}", self.now.pc);
        }
        panic!("it does not come to its last function");
    }

    /// Asserts that the non-volatile registers are as expected.
    fn assert_kept(found: &PpcContext, expected: &PpcContext, what: &str) {
        assert_eq!(found.gpr[1], expected.gpr[1], "{what}");
        assert_eq!(found.gpr[14..], expected.gpr[14..], "{what}");
        assert_eq!(found.fpr[14..], expected.fpr[14..], "{what}");
        assert_eq!(
            (&found.vr[14..32], &found.vr[64..]),
            (&expected.vr[14..32], &expected.vr[64..]),
            "{what}"
        );
        assert_eq!(found.cr[2..5], expected.cr[2..5], "{what}");
    }

    /// Unwinds to the first function; returns the current instruction of each.
    fn walk_up(&mut self) -> Vec<u32> {
        let now = Box::new(self.now.clone());
        let entries = self.entries.clone();
        let starts: Vec<u32> = (0..entries.len()).map(|index| self.label(index, "")).collect();
        self.harness.with_call(|call| Self::walk_up_from(call, now, &entries, &starts))
    }

    fn walk_up_from(call: &Call, now: Box<PpcContext>, entries: &[PpcContext], starts: &[u32]) -> Vec<u32> {
        let bounds = StackBounds::of(call).unwrap();
        let mut walk = Walk::at_instruction(call, now);
        let mut places = Vec::new();
        for (entry, &start) in entries.iter().zip(starts).rev() {
            let WalkStep::Function(activation) = walk.step(call, bounds).unwrap() else {
                panic!("no function")
            };
            assert_eq!(activation.function.start.0, start);
            assert_eq!(activation.frame.0, entry.gpr[1] as u32);
            Self::assert_kept(&activation.caller, entry, &format!("in the caller of {start:#x}"));
            assert_eq!(activation.caller.pc, entry.lr as u32 & !3);
            places.push(walk.at.0);
            walk.leave(activation.caller);
        }
        assert!(matches!(walk.step(call, bounds), Ok(WalkStep::Top)));
        places.reverse();
        places
    }

    fn covers(&self, function: usize, scope: Scope, place: u32) -> bool {
        let at = |index: u32| self.label(function, &format!("_{index}"));
        (at(scope.covers.0)..at(scope.covers.1) + 4).contains(&place)
    }

    /// The expected calls of filters and termination handlers in order, and the outcome, by the
    /// program's scope tables.
    fn expected(&self, places: &[u32]) -> (Vec<Asked>, End) {
        let mut asked = Vec::new();
        let frame = |function: usize| self.entries[function].gpr[1] as u32;
        let scopes = |function: usize| {
            let scopes = self.program.functions[function].scopes.iter().flatten().copied().enumerate();
            scopes.filter(move |&(_, scope)| self.covers(function, scope, places[function]))
        };
        for function in (0..places.len()).rev() {
            for (number, scope) in scopes(function).filter(|(_, scope)| scope.catches) {
                let answer = if scope.handler == 1 {
                    1
                } else {
                    asked.push((scope.handler, frame(function)));
                    scope.answer
                };
                if answer < 0 {
                    return (asked, End::GoesOn);
                }
                if answer > 0 {
                    for left in (function..places.len()).rev() {
                        let ends = |&(other, _): &(usize, Scope)| left != function || other != number;
                        let left_scopes = scopes(left).take_while(ends).filter(|(_, scope)| !scope.catches);
                        asked.extend(left_scopes.map(|(_, scope)| (scope.handler, frame(left))));
                    }
                    return (asked, End::Caught(function, number));
                }
            }
        }
        (asked, End::Unhandled)
    }

    /// Returns from the guest function that the kernel has called.
    fn guest_returns(&mut self, result: u64) -> Disposition {
        let ctx = self.harness.scheduler.context_mut(self.thread).unwrap();
        ctx.gpr[3] = result;
        ctx.pc = (ctx.lr as u32).wrapping_add(4);
        self.harness.act(self.thread, |cpu, running| self.system.syscall(cpu, running, 2))
    }

    /// Raises an exception at the current instruction and answers each call of a filter or handler.
    fn fail(&mut self) -> (Vec<Asked>, End) {
        let scopes = self.program.functions.iter().flat_map(|function| function.scopes.iter().flatten());
        let answers: BTreeMap<u32, i32> = scopes.map(|scope| (scope.handler, scope.answer)).collect();
        let exception = GuestException {
            pc: GuestAddr(self.now.pc),
            kind: ExceptionKind::IllegalInstruction { word: 0 },
        };
        let mut disposition =
            self.harness.act(self.thread, |cpu, running| self.system.exception(cpu, running, exception));
        let mut asked = Vec::new();
        for _ in 0..MAX_CALLS {
            if matches!(disposition, Disposition::End(_)) {
                return (asked, End::Unhandled);
            }
            let stub = self.stub.0;
            let ctx = self.harness.scheduler.context_mut(self.thread).unwrap();
            disposition = if ctx.pc == stub {
                ctx.pc += 4;
                self.harness.act(self.thread, |cpu, running| self.system.syscall(cpu, running, 2))
            } else if ctx.pc == stub + 4 {
                let result = ctx.gpr[3];
                self.guest_returns(result)
            } else if HANDLERS.contains(&ctx.pc) {
                assert_eq!(ctx.gpr[12], ctx.gpr[4], "the frame");
                asked.push((ctx.pc, ctx.gpr[4] as u32));
                let answer = answers[&ctx.pc];
                self.guest_returns(i64::from(answer).cast_unsigned())
            } else {
                break;
            };
        }
        let ctx = self.harness.scheduler.thread(self.thread).unwrap().context().unwrap().clone();
        if ctx.pc == self.now.pc {
            assert_eq!(self.now.first_difference(&ctx), None);
            return (asked, End::GoesOn);
        }
        for (function, number) in
            (0..self.entries.len()).flat_map(|function| (0..5).map(move |n| (function, n)))
        {
            if self.labels.get(&format!("f{function}_target{number}")) == Some(&ctx.pc) {
                let kept = self.entries.get(function + 1).unwrap_or(&self.now);
                Self::assert_kept(&ctx, kept, "behind a __try");
                assert_eq!(ctx.gpr[3], CODE);
                return (asked, End::Caught(function, number));
            }
        }
        panic!("it went on at {:#x}", ctx.pc)
    }

    fn frames(&self) -> usize {
        let id = self.harness.scheduler.thread(self.thread).unwrap().id;
        self.harness.kernel.threads.lock().get(id).map_or(0, |record| record.frames.len())
    }
}

fn case(seed: u64) -> End {
    let mut stopped = Stopped::new(seed);
    let places = stopped.walk_up();
    let (asked, end) = stopped.fail();
    assert_eq!((&asked, &end), (&stopped.expected(&places).0, &stopped.expected(&places).1));
    if end != End::Unhandled {
        assert_eq!(stopped.frames(), 0, "calls that were left are forgotten");
    }
    let now = stopped.now.clone();
    context_record::replace(stopped.harness.context(), &now);
    stopped.run_damaged();
    end
}

#[test]
fn any_stack_is_undone_or_given_up() {
    let cases = Cases::new("XENIA_UNWINDS", 500);
    let are_usual = cases.are_usual();
    let mut ends = [0; 3];
    cases.each(|seed| match case(seed) {
        End::GoesOn => ends[0] += 1,
        End::Caught(..) => ends[1] += 1,
        End::Unhandled => ends[2] += 1,
    });
    assert!(!are_usual || ends.iter().all(|&count| count > 50), "{ends:?}");
}

/// Replaces all functions by one without a prologue, with this handler (null: none).
fn one_function(stopped: &Stopped, handler: GuestAddr) -> GuestAddr {
    let start = stopped.code.offset(8);
    stopped.harness.kernel.memory.write(stopped.code, handler).unwrap();
    let function = FunctionEntry { start, size: 0x1000, prologue_size: 0, has_exception_handler: true };
    stopped.harness.kernel.modules.lock().find_mut(stopped.module).unwrap().functions = vec![function];
    start.offset(0x10)
}

#[test]
fn a_stack_without_an_end_is_given_up() {
    let mut stopped = Stopped::new(0);
    stopped.creep();
    stopped.damage_bounds(0, u32::MAX);
    let start = thread_time();
    assert_eq!(stopped.fail(), (Vec::new(), End::Unhandled));
    let took = thread_time().saturating_sub(start);
    assert!(took < damage::MAX_TIME, "{took:?}");
}

#[test]
fn a_call_that_has_been_crossed_is_not_crossed_again() {
    let mut stopped = Stopped::new(0);
    let handler = stopped.stub;
    let inside = one_function(&stopped, handler);
    let call_return = stopped.harness.kernel.imports.own_stubs.call_return;
    let stack = stopped.stack.0;
    let thread = stopped.thread;
    let registers = |stopped: &mut Stopped, at: u32, pc: GuestAddr| {
        let ctx = stopped.harness.scheduler.context_mut(thread).unwrap();
        ctx.gpr[1] = u64::from(stack + at);
        ctx.pc = pc.0;
        ctx.lr = u64::from(call_return.0);
    };
    let fail = |stopped: &mut Stopped, at: u32| {
        registers(stopped, at, inside);
        let exception = GuestException { pc: inside, kind: ExceptionKind::IllegalInstruction { word: 0 } };
        let went_on =
            stopped.harness.act(thread, |cpu, running| stopped.system.exception(cpu, running, exception));
        assert_eq!(went_on, Disposition::Continue, "the handler is called");
    };
    // An export calls guest code low on the stack. That code switches to a higher part, where an
    // exception looks for its handler. The handler switches to a place between the two and fails:
    // the low part has been left.
    registers(&mut stopped, 0x4000, inside);
    let then = Continuation::Export(ExportResumption::ThreadCreation);
    let call = GuestCall::new(inside, then);
    let kernel = stopped.harness.kernel.clone();
    let id = stopped.harness.scheduler.thread(thread).unwrap().id;
    let ctx = stopped.harness.scheduler.context_mut(thread).unwrap();
    kernel.threads.lock().push_frame(&kernel.memory, id, ctx, call).unwrap();
    stopped.damage_bounds(stack + 0x9000, stack + STACK_SIZE);
    fail(&mut stopped, 0x1_0000);
    assert_eq!(stopped.frames(), 2);
    stopped.damage_bounds(stack, stack + STACK_SIZE);
    fail(&mut stopped, 0x8000);
    assert_eq!(stopped.frames(), 2, "the first is forgotten, and there is a third");
    // Functions without handlers up to the limit.
    one_function(&stopped, GuestAddr::NULL);
    registers(&mut stopped, 0x6000, GuestAddr(0x10));
    let ctx = Box::new(stopped.harness.context().clone());
    let crossed = stopped.harness.with_call(|call| {
        let bounds = StackBounds::of(call).unwrap();
        let mut walk = Walk::at_instruction(call, ctx);
        let mut crossed = 0;
        loop {
            match walk.step(call, bounds).unwrap() {
                WalkStep::Crossed(_) => crossed += 1,
                WalkStep::Function(activation) => walk.leave(activation.caller),
                WalkStep::Top => return crossed,
            }
        }
    });
    assert_eq!(crossed, 2);
}
