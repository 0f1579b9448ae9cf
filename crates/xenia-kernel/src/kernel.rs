//! Kernel state of one machine: one part per subsystem, each behind its own lock.
//!
//! A part maintains its own invariants and does not depend on the other parts. Operations that span
//! several parts are methods of a view of these parts ([`views`]), in the file of their subject.
//! Those that need nearly all of them are methods of [`Kernel`].
//!
//! Lock order: [`xenia_sync::Level`]; docs/src/internals/kernel.md has the locks of each level. A
//! lock is held for one operation only, never across a guest call or a wait.

mod state;
mod views;

#[cfg(any(test, feature = "testing"))]
pub use state::reload;
#[cfg(test)]
pub(crate) use state::round_trip;
pub use state::{AreasState, CoreState};

use crate::breakpoints::Breakpoints;
use crate::deployment::Deployment;
use crate::display::Display;
use crate::files::mounts::title_path;
use crate::files::{Files, RequestTables, TransferQueue};
use crate::imports::variables::VariableValues;
use crate::imports::{
    CallCosts, CallHistory, CallObservers, CallTrace, ExportRegistry, ImportBindings, MissingAnswers,
};
use crate::loader::Modules;
use crate::objects::dispatcher::{self, Dispatcher};
use crate::objects::lock_queue::LockQueues;
use crate::objects::read_write_lock::ReadWriteLocks;
use crate::objects::{Deleted, KernelPool, ObjectKind, Objects};
use crate::ports::{ChipPorts, Chipset, Clock, Devices, Storage};
use crate::sound::{RenderDriver, XmaContexts};
use crate::status::failure::{Failure, Fallible};
use crate::thread::Processes;
use crate::thread::frames::FrameCount;
use crate::thread::pending_count::PendingCount;
use crate::thread::records::Threads;
use crate::thread::tls::Tls;
use crate::title::TitleState;
use crate::user::User;
use crate::user::overlapped::Requests;
use std::collections::BTreeMap;
use std::sync::Arc;
use xenia_formats::KeyRing;
use xenia_formats::title_files::DEFAULT_EXECUTABLE;
use xenia_guest::GuestAddr;
use xenia_guest::layout::{object_header, object_type};
use xenia_imports::Library;
use xenia_limits::{Limit, LimitSetting, ResourceLimits};
use xenia_memory::GuestMemory;
use xenia_net::NetState;
use xenia_patches::PatchSet;
use xenia_rtl::crypto::random::Random;
use xenia_rtl::crypto::uniform::Shuffle;
use xenia_sched::{Cpu, HW_THREADS};
use xenia_sync::{Level, Mutex};
use xenia_user::content::ContentStore;
use xenia_user::xconfig::Locale;

/// Configuration of a kernel.
#[derive(Clone, Debug)]
pub struct KernelConfig {
    /// Command line that the title sees, including the program's name.
    pub command_line: String,
    /// Guest path of the executable, whose folder is `game:` unless `game_folder` is on the medium.
    pub image_path: String,
    /// Folder of `game:`, if it is another one on the medium.
    pub game_folder: Option<String>,
    /// Name of the executable in reports if the linker has recorded none; `None`: that of its guest
    /// path. The guest can't observe it.
    pub report_name: Option<String>,
    /// Kernel version that the title sees: major, minor, build, revision.
    pub version: [u16; 4],
    /// Language, country and region.
    pub locale: Locale,
    /// Keys of the executables that the title loads.
    pub keys: KeyRing,
    /// Medium the title was installed from, and its license.
    pub deployment: Deployment,
    /// Results of missing exports.
    pub missing: MissingAnswers,
    /// Whether titles may read addresses below 64 KiB, where they find zeros.
    pub null_page: bool,
    /// Limits with numbers other than the table's.
    pub limits: Vec<LimitSetting>,
    /// Patches of the modules that are loaded.
    pub patches: Arc<PatchSet>,
    /// Whether the last calls of each thread are kept for reports. The guest can't observe it.
    pub call_history: bool,
    /// The trace of calls of exports, if they are traced. The guest can't observe it.
    pub call_trace: Option<Arc<CallTrace>>,
    /// Whether calls are counted and timed, for profiles. The guest can't observe it.
    pub call_costs: bool,
}

impl Default for KernelConfig {
    fn default() -> Self {
        Self {
            command_line: format!("\"{DEFAULT_EXECUTABLE}\""),
            image_path: title_path(DEFAULT_EXECUTABLE),
            game_folder: None,
            report_name: None,
            version: [2, 0, 21_119, 0],
            locale: Locale::default(),
            keys: KeyRing::development(),
            deployment: Deployment::default(),
            missing: MissingAnswers::default(),
            null_page: false,
            limits: Vec::new(),
            patches: Arc::default(),
            call_history: false,
            call_trace: None,
            call_costs: false,
        }
    }
}

/// Error that [`Kernel::new`] returns when it cannot set up guest memory.
#[derive(Debug, thiserror::Error)]
#[error("kernel memory: {0}")]
pub struct KernelError(#[from] Failure);

/// Ordinals of the queues of guest locks start at 1, 2 and 3 times this value, above the
/// dispatcher's.
const LOCK_QUEUES: u32 = 0x200;
const _: () = assert!(dispatcher::ORDINALS_END <= LOCK_QUEUES);

/// All kernel state of one machine, one lock per subsystem.
pub struct Kernel {
    pub config: KernelConfig,
    /// Bounds on the host resources the title can take, with counts of refusals.
    pub limits: Arc<ResourceLimits>,
    pub memory: Arc<GuestMemory>,
    /// Guest clock: system time and time stamps.
    pub clock: Clock,
    /// Random bytes for titles. A leaf lock.
    pub random: Mutex<Random>,
    /// Generator of reproducible numbers that look random. A leaf lock.
    pub uniform: Mutex<Shuffle>,
    /// Allocator of kernel memory.
    pub pool: KernelPool,
    /// Handle table and object headers.
    pub objects: Arc<Objects>,
    /// One lock per hardware thread, held while its service thread is started or stopped. Taken
    /// before the dispatcher.
    pub(crate) service_turns: [Mutex<()>; HW_THREADS],
    /// Waits for dispatcher objects, and timers.
    pub dispatcher: Dispatcher,
    /// Held while a notification listener's queue and its signal change together. Taken before the
    /// dispatcher.
    pub listeners: Mutex<()>,
    /// Overlapped structures awaiting completion. Taken after the listeners and before the
    /// dispatcher.
    pub requests: Requests,
    /// Threads waiting for critical sections. Taken under the dispatcher, as the two locks below
    /// are.
    pub sections: LockQueues,
    /// Threads waiting for spin locks.
    pub spin_locks: LockQueues,
    /// Locks under which the guest's read/write locks change.
    pub read_write_locks: ReadWriteLocks,
    /// Guest threads, their APC queues and interrupts.
    pub threads: Mutex<Threads>,
    /// Thread-local storage slots.
    pub tls: Tls,
    /// Number of guest calls that threads are currently inside.
    pub(crate) frame_count: FrameCount,
    /// Number of kernel-mode APCs in all queues. While a thread's turn is locked, its own share
    /// cannot change from 0.
    pub(crate) pending_apcs: PendingCount,
    /// Number of calls saved for threads whose wait ended before they parked. A thread's own call
    /// is counted before the thread can see that its wait is over and can have its turn.
    pub(crate) pending_calls: PendingCount,
    /// Open files and the file system.
    pub files: Mutex<Files>,
    /// Tables that requests on open files use without the lock of the files.
    pub file_tables: Arc<RequestTables>,
    /// File transfers that calls have left to worker threads.
    pub transfers: TransferQueue,
    /// Bindings of imports to exports.
    pub imports: ImportBindings,
    pub modules: Mutex<Modules>,
    /// Breakpoints of a debugger. A leaf lock.
    pub breakpoints: Breakpoints,
    /// State of the title as a whole. A leaf lock.
    pub title: Mutex<TitleState>,
    /// Display mode set by the title. Taken before the graphics chip.
    pub display: Mutex<Display>,
    /// Console settings, notifications and keystrokes.
    pub user: User,
    /// Sockets. Taken alone, or over the hardware threads.
    pub net: NetState,
    /// Clients of the render driver, and when the next frame is due. Taken alone, or over the
    /// hardware threads.
    pub render_driver: RenderDriver,
    /// Allocation state of the XMA decoder's contexts. Taken alone, or over memory.
    pub xma_contexts: Mutex<XmaContexts>,
    /// The console's chips, without the network.
    pub chips: ChipPorts,
    /// The host's devices, which are lent to this kernel.
    pub devices: Arc<Devices>,
}

/// An empty table of objects, with the type of each kind in guest memory.
fn make_objects(
    memory: &Arc<GuestMemory>,
    pool: &KernelPool,
    imports: &ImportBindings,
    limits: &Arc<ResourceLimits>,
) -> Result<Objects, KernelError> {
    let mut objects = Objects::new(memory.clone(), limits.clone());
    for kind in ObjectKind::ALL {
        if let Some(other) = kind.seen_as() {
            objects.share_type(kind, other);
            continue;
        }
        let at = match kind.type_variable() {
            Some(name) => imports.make_variable(memory, pool, Library::xboxkrnl, name)?,
            None => pool.allocate(object_type::SIZE)?,
        };
        memory.write(at.offset(object_type::POOL_TAG), kind.tag()).map_err(Failure::from)?;
        objects.set_type(kind, at);
    }
    Ok(objects)
}

fn variable_values(config: &KernelConfig, clock: Clock) -> VariableValues<'_> {
    let KernelConfig { version, command_line, image_path, .. } = config;
    VariableValues { version: *version, command_line, image_path, clock }
}

fn observers(config: &KernelConfig) -> CallObservers {
    CallObservers {
        history: config.call_history.then(CallHistory::default),
        trace: config.call_trace.clone(),
        costs: config.call_costs.then(CallCosts::default),
    }
}

/// The devices of the title's files, with the links that the title finds at its start.
fn make_files(
    config: &KernelConfig,
    storage: &dyn Storage,
    limits: &Arc<ResourceLimits>,
) -> Result<Files, KernelError> {
    let mut files = Files::with_devices(storage, limits).map_err(Failure::from)?;
    files.link_title(&config.image_path).map_err(Failure::from)?;
    if let Some(folder) = &config.game_folder {
        files.link_title_folder(folder).map_err(Failure::from)?;
    }
    Ok(files)
}

fn make_user(storage: &dyn Storage, store: &ContentStore) -> User {
    let mut profiles = store.load_profiles(storage.own_number());
    if let Some(xuid) = storage.first_user()
        && !profiles.begin_with(xuid)
    {
        let missing = xuid.0;
        tracing::warn!(target: "kernel", "no profile is {missing:016X}: another one is the first user's");
    }
    User::new(profiles)
}

impl Kernel {
    /// Makes a kernel with its variables and process blocks in `memory`, and no module loaded.
    /// Imports are bound to the exports in `registry`. The owner of `devices` can lend them to
    /// another kernel when this one is gone.
    pub fn new(
        memory: Arc<GuestMemory>,
        config: KernelConfig,
        chipset: Chipset,
        devices: Arc<Devices>,
        registry: &'static ExportRegistry,
    ) -> Result<Arc<Self>, KernelError> {
        if config.null_page {
            memory.open_null_page().map_err(Failure::from)?;
        }
        let limits = Arc::new(ResourceLimits::new(&config.limits));
        let pool = KernelPool::new(memory.clone(), limits.clone());
        let imports = ImportBindings::new(&memory, registry, observers(&config), limits.clone())?;
        let processes = Processes::new(&memory, &pool)?;
        let objects = make_objects(&memory, &pool, &imports, &limits)?;
        imports.initialize_variables(&memory, &pool, &variable_values(&config, chipset.clock))?;
        let threads = Threads::new(processes, limits.clone(), imports.own_stubs.call_return);
        let transfers = TransferQueue::new(limits.clone(), memory.clone());
        let files = make_files(&config, &*devices.storage, &limits)?;
        let user = make_user(&*devices.storage, &files.packages.store);
        Ok(Arc::new(Self {
            config,
            limits: limits.clone(),
            memory,
            clock: chipset.clock,
            random: Mutex::new(Level::Leaf, Random::new(chipset.clock.system_time(0))),
            uniform: Mutex::new(Level::Leaf, Shuffle::default()),
            pool,
            objects: Arc::new(objects),
            service_turns: std::array::from_fn(|hw_id| Mutex::numbered(Level::Dispatcher, hw_id as u32, ())),
            dispatcher: Dispatcher::new(limits.clone()),
            listeners: Mutex::numbered(Level::Dispatcher, 0x10, ()),
            requests: Requests::new(0x11),
            sections: LockQueues::new(LOCK_QUEUES),
            spin_locks: LockQueues::new(2 * LOCK_QUEUES),
            read_write_locks: ReadWriteLocks::new(3 * LOCK_QUEUES),
            threads: Mutex::new(Level::Threads, threads),
            tls: Tls::default(),
            frame_count: FrameCount::default(),
            pending_apcs: PendingCount::default(),
            pending_calls: PendingCount::default(),
            file_tables: files.tables.clone(),
            files: Mutex::new(Level::Files, files),
            transfers,
            imports,
            modules: Mutex::new(Level::Modules, Modules::default()),
            breakpoints: Breakpoints::default(),
            title: Mutex::new(Level::Settings, TitleState::default()),
            display: Mutex::new(Level::Settings, Display::default()),
            user,
            net: NetState::new(chipset.network, limits.clone()),
            render_driver: RenderDriver::new(limits),
            xma_contexts: Mutex::new(Level::Devices, XmaContexts::default()),
            chips: ChipPorts::new(chipset.video, chipset.xma),
            devices,
        }))
    }

    /// Discards the title's files as they are on the host: drops queued writes, open files and
    /// packages without saving them. A kernel that is dropped without this call saves them. For a
    /// machine that another replaces, as a load of a state does; it must not run afterwards.
    pub fn discard(&self) {
        self.transfers.discard();
        self.files.lock().discard();
    }

    /// Number of frames the graphics chip has shown.
    pub fn frames(&self) -> u64 {
        self.display.lock().frames
    }

    /// Ends a thread, with its file transfers and socket requests.
    pub fn end_thread(&self, cpu: &mut dyn Cpu, id: u32, code: u32) -> Fallible<()> {
        let life = self.thread_life();
        let ending = life.mark_ended(id)?;
        self.file_requests().end_of_thread(cpu, id);
        self.sockets().end_requests_of(cpu, id);
        life.end(cpu, ending, code)?;
        self.run_deferred_deletions();
        Ok(())
    }

    /// Releases a reference to an object and deletes the object if it was the last.
    pub fn dereference(&self, body: GuestAddr) -> Fallible<()> {
        self.objects.dereference(body)?;
        self.run_deferred_deletions();
        Ok(())
    }

    /// Closes a handle and deletes its object if that was the last reference.
    pub fn close(&self, handle: crate::abi::Handle) -> Fallible<()> {
        self.objects.close(handle)?;
        self.run_deferred_deletions();
        Ok(())
    }

    /// Processes deferred deletions: deletes objects without references. Takes no lock if there are
    /// none; otherwise the caller must not hold a lock.
    #[inline]
    pub fn run_deferred_deletions(&self) {
        while self.objects.has_deferred() {
            for object in self.objects.take_deferred() {
                if let Err(error) = self.delete_object(&object) {
                    tracing::warn!(target: "kernel", "cannot free the {:?} at {}: {error}", object.kind, object.body);
                }
                self.objects.forget(object);
            }
        }
    }

    /// Releases an object's state in its subsystem, and its memory. No handle or pointer leads to
    /// the object any more.
    fn delete_object(&self, deleted: &Deleted) -> Fallible<()> {
        let &Deleted { kind, body, .. } = deleted;
        match kind {
            ObjectKind::Timer => {
                self.dispatcher.cancel_timer(&self.memory, body)?;
                self.threads.lock().forget_timer_apc(body);
            }
            ObjectKind::Mutant => self.dispatcher.forget_mutant(body),
            ObjectKind::Thread => {
                self.threads.lock().remove(body);
            }
            ObjectKind::File => {
                let port = self.files.lock().remove(body);
                if let Some(port) = port {
                    self.objects.dereference(port)?;
                }
            }
            ObjectKind::DriverFile => self.file_requests().remove_driver_file(body)?,
            ObjectKind::IoCompletion => self.file_tables.ports.lock().remove(body),
            ObjectKind::SymbolicLink | ObjectKind::Directory => self.files.lock().open_paths.remove(body),
            ObjectKind::Device => self.files.lock().unname_device(body),
            ObjectKind::Enumerator => self.user.enumerators.lock().remove(body),
            ObjectKind::Session => self.user.sessions.lock().remove(body),
            ObjectKind::Listener => self.user.notifications.lock().remove(body),
            _ => {}
        }
        self.pool.release(GuestAddr(body.0.wrapping_sub(object_header::SIZE)))
    }

    /// Writes kernel state outside guest memory as lines in a fixed order: the input of a state
    /// digest.
    pub fn describe_objects(&self, line: &mut dyn FnMut(&str)) {
        self.dispatcher.timers().describe(line);
        self.objects.describe(line);
        self.requests.describe(line);
        self.files.lock().drivers.describe(line);
        let display = self.display.lock();
        display.describe(line);
        self.render_driver.describe(line);
        self.net.describe(line);
        line(&format!("frames {} swaps {}", display.frames, display.swaps));
    }

    /// Number of times each limit was reached, by name; limits that were not reached are omitted.
    pub fn limits_hit(&self) -> BTreeMap<&'static str, u64> {
        let mut hits = self.limits.hits();
        let refused = self.memory.counters().commits_refused;
        if refused > 0 {
            hits.insert(Limit::Memory.row().name, refused);
        }
        hits
    }
}
