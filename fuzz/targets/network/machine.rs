//! A kernel whose title consists of thunks of socket calls, and threads that make them.

use std::sync::Arc;
use xenia_exports::registry;
use xenia_formats::image::{Import, ImportLibrary, LoadedImage, import_thunk};
use xenia_guest::{GuestAddr, Ordinal};
use xenia_kernel::imports::ordinals::xam;
use xenia_kernel::ports::Chipset;
use xenia_kernel::thread::life::NewThread;
use xenia_kernel::{Kernel, KernelConfig, KernelSystem};
use xenia_memory::{GuestMemory, Heap, Protect};
use xenia_sched::{Disposition, GuestTicks, Scheduler, System, ThreadRef};

/// Number of threads that may wait.
pub(super) const THREADS: usize = 4;
/// Index of the thread that never waits.
pub(super) const ASKER: usize = THREADS;
/// Number of overlapped structures.
pub(super) const SLOTS: usize = 4;
/// Number of socket events.
pub(super) const EVENTS: usize = 2;
/// Size of the memory area of each thread and of each overlapped structure, in bytes.
const AREA: u32 = 0x4_0000;
/// Offset of the data in an area; before it are addresses, sets and times, after it the stack.
pub(super) const DATA: u32 = 0x1_0000;
const STACK: u32 = 0x3_F000;
/// Addresses of the title, and of the import slots that its thunks are bound to.
const CODE: u32 = 0x8200_0000;
const SLOTS_OF_IMPORTS: u32 = 0x8201_0000;
/// LEV of a kernel call.
const KERNEL_CALL: u8 = 2;

/// Names of the called exports, in the order of the thunks.
const CALLS: &[&str] = &[
    "NetDll_WSAStartup",
    "NetDll_WSACleanup",
    "NetDll_WSAGetLastError",
    "NetDll_socket",
    "NetDll_closesocket",
    "NetDll_shutdown",
    "NetDll_ioctlsocket",
    "NetDll_setsockopt",
    "NetDll_getsockname",
    "NetDll_getpeername",
    "NetDll_bind",
    "NetDll_connect",
    "NetDll_listen",
    "NetDll_accept",
    "NetDll_select",
    "NetDll_recvfrom",
    "NetDll_send",
    "NetDll_sendto",
    "NetDll_WSARecv",
    "NetDll_WSASend",
    "NetDll_WSAGetOverlappedResult",
    "NetDll_WSACancelOverlappedIO",
    "NetDll_WSACreateEvent",
    "NetDll_WSAResetEvent",
    "NetDll_WSAWaitForMultipleEvents",
    "NetDll_WSAEventSelect",
];

/// A kernel with the title of thunks, and its threads.
pub(super) struct NetworkHarness {
    kernel: Arc<Kernel>,
    system: KernelSystem,
    scheduler: Scheduler,
    threads: Vec<ThreadRef>,
    memory: GuestAddr,
    /// Handles of the events.
    events: Vec<u64>,
}

impl NetworkHarness {
    pub(super) fn new() -> Self {
        let memory = GuestMemory::new().expect("guest memory");
        let config = KernelConfig::default();
        let kernel = Kernel::new(memory.clone(), config, Chipset::default(), Arc::default(), registry());
        let kernel = kernel.expect("a kernel");
        let mut scheduler = Scheduler::default();
        kernel.load_title(&mut scheduler, &image()).expect("a title");
        let new = NewThread::new(GuestAddr(CODE), GuestAddr(CODE), 0);
        let thread = |_| kernel.thread_life().create(&mut scheduler, &new).expect("a thread").reference;
        let threads = (0..=THREADS).map(thread).collect();
        let size = AREA * (THREADS + 1 + SLOTS) as u32;
        let at = memory.alloc(Heap::Virtual4K, size, 0x1_0000, Protect::READ_WRITE);
        let system = KernelSystem::new(kernel.clone());
        let memory = at.expect("room");
        let mut machine = Self { kernel, system, scheduler, threads, memory, events: Vec::new() };
        machine.events = (0..EVENTS).map(|_| machine.ask("NetDll_WSACreateEvent", &[]) as u64).collect();
        machine
    }

    pub(super) fn event(&self, index: usize) -> u64 {
        self.events[index]
    }

    /// An address in a thread's area; the overlapped structures' areas follow those of the threads.
    pub(super) fn at(&self, thread: usize, offset: u32) -> u64 {
        u64::from(self.memory.0 + AREA * thread as u32 + offset)
    }

    pub(super) fn write(&self, at: u64, bytes: &[u8]) {
        self.kernel.memory.write_bytes(GuestAddr(at as u32), bytes).expect("it is mapped");
    }

    pub(super) fn write_words(&self, at: u64, words: &[u32]) {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        self.write(at, &bytes);
    }

    pub(super) fn read(&self, at: u64, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.kernel.memory.read_bytes(GuestAddr(at as u32), &mut bytes).expect("it is mapped");
        bytes
    }

    pub(super) fn word(&self, at: u64) -> u32 {
        self.kernel.memory.read(GuestAddr(at as u32)).expect("it is mapped")
    }

    /// Calls a function on a thread; `None` if the thread waits.
    pub(super) fn call(&mut self, thread: usize, name: &str, arguments: &[u64]) -> Option<i32> {
        let index = CALLS.iter().position(|call| *call == name).expect("it has a thunk");
        let stack = self.at(thread, STACK);
        let ctx = self.scheduler.context_mut(self.threads[thread]).expect("the thread is there");
        ctx.gpr[1] = stack;
        ctx.gpr[3..3 + arguments.len()].copy_from_slice(arguments);
        // After the system call at the thunk's start.
        ctx.pc = CODE + 16 * index as u32 + 4;
        let Self { system, scheduler, threads, .. } = self;
        let mut calls = system.clone();
        let ended = scheduler
            .run_for(system, threads[thread], |cpu, running| calls.syscall(cpu, running, KERNEL_CALL))
            .expect("the thread is there");
        assert!(!matches!(ended, Disposition::End(_)), "{name}: {ended:?}");
        self.answer(thread)
    }

    /// The result of a thread's call; `None` if it still waits.
    pub(super) fn answer(&self, thread: usize) -> Option<i32> {
        let thread = self.scheduler.thread(self.threads[thread]).expect("the thread is there");
        thread.wait().is_none().then(|| thread.context().expect("it is not running").gpr[3] as i32)
    }

    /// Makes a call that never waits.
    pub(super) fn ask(&mut self, name: &str, arguments: &[u64]) -> i32 {
        self.call(ASKER, name, arguments).unwrap_or_else(|| panic!("{name} waits"))
    }

    pub(super) fn last_error(&mut self, thread: usize) -> i32 {
        self.call(thread, "NetDll_WSAGetLastError", &[]).expect("it doesn't wait")
    }

    pub(super) fn now(&self) -> GuestTicks {
        self.scheduler.now()
    }

    /// Advances guest time to `end`, and runs all events due by then.
    pub(super) fn pass_until(&mut self, end: GuestTicks) {
        loop {
            let next = [self.scheduler.next_deadline(), self.system.next_event()].into_iter().flatten().min();
            let now = next.map_or(end, |next| next.min(end)).max(self.scheduler.now());
            self.scheduler.set_now(now);
            self.system.advance(&mut self.scheduler);
            while let Some(thread) = self.scheduler.pop_expired(now) {
                self.scheduler.time_out(&mut self.system, thread);
            }
            if now >= end {
                return;
            }
        }
    }

    /// Whether no socket event is pending.
    pub(super) fn is_settled(&self) -> bool {
        self.kernel.net.next_due().is_none()
    }

    /// Advances guest time until no socket event is pending.
    pub(super) fn catch_up(&mut self) {
        for _ in 0..10_000 {
            let Some(due) = self.kernel.net.next_due() else { return };
            self.pass_until(due);
        }
        panic!("requests go on and on");
    }

    /// Number of pending requests, as the kernel reports.
    pub(super) fn requests(&self) -> usize {
        let mut count = 0;
        self.kernel.net.describe(&mut |line| count += usize::from(line.starts_with("net request")));
        count
    }

    /// Number of lines that describe sockets.
    pub(super) fn sockets(&self) -> usize {
        let mut count = 0;
        self.kernel.net.describe(&mut |line| {
            count += usize::from(line.starts_with("net 0x") || line.starts_with("socket"));
        });
        count
    }
}

/// The image of the title: one thunk per call.
fn image() -> LoadedImage {
    let ordinal = |name: &str| -> Ordinal {
        xam::ROWS.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("no {name}")).ordinal
    };
    let import = |(index, name): (u32, &&str)| Import {
        ordinal: ordinal(name),
        slot: Some(GuestAddr(SLOTS_OF_IMPORTS + 4 * index)),
        thunk: Some(GuestAddr(CODE + 16 * index)),
    };
    let imports = (0..).zip(CALLS).map(import).collect();
    let thunks = CALLS.iter().flat_map(|_| import_thunk(0)).flat_map(u32::to_be_bytes).collect();
    LoadedImage::in_memory(GuestAddr(CODE), thunks, ImportLibrary::any("xam.xex", imports))
}
