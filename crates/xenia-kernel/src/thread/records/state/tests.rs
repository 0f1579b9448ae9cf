//! Records with frames of every kind, APCs and interrupts that are saved, and impossible ones.

use super::*;
use crate::abi::rest::{AesChain, ComparedMemory, DigestCall, DigestFunction, DigestPurpose};
use crate::abi::rest::{MemoryComparison, RotSumSha, TargetEncoding, TextConversion};
use crate::abi::{
    AfterApc, Continuation, DriverStep, EntryReason, ExportResumption, GuestCall, Handle, KernelResumption,
    Out, ProcessorMode, Rest, ThreadEvent, WaiterResult,
};
use crate::exception_state::{
    ActivityKind, Dispatch, ExceptionActivity, ExceptionRecord, HandlerArea, RecordSource, Scopes,
    SearchedFrame, StackBounds, UnhandledReport, Unwind, UnwindTarget, UnwoundFrame, Walk,
};
use crate::notification_list::{CallOrder, NotificationRoutine};
use crate::objects::dispatcher::{WaitBlock, WaitType};
use crate::objects::{KernelPool, ObjectKind};
use crate::thread::Processes;
use crate::thread::apc::{Apc, ApcSource, Apcs};
use crate::thread::frames::{Frames, GuestCallFrame};
use crate::thread::interrupts::{GraphicsCallback, ServiceCall, ServiceKind, ServiceThread};
use xenia_cpu::PpcContext;
use xenia_guest::{Buffer, NtStatus};
use xenia_limits::ResourceLimits;
use xenia_memory::GuestMemory;
use xenia_rtl::crypto::cipher::Rc4;
use xenia_rtl::crypto::hash::{Algorithm, Hash, Hmac};
use xenia_rtl::crypto::rot_sum::RotSum;
use xenia_sched::Alertable;
use xenia_state::{StateSection, StoredSection};

#[derive(Serialize, Deserialize)]
struct Saved(ThreadsState);

impl StateSection for Saved {
    const NAME: &'static str = "test/threads";
    const VERSION: u16 = 1;
}

struct Setup {
    objects: Arc<Objects>,
    threads: Threads,
    all: FrameCount,
}

fn context(value: u64) -> Box<PpcContext> {
    let mut ctx = Box::new(PpcContext { pc: 0x8200_0000, ..PpcContext::default() });
    ctx.gpr[3] = value;
    ctx
}

fn walk() -> Walk {
    Walk { ctx: context(1), at: GuestAddr(4), frames: 2, level: 1, work: 77 }
}

fn scopes() -> Scopes {
    Scopes {
        record: GuestAddr(1),
        frame: GuestAddr(2),
        context: GuestAddr(3),
        dispatcher: GuestAddr(4),
        stack_pointer: 5,
        flags: 6,
        code: 7,
        control_pc: 8,
        target_pc: 9,
        table: GuestAddr(10),
        count: 11,
        index: 10,
        kept: vec![(1, 2), (1, 3)],
    }
}

fn activities() -> Vec<ActivityKind> {
    let record = ExceptionRecord { code: 1, parameters: vec![4, 5], ..ExceptionRecord::default() };
    let bounds = StackBounds { low: 1, high: 2 };
    let area = Some(HandlerArea { base: GuestAddr(7) });
    let report = UnhandledReport { pc: GuestAddr(4), text: "text".to_owned(), registers: context(2) };
    let dispatch = Dispatch {
        report,
        record: RecordSource::Kernel(record),
        registers: context(3),
        start: walk(),
        walk: walk(),
        bounds,
        area,
        current: Some(SearchedFrame { frame: GuestAddr(8), caller: context(4) }),
        flags: 1,
        nested: Some(GuestAddr(9)),
    };
    let caller = context(5);
    let unwind = Unwind {
        target: UnwindTarget { frame: Some(GuestAddr(1)), value: 3, ..UnwindTarget::default() },
        start: walk(),
        walk: walk(),
        bounds,
        area,
        current: Some(UnwoundFrame { function: GuestAddr(1), size: 4, caller, is_target: true }),
        flags: 2,
    };
    vec![ActivityKind::Dispatch(dispatch), ActivityKind::Unwind(unwind), ActivityKind::Scopes(scopes())]
}

fn rests() -> Vec<Rest> {
    let data = Buffer { at: GuestAddr(0x100), length: 9 };
    let mut hash = Hash::new(Algorithm::Sha512);
    hash.update(&[3; 200]);
    let hmac = Hmac::new(Algorithm::Md5, b"key");
    let digest =
        |function| DigestCall { function, parts: [data; 3], purpose: DigestPurpose::Verify, buffer: data };
    let operands = ComparedMemory::Ranges(GuestAddr(1), GuestAddr(2));
    let written = Some((Out::new(GuestAddr(0x200)), 6));
    let encoding = TargetEncoding::Narrow;
    let at = GuestAddr(0x300);
    let parts = [data; 2];
    let sum = RotSum::default();
    vec![
        Rest::Rc4 { cipher: Box::new(Rc4::new(b"key")), data },
        Rest::Digest(Box::new(digest(DigestFunction::Hash(hash.clone())))),
        Rest::Digest(Box::new(digest(DigestFunction::Hmac(hmac)))),
        Rest::RotSumSha(Box::new(RotSumSha { sum, hash: Some(hash), left: parts, parts, out: data })),
        Rest::Compare(MemoryComparison { done: 4, length: 5, operands }),
        Rest::Convert(TextConversion { destination: at, source: at, count: 3, encoding, written }),
        Rest::AesChain(AesChain { key: 0x19, input: data, out: at, before: [7; 16], encrypts: true }),
    ]
}

fn kernel_resumptions() -> Vec<KernelResumption> {
    let last = CallOrder(1 << 40);
    let kthread = GuestAddr(2);
    let mode = ProcessorMode::User;
    vec![
        KernelResumption::TitleTermination { code: 3 },
        KernelResumption::ThreadNotification { last, kthread, event: ThreadEvent::Created { resume: true } },
        KernelResumption::ThreadNotification { last, kthread, event: ThreadEvent::Exit { code: 4 } },
        KernelResumption::ApcRundown { code: 5 },
        KernelResumption::ApcKernelRoutine { level: 2, mode, after: AfterApc::WaitAgain(6) },
        KernelResumption::ApcNormalRoutine { mode, after: AfterApc::Return(u64::MAX) },
        KernelResumption::LibraryEntry { operation: 7, module: kthread, reason: EntryReason::Attach },
    ]
}

fn export_resumptions() -> Vec<ExportResumption> {
    let packet = GuestAddr(1);
    let device = GuestAddr(2);
    let result = NtStatus::UNSUCCESSFUL;
    let milliseconds = u32::MAX;
    let alertable = Alertable::InUserMode;
    let steps = [
        DriverStep::Function { packet },
        DriverStep::Wait { packet },
        DriverStep::Deletion { device, result },
        DriverStep::Completion { packet, boost: 2, result },
        DriverStep::Result,
    ];
    let others = [
        ExportResumption::GraphicsNotification { last: CallOrder(3), kind: 9, data: device },
        ExportResumption::RequestWait { overlapped: packet, wants: WaiterResult::Result(Some(device)) },
        ExportResumption::Sleep { milliseconds, alertable },
        ExportResumption::ObjectWait { handle: Handle(4), milliseconds, alertable },
        ExportResumption::ThreadCreation,
        ExportResumption::DriverCancel { file: device, status_block: GuestAddr(3), packet },
        ExportResumption::LdiAllocation { window_size: 0x8000, free: device, handle: packet },
        ExportResumption::LdiRelease,
        ExportResumption::HttpStatus,
    ];
    others.into_iter().chain(steps.map(ExportResumption::DriverRequest)).collect()
}

fn continuations() -> Vec<Continuation> {
    let kernel = kernel_resumptions().into_iter().map(Continuation::Kernel);
    let exports = export_resumptions().into_iter().map(Continuation::Export);
    let exceptions = activities().into_iter();
    let exceptions = exceptions.map(|kind| Continuation::Exception(Box::new(ExceptionActivity(kind))));
    kernel.chain(exports).chain(exceptions).chain(rests().into_iter().map(Continuation::Rest)).collect()
}

impl Setup {
    fn new() -> Self {
        let memory = GuestMemory::new().unwrap();
        let limits = Arc::new(ResourceLimits::default());
        let pool = KernelPool::new(memory.clone(), limits.clone());
        let objects = Arc::new(Objects::new(memory, limits.clone()));
        let all = FrameCount::default();
        let mut threads = Threads::new(Processes::default(), limits, GuestAddr(0x40));
        for id in 1..=2 {
            assert_eq!(threads.next_id(), Ok(id));
            let mut frames = Frames::new(&all);
            for then in continuations() {
                frames.push(GuestCallFrame { pc: id, lr: 2, stack_pointer: 3, then });
            }
            let event = objects.create(&pool, ObjectKind::Event, 0x10).unwrap();
            let wait = WaitBlock {
                objects: vec![event, GuestAddr(8)].into(),
                wait_type: WaitType::All,
                deadline: Some(99),
                alertable: Alertable::InUserMode,
                kthread: GuestAddr(id),
                held: objects.hold_counted(event).into_iter().collect(),
            };
            let call =
                GuestCall { args: vec![1; 8], ..GuestCall::new(GuestAddr(5), continuations().remove(0)) };
            let mut apcs = Apcs::default();
            apcs.user.push_back(Apc::new(ApcSource::Timer(GuestAddr(1)), GuestAddr(2), [1, 2, 3]));
            apcs.kernel.push_back(Apc::new(ApcSource::Object(GuestAddr(1)), GuestAddr(2), [1, 2, 3]));
            apcs.interrupted.insert(4, wait);
            apcs.interruptions = 5;
            apcs.save_call(call);
            threads.insert(ThreadRecord {
                reference: ThreadRef { hw_id: id as u8, generation: 1, idx: 2 },
                id,
                kthread: GuestAddr(0x100 * id),
                kpcr: GuestAddr(7),
                stack: Stack { allocation: GuestAddr(1), limit: GuestAddr(2), base: GuestAddr(3) },
                tls: GuestAddr(8),
                name: (id == 1).then(|| "main".to_owned()),
                frames,
                apcs,
                alerted: [true, false],
                priority_increment: -3,
                exit_is_notified: true,
                ended: id == 2,
            });
        }
        let routine = NotificationRoutine { registration: GuestAddr(1), routine: GuestAddr(2) };
        threads.notifications.register(routine, 9);
        let dpc = ServiceCall { kind: ServiceKind::Dpc(GuestAddr(5)), pc: GuestAddr(6), args: [7; 4] };
        threads.interrupts.push(3, dpc).unwrap();
        threads.interrupts.push(4, ServiceCall { kind: ServiceKind::Graphics, ..dpc }).unwrap();
        threads.interrupts.callback = Some(GraphicsCallback { pc: GuestAddr(1), data: 2 });
        let thread = ThreadRef { hw_id: 5, generation: 0, idx: 0 };
        let service = ServiceThread { thread, kpcr: GuestAddr(2), idle: false, begun: Some(dpc) };
        threads.interrupts.set_thread(5, service);
        Self { objects, threads, all }
    }

    fn stored(&self) -> StoredSection {
        StoredSection::encode(&Saved(self.threads.state())).unwrap()
    }
}

/// A change that makes a state impossible, with its description.
type Change = (&'static str, fn(&mut Threads));

#[test]
fn restored_records_are_those_that_were_saved() {
    let setup = Setup::new();
    let stored = setup.stored();
    let Saved(state) = stored.decode().unwrap();
    let mut threads = Threads::new(Processes::default(), Arc::default(), GuestAddr(0x40));
    let all = FrameCount::default();
    let pending = threads.restore(&setup.objects, &all, state).unwrap();
    assert_eq!(pending, PendingWork { apcs: 2, calls: 3 });
    assert_eq!(StoredSection::encode(&Saved(threads.state())).unwrap(), stored);
    assert!(!all.is_zero() && !setup.all.is_zero());
    assert!(threads.interrupts.has_dpc(GuestAddr(5)) && !threads.interrupts.has_dpc(GuestAddr(6)));
    assert_eq!(threads.by_kthread(GuestAddr(0x200)).map(|record| record.id), Some(2));
    assert_eq!(threads.next_id(), Ok(3));
    let frames = |threads: &Threads| format!("{:?}", threads.get(2).unwrap().frames);
    assert_eq!(frames(&threads), frames(&setup.threads));
    drop(threads);
    assert!(all.is_zero());
}

/// Only the threads with a timer's APC are visited: forgetting costs the same with many threads.
#[test]
fn forgetting_a_timer_apc_visits_the_threads_that_may_have_it() {
    let setup = Setup::new();
    let timer = GuestAddr(1);
    let queued = |threads: &Threads| [1, 2].map(|id| threads.get(id).unwrap().apcs.user.len());
    let mut threads = setup.threads;
    threads.forget_timer_apc(timer);
    assert_eq!(queued(&threads), [1, 1], "nothing was noted");
    threads.note_timer_apc(timer, 2);
    threads.forget_timer_apc(GuestAddr(2));
    threads.forget_timer_apc(timer);
    assert_eq!(queued(&threads), [1, 0]);
    // A restore notes the APCs that it finds.
    let state = threads.state();
    threads.restore(&setup.objects, &setup.all, state).unwrap();
    threads.forget_timer_apc(timer);
    assert_eq!(queued(&threads), [0, 0]);
    threads.note_timer_apc(timer, 3);
    threads.forget_timer_apc(timer);
    assert!(threads.timer_apcs.is_empty(), "a thread that is gone leaves nothing");
}

#[test]
fn impossible_records_are_refused() {
    let changes: [Change; 15] = [
        ("an ID above the last", |threads| threads.next_id = 1),
        ("the object of another", |threads| {
            threads.by_kthread.insert(GuestAddr(0x200), 1);
        }),
        ("an object of nobody", |threads| {
            threads.by_kthread.insert(GuestAddr(0x300), 3);
        }),
        ("a priority increment", |threads| threads.get_mut(1).unwrap().priority_increment = i32::MAX),
        ("a stack with its ends exchanged", |threads| {
            let stack = &mut threads.get_mut(1).unwrap().stack;
            (stack.limit, stack.base) = (stack.base, stack.limit);
        }),
        ("a stack in the kernel's memory", |threads| {
            threads.get_mut(1).unwrap().stack.base = GuestAddr(0x8000_0000);
        }),
        ("a name of 129 characters", |threads| {
            threads.get_mut(1).unwrap().name = Some("x".repeat(MAX_THREAD_NAME as usize + 1));
        }),
        ("a hardware thread", |threads| threads.get_mut(1).unwrap().reference.hw_id = 6),
        ("an interruption to come", |threads| threads.get_mut(1).unwrap().apcs.interruptions = 4),
        ("too many interruptions", |threads| threads.get_mut(1).unwrap().apcs.interruptions = u64::MAX),
        ("a wait for nothing", |threads| {
            let apcs = &mut threads.get_mut(1).unwrap().apcs;
            apcs.interrupted.get_mut(&4).unwrap().objects = Vec::<GuestAddr>::new().into();
        }),
        ("a service thread that is idle in a call", |threads| {
            let service = threads.interrupts.thread(5).unwrap();
            threads.interrupts.set_thread(5, ServiceThread { idle: true, ..service });
        }),
        ("nested calls", |threads| {
            let frames = &mut threads.get_mut(1).unwrap().frames;
            let frame = frames[0].clone();
            (0..0x400).for_each(|_| frames.push(frame.clone()));
        }),
        ("arguments", |threads| {
            let call =
                GuestCall { args: vec![0; 9], ..GuestCall::new(GuestAddr(0), continuations().remove(0)) };
            threads.get_mut(1).unwrap().apcs.save_call(call);
        }),
        ("a comparison", |threads| {
            let operands = ComparedMemory::Word(GuestAddr(1), 2);
            let rest = Rest::Compare(MemoryComparison { done: 6, length: 5, operands });
            push(threads, Continuation::Rest(rest));
        }),
    ];
    for (what, change) in changes {
        let mut changed = Setup::new();
        change(&mut changed.threads);
        let mut threads = Threads::default();
        let restored = threads.restore(&changed.objects, &changed.all, changed.threads.state());
        assert!(restored.is_err(), "{what}");
    }
    let exceptions = [
        ActivityKind::Scopes(Scopes { index: 11, ..scopes() }),
        ActivityKind::Scopes(Scopes { count: u32::MAX, ..scopes() }),
        ActivityKind::Scopes(Scopes { kept: vec![(2, 0), (1, 0)], ..scopes() }),
    ];
    for kind in exceptions {
        let text = format!("{kind:?}");
        assert!(ExceptionActivity(kind).check().is_err(), "{text}");
    }
    let walks = [Walk { work: u32::MAX, ..walk() }, Walk { level: u32::MAX, ..walk() }];
    for walk in walks {
        let Some(ActivityKind::Dispatch(dispatch)) = activities().into_iter().next() else { unreachable!() };
        assert!(ExceptionActivity(ActivityKind::Dispatch(Dispatch { walk, ..dispatch })).check().is_err());
    }
}

fn push(threads: &mut Threads, then: Continuation) {
    let frame = GuestCallFrame { pc: 0, lr: 0, stack_pointer: 0, then };
    threads.get_mut(1).unwrap().frames.push(frame);
}
