//! All kernel state of one machine: a part per subsystem, each behind its own lock.
//!
//! A part keeps its own invariants and knows no other part. What is done to several of them at once
//! is a method of [`Kernel`], in the file of its subject.
//!
//! Lock order: service threads' turns, listeners, overlapped structures, dispatcher, locks' queues,
//! objects, threads, files, modules, ports, pool, then the leaves (`xenia_sync::Level`). Locks are
//! held for the length of one operation, never across a guest call or a wait.

use crate::crypto::random::Random;
use crate::crypto::uniform::Shuffle;
use crate::deployment::Deployment;
use crate::display::Display;
use crate::files::{Files, TransferQueue};
use crate::imports::{Bindings, Library};
use crate::layout::{object_header, object_type};
use crate::limits::{Limit, Limits};
use crate::loader::Modules;
use crate::memory::KernelPool;
use crate::net::{LocalNetwork, NetState};
use crate::objects::dispatcher::{self, Dispatcher};
use crate::objects::lock_queue::LockQueues;
use crate::objects::read_write_lock::ReadWriteLocks;
use crate::objects::{Deleted, ObjectKind, Objects};
use crate::ports::{Clock, Devices, Ports};
use crate::sound::{RenderDriver, XmaContexts};
use crate::status::failure::{Failure, Fallible};
use crate::thread::Processes;
use crate::thread::frames::FrameCount;
use crate::thread::records::Threads;
use crate::thread::tls::Tls;
use crate::title::Title;
use crate::user::User;
use crate::user::overlapped::Requests;
use crate::user::xconfig::Locale;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use xenia_formats::KeyRing;
use xenia_guest::GuestAddr;
use xenia_memory::GuestMemory;
use xenia_sched::HW_THREADS;
use xenia_sync::{Level, Mutex};

/// Settings of a kernel.
#[derive(Clone, Debug)]
pub struct KernelConfig {
    /// The command line that the title sees, its own name included.
    pub command_line: String,
    /// Guest path of the executable.
    pub image_path: String,
    /// Kernel version that the title sees: major, minor, build, revision.
    pub version: [u16; 4],
    /// Language, country and region.
    pub locale: Locale,
    /// Keys of the executables that the title loads.
    pub keys: KeyRing,
    /// How the title came to the console.
    pub deployment: Deployment,
}

impl Default for KernelConfig {
    fn default() -> Self {
        Self {
            command_line: "\"default.xex\"".to_owned(),
            image_path: "\\Device\\Cdrom0\\default.xex".to_owned(),
            version: [2, 0, 21_119, 0],
            locale: Locale::default(),
            keys: KeyRing::development(),
            deployment: Deployment::default(),
        }
    }
}

/// The kernel could not be made.
#[derive(Debug, thiserror::Error)]
#[error("kernel memory: {0}")]
pub struct KernelError(#[from] Failure);

/// Ordinals of the queues for locks in the title's memory begin at one, two and three times this:
/// after the dispatcher's.
const LOCK_QUEUES: u32 = 0x200;
const _: () = assert!(dispatcher::ORDINALS_END <= LOCK_QUEUES);

/// See the module's documentation.
pub struct Kernel {
    /// Settings.
    pub config: KernelConfig,
    /// What the title may take of the host, and where it was refused more.
    pub limits: Arc<Limits>,
    /// Guest memory.
    pub memory: Arc<GuestMemory>,
    /// What time it is.
    pub clock: Clock,
    /// Random bytes for titles. Taken alone.
    pub(crate) random: Mutex<Random>,
    /// What numbers that look random are drawn from. Taken alone.
    pub(crate) uniform: Mutex<Shuffle>,
    /// Kernel memory.
    pub pool: KernelPool,
    /// Handles and objects.
    pub objects: Arc<Objects>,
    /// Whoever starts or stops a hardware thread's service thread holds its turn. Taken before the
    /// dispatcher.
    pub(crate) service_turns: [Mutex<()>; HW_THREADS],
    /// Waits for objects, timers.
    pub dispatcher: Dispatcher,
    /// Held over listeners' queues and their signals, so that they change together. Taken before
    /// the dispatcher.
    pub(crate) listeners: Mutex<()>,
    /// Overlapped structures that are to be told. Taken after the listeners', before the
    /// dispatcher.
    pub requests: Requests,
    /// Who waits for critical sections. Taken under the dispatcher, as the two below are.
    pub sections: LockQueues,
    /// Who waits for spin locks.
    pub spin_locks: LockQueues,
    /// What read/write locks change under.
    pub read_write_locks: ReadWriteLocks,
    /// Guest threads, and what interrupts them.
    pub threads: Mutex<Threads>,
    /// Thread-local storage.
    pub tls: Tls,
    /// Calls of guest code that threads are in.
    pub(crate) frames_of_all: FrameCount,
    /// Kernel-mode APCs in all queues: who returns from a call looks for its own only if there are
    /// any.
    pub(crate) pending_apcs: AtomicUsize,
    /// Calls that are left for threads whose wait has ended before they parked: who goes on looks
    /// for its own only if there are any.
    pub(crate) left_calls: AtomicUsize,
    /// Open files, and the file system.
    pub files: Mutex<Files>,
    /// Transfers of files that calls have left for workers.
    pub transfers: TransferQueue,
    /// What imports are bound to.
    pub imports: Bindings,
    /// Loaded modules.
    pub modules: Mutex<Modules>,
    /// The title as a whole. Taken alone.
    pub title: Mutex<Title>,
    /// The display as the title sets it up. Taken before the graphics chip.
    pub display: Mutex<Display>,
    /// The console's settings, notifications, key strokes.
    pub user: User,
    /// Sockets. Taken alone, or over the hardware threads.
    pub net: NetState,
    /// Who makes sound, and when the next frame is due. Taken alone, or over the hardware threads.
    pub render_driver: RenderDriver,
    /// Which of the XMA decoder's contexts are in use. Taken alone, or over memory.
    pub(crate) xma_contexts: Mutex<XmaContexts>,
    /// What is outside.
    pub devices: Devices,
}

impl Kernel {
    /// A kernel with its variables and process blocks in `memory`, and nothing loaded.
    pub fn new(
        memory: Arc<GuestMemory>,
        config: KernelConfig,
        mut ports: Ports,
    ) -> Result<Arc<Self>, KernelError> {
        let limits = Arc::new(Limits::default());
        let pool = KernelPool::new(memory.clone(), limits.clone());
        let imports = Bindings::new(&memory)?;
        let processes = Processes::new(&memory, &pool)?;
        let mut objects = Objects::new(memory.clone(), limits.clone());
        for kind in ObjectKind::ALL {
            let at = match kind.type_variable() {
                // Titles tell neither from the other: what holds them is the system's own.
                None if kind == ObjectKind::Session => {
                    objects.share_type(kind, ObjectKind::Enumerator);
                    continue;
                }
                Some(name) => imports.make_variable(&memory, &pool, Library::xboxkrnl, name)?,
                None => pool.allocate(object_type::SIZE)?,
            };
            memory.write(at.offset(object_type::POOL_TAG), kind.tag()).map_err(Failure::from)?;
            objects.set_type(kind, at);
        }
        imports.initialize_variables(&memory, &pool, &config, ports.clock)?;
        let transfers = TransferQueue::new(limits.clone(), memory.clone());
        let files = Files::with_devices(&*ports.storage, &limits).map_err(Failure::from)?;
        let network = std::mem::replace(&mut ports.network, Box::new(LocalNetwork::without_cable()));
        let number = ports.storage.own_number();
        let user = User::new(files.packages.store.load_profiles(number));
        Ok(Arc::new(Self {
            config,
            limits: limits.clone(),
            memory,
            clock: ports.clock,
            random: Mutex::new(Level::Leaf, Random::new(ports.clock.system_time(0))),
            uniform: Mutex::new(Level::Leaf, Shuffle::default()),
            pool,
            objects: Arc::new(objects),
            service_turns: std::array::from_fn(|hw_id| Mutex::numbered(Level::Dispatcher, hw_id as u32, ())),
            dispatcher: Dispatcher::with_clock(limits.clone(), ports.clock),
            listeners: Mutex::numbered(Level::Dispatcher, 0x10, ()),
            requests: Requests::new(0x11),
            sections: LockQueues::new(LOCK_QUEUES),
            spin_locks: LockQueues::new(2 * LOCK_QUEUES),
            read_write_locks: ReadWriteLocks::new(3 * LOCK_QUEUES),
            threads: Mutex::new(Level::Threads, Threads::new(processes, limits.clone())),
            tls: Tls::default(),
            frames_of_all: FrameCount::default(),
            pending_apcs: AtomicUsize::new(0),
            left_calls: AtomicUsize::new(0),
            files: Mutex::new(Level::Files, files),
            transfers,
            imports,
            modules: Mutex::new(Level::Modules, Modules::default()),
            title: Mutex::new(Level::Settings, Title::default()),
            display: Mutex::new(Level::Settings, Display::default()),
            user,
            net: NetState::new(network, limits.clone()),
            render_driver: RenderDriver::new(limits),
            xma_contexts: Mutex::new(Level::Devices, XmaContexts::default()),
            devices: Devices::new(ports),
        }))
    }

    /// Frames that the graphics chip has shown.
    pub fn frames(&self) -> u64 {
        self.display.lock().frames
    }

    /// Gives up a reference to an object, and clears it away if that was the last.
    pub fn dereference(&self, body: GuestAddr) -> Fallible<()> {
        self.objects.dereference(body)?;
        self.clear_away_deleted();
        Ok(())
    }

    /// Closes a handle, and clears its object away if that was the last reference.
    pub fn close(&self, handle: crate::abi::Handle) -> Fallible<()> {
        self.objects.close(handle)?;
        self.clear_away_deleted();
        Ok(())
    }

    /// Clears away the objects that nobody uses any more. Takes no lock if there are none; with
    /// some, the caller holds none.
    #[inline]
    pub(crate) fn clear_away_deleted(&self) {
        while self.objects.has_leavings() {
            for object in self.objects.take_leavings() {
                if let Err(error) = self.clear_away(&object) {
                    tracing::warn!(target: "kernel", "{:?} {} is gone, but: {error}", object.kind, object.body);
                }
                self.objects.forget(object);
            }
        }
    }

    /// What each kind of object leaves behind in its subsystem, and its memory. Nobody can find the
    /// object any more.
    fn clear_away(&self, deleted: &Deleted) -> Fallible<()> {
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
            ObjectKind::IoCompletion => self.files.lock().ports.remove(body),
            ObjectKind::SymbolicLink => {
                self.files.lock().links.remove(&body);
            }
            ObjectKind::Enumerator => self.user.enumerators.lock().remove(body),
            ObjectKind::Session => self.user.sessions.lock().remove(body),
            ObjectKind::Listener => self.user.notifications.lock().remove(body),
            _ => {}
        }
        self.pool.release(GuestAddr(body.0.wrapping_sub(object_header::SIZE)))
    }

    /// Kernel state that is not in guest memory, as lines in a fixed order: what a state digest is
    /// over.
    pub fn describe_objects(&self, line: &mut dyn FnMut(&str)) {
        self.dispatcher.timers().describe(line);
        self.objects.describe(line);
        self.requests.describe(line);
        let display = self.display.lock();
        display.describe(line);
        self.render_driver.describe(line);
        self.net.describe(line);
        line(&format!("frames {} swaps {}", display.frames, display.swaps));
    }

    /// How often each limit was reached, of those that were, by name.
    pub fn limits_hit(&self) -> BTreeMap<&'static str, u64> {
        let mut hits = self.limits.hits();
        let refused = self.memory.counters().commits_refused;
        if refused > 0 {
            hits.insert(Limit::Memory.row().name, refused);
        }
        hits
    }
}
