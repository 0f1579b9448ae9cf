//! Views of a stopped machine: threads, kernel objects, locks, files, the graphics chip, recent
//! calls. Debuggers and the window's internals page show them.

use super::{ActiveRun, Machine};
use std::collections::BTreeMap;
use xenia_gpu::registers;
use xenia_kernel::imports::PastCall;
use xenia_kernel::objects::ObjectKind;
use xenia_kernel::objects::dispatcher::signal_state;
use xenia_sched::{BlockReason, Executor, SymbolicAddress, System, ThreadsReport};

/// Called with a stopped machine, whose views it reads.
pub type Inspector = Box<dyn FnMut(&Machine) + Send>;

/// Registers of the graphics chip that say what is drawn and where.
const DRAW_REGISTERS: [&str; 12] = [
    "VGT_DRAW_INITIATOR",
    "RB_MODECONTROL",
    "RB_SURFACE_INFO",
    "RB_COLOR_INFO",
    "RB_DEPTH_INFO",
    "RB_COLOR_MASK",
    "RB_DEPTHCONTROL",
    "RB_BLENDCONTROL0",
    "PA_SU_SC_MODE_CNTL",
    "PA_SC_WINDOW_SCISSOR_TL",
    "PA_SC_WINDOW_SCISSOR_BR",
    "SQ_PROGRAM_CNTL",
];

/// A kernel object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectRow {
    /// Address of its body.
    pub body: u32,
    /// Kind of the object.
    pub kind: &'static str,
    /// Name that the title gave it.
    pub name: Option<String>,
    /// Open handles to it.
    pub handles: Vec<u32>,
    /// Number of references to it.
    pub references: u32,
    /// Signal state, if the kind has one.
    pub signal: Option<i32>,
    /// Guest ids of the threads that wait for it.
    pub waiters: Vec<u32>,
}

/// A lock that a thread owns or waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockRow {
    /// Address of the lock.
    pub at: u32,
    /// Kind of the lock.
    pub kind: &'static str,
    /// Guest id of the thread that owns it, if that is known.
    pub owner: Option<u32>,
    /// Guest ids of the threads that wait for it.
    pub waiters: Vec<u32>,
}

/// An open file, directory or device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRow {
    /// Address of the file object's body.
    pub body: u32,
    /// Open handles to it.
    pub handles: Vec<u32>,
    /// Path that the title sees.
    pub path: String,
    /// Offset of the next access.
    pub position: u64,
    /// Size in bytes; `None` for a directory or device.
    pub size: Option<u64>,
    /// Whether the handle can change the contents.
    pub may_write: bool,
}

/// State of the graphics chip.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GpuRows {
    /// Counters, by name.
    pub counters: Vec<(String, u64)>,
    /// Registers that the last draw has left.
    pub registers: Vec<String>,
    /// Problems with their numbers of occurrences.
    pub problems: Vec<(String, u64)>,
}

impl Machine {
    /// Sets the receiver of the machine's views, which is called when the pace's control requests
    /// it.
    pub fn set_inspector(&mut self, inspector: Inspector) {
        self.outside.inspector = Some(inspector);
    }

    /// Calls the inspector if the pace's control requests it. Returns whether it did.
    pub(super) fn run_requested_inspection(&mut self, run: &mut ActiveRun<'_>) -> bool {
        let is_asked = run.pace.as_mut().is_some_and(crate::pace::Pace::take_inspect_request);
        if is_asked && let Some(mut inspector) = self.outside.inspector.take() {
            inspector(self);
            self.outside.inspector = Some(inspector);
        }
        is_asked
    }

    /// All live threads.
    pub fn threads_report(&self) -> ThreadsReport {
        self.inside.executor.threads_report()
    }

    /// Names of the threads that have one.
    pub fn thread_names(&self) -> BTreeMap<u32, String> {
        let threads = self.inside.kernel.threads.lock();
        threads.iter().filter_map(|record| Some((record.id, record.name.clone()?))).collect()
    }

    /// The function that contains an address.
    pub fn place_of(&self, address: u32) -> Option<SymbolicAddress> {
        match &self.inside.executor {
            Executor::Lockstep(executor) => executor.system.place_of(address),
            Executor::Parallel(_) => None,
        }
    }

    /// Kernel objects, by address.
    pub fn objects(&self) -> Vec<ObjectRow> {
        let inside = &self.inside;
        let mut handles = self.handles();
        let mut waiters = self.waiters();
        let objects = inside.kernel.objects.listed().into_iter();
        let rows = objects.map(|object| ObjectRow {
            body: object.body.0,
            kind: kind_name(object.kind),
            handles: handles.remove(&object.body.0).unwrap_or_default(),
            references: object.references,
            signal: { object.kind.signal_offset() }
                .and_then(|offset| signal_state(&inside.memory, object.body.offset(offset)).ok()),
            waiters: waiters.remove(&object.body.0).unwrap_or_default(),
            name: object.name,
        });
        rows.collect()
    }

    /// Open handles, by the body of their object.
    fn handles(&self) -> BTreeMap<u32, Vec<u32>> {
        let mut by_body: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (handle, body) in self.inside.kernel.objects.handles() {
            by_body.entry(body.0).or_default().push(handle.0);
        }
        by_body
    }

    /// Threads that wait for dispatcher objects, by the object.
    fn waiters(&self) -> BTreeMap<u32, Vec<u32>> {
        let mut by_object: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for thread in self.threads_report().threads {
            if let Some(BlockReason::Objects { objects, .. }) = thread.reason {
                for object in objects.as_slice() {
                    by_object.entry(object.0).or_default().push(thread.id);
                }
            }
        }
        by_object
    }

    /// Locks that threads own or wait for, by address. Critical sections and spin locks without a
    /// waiter are words of the title that the kernel does not track.
    pub fn locks(&self) -> Vec<LockRow> {
        let kernel = &self.inside.kernel;
        let mut waiters = self.waiters();
        let mutants = kernel.objects.list().into_iter().filter(|&(kind, _)| kind == ObjectKind::Mutant);
        let mut rows: BTreeMap<u32, LockRow> = mutants
            .map(|(_, body)| {
                let owner = kernel.dispatcher.mutant_owner(body);
                let owner =
                    owner.and_then(|owner| kernel.threads.lock().by_kthread(owner).map(|record| record.id));
                let waiters = waiters.remove(&body.0).unwrap_or_default();
                (body.0, LockRow { at: body.0, kind: "mutant", owner, waiters })
            })
            .collect();
        for thread in self.threads_report().threads {
            let (at, kind) = match thread.reason {
                Some(BlockReason::CriticalSection { section }) => (section, "critical section"),
                Some(BlockReason::SpinLock { lock }) => (lock, "spin lock"),
                _ => continue,
            };
            let owner = thread.holders.iter().find(|holder| holder.object == at);
            let owner = owner.map(|holder| holder.thread);
            let row = rows.entry(at).or_insert_with(|| LockRow { at, kind, owner, waiters: Vec::new() });
            row.waiters.push(thread.id);
        }
        rows.into_values().collect()
    }

    /// Open files, by address.
    pub fn files(&self) -> Vec<FileRow> {
        let mut handles = self.handles();
        let files = self.inside.kernel.files.lock();
        let rows = files.iter().map(|(body, file)| FileRow {
            body: body.0,
            handles: handles.remove(&body.0).unwrap_or_default(),
            path: files.vfs.full_name(&file.location),
            position: file.position(),
            size: file.data().and_then(|data| data.size().ok()),
            may_write: file.may_write(),
        });
        rows.collect()
    }

    /// State of the graphics chip.
    pub fn gpu(&self) -> GpuRows {
        let processor = self.inside.processor.lock();
        let statistics = processor.statistics();
        let mut counters = vec![
            ("words of packets".to_owned(), statistics.words),
            ("draws".to_owned(), statistics.draws),
            ("resolves".to_owned(), statistics.resolves),
            ("swaps".to_owned(), statistics.swaps),
            ("vertical blanks".to_owned(), statistics.vblanks),
            ("interrupts".to_owned(), statistics.interrupts),
        ];
        counters.extend(statistics.packets());
        let rows = registers::rows().filter(|row| DRAW_REGISTERS.contains(&row.name));
        let described = rows.map(|row| registers::describe(row.index, processor.registers().get(row.index)));
        GpuRows {
            counters,
            registers: described.collect(),
            problems: statistics.problems.iter().map(|(what, &count)| (what.clone(), count)).collect(),
        }
    }

    /// The display's mode in words: size, scan and refresh rate.
    pub fn display_mode(&self) -> String {
        let kernel = &self.inside.kernel;
        let (mode, _) = kernel.display.lock().current(kernel.chips.display_mode);
        let scan = if mode.interlaced { 'i' } else { 'p' };
        format!("{}x{}{scan} at {} Hz", mode.width, mode.height, mode.refresh_rate)
    }

    /// The last calls of exports of all threads, oldest first; none if the machine keeps no
    /// history.
    pub fn calls(&self) -> Vec<PastCall> {
        let Some(history) = self.inside.kernel.imports.history() else { return Vec::new() };
        let mut calls: Vec<PastCall> = history.last_calls().into_values().flatten().collect();
        calls.sort_by_key(|call| call.at);
        calls
    }
}

/// The kind of an object in words.
fn kind_name(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Event => "event",
        ObjectKind::Semaphore => "semaphore",
        ObjectKind::Mutant => "mutant",
        ObjectKind::Timer => "timer",
        ObjectKind::Thread => "thread",
        ObjectKind::File | ObjectKind::DriverFile => "file",
        ObjectKind::Device => "device",
        ObjectKind::IoCompletion => "completion port",
        ObjectKind::SymbolicLink => "link",
        ObjectKind::Directory => "directory",
        ObjectKind::Module => "module",
        ObjectKind::Enumerator => "enumerator",
        ObjectKind::Listener => "listener",
        ObjectKind::Session => "session",
    }
}
