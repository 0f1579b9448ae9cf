//! All kernel state of one machine, by subsystem, each behind its own lock.
//!
//! Lock order: dispatcher, objects, threads, files, modules, ports, pool, then the leaves (`xenia_sync::Level`). Locks are held for the
//! length of one operation, never across a guest call or a wait.

use crate::display::Display;
use crate::files::Files;
use crate::imports::Library;
use crate::imports::ordinals::{self, Returns};
use crate::imports::thunks::{OwnStubs, Stubs, Target};
use crate::imports::variables::{self, Variables};
use crate::layout::{kprocess, object_type};
use crate::limits::{Limit, Limits};
use crate::loader::Modules;
use crate::memory::pool::{Owner, Pool};
use crate::memory::second_level_cache::SecondLevelCache;
use crate::objects::dispatcher::Dispatcher;
use crate::objects::{Deleted, ObjectKind, Objects};
use crate::ports::{Audio, Dialogs, Input, Ports, Storage, Video};
use crate::status::failure::{Failure, Fallible};
use crate::thread::interrupts::Interrupts;
use crate::thread::lists;
use crate::thread::records::Threads;
use crate::title::Title;
use crate::user::keystrokes::Keystrokes;
use crate::user::notifications::Notifications;
use crate::user::xconfig::{Locale, XConfig};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use xenia_formats::KeyRing;
use xenia_guest::{GuestAddr, Ordinal};
use xenia_memory::GuestMemory;
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
}

impl Default for KernelConfig {
    fn default() -> Self {
        Self {
            command_line: "\"default.xex\"".to_owned(),
            image_path: "\\Device\\Cdrom0\\default.xex".to_owned(),
            version: [2, 0, 21_119, 0],
            locale: Locale::default(),
            keys: KeyRing::development(),
        }
    }
}

/// The kernel could not be made.
#[derive(Debug, thiserror::Error)]
#[error("kernel memory: {0}")]
pub struct KernelError(#[from] Failure);

/// Calls of an export that is not implemented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingCall {
    /// Its name, or library and ordinal.
    pub name: String,
    /// Calls so far.
    pub count: u64,
}

/// Guest addresses of the process blocks.
#[derive(Clone, Copy, Debug)]
pub struct Processes {
    /// Of the idle threads.
    pub idle: GuestAddr,
    /// Of the title.
    pub title: GuestAddr,
    /// Of the system.
    pub system: GuestAddr,
}

/// See the module's documentation.
pub struct Kernel {
    /// Guest memory.
    pub memory: Arc<GuestMemory>,
    /// Settings.
    pub config: KernelConfig,
    /// What the title may take of the host, and where it was refused more.
    pub limits: Arc<Limits>,
    /// Waits, timers, lock waiters.
    pub dispatcher: Mutex<Dispatcher>,
    /// Service threads, their queues, the graphics callback. Taken alone.
    pub interrupts: Mutex<Interrupts>,
    /// Handles and objects.
    pub objects: Mutex<Objects>,
    /// Guest threads.
    pub threads: Mutex<Threads>,
    /// Open files, and the file system.
    pub files: Mutex<Files>,
    /// Loaded modules.
    pub modules: Mutex<Modules>,
    /// The title as a whole. Taken alone.
    pub title: Mutex<Title>,
    /// The display as the title sets it up. Taken before the graphics chip.
    pub display: Mutex<Display>,
    /// The console's settings.
    pub xconfig: Mutex<XConfig>,
    /// System notifications.
    pub notifications: Mutex<Notifications>,
    /// Kernel memory.
    pub pool: Mutex<Pool>,
    /// Locks of the second-level cache.
    pub cache: Mutex<SecondLevelCache>,
    /// The graphics chip.
    pub video: Mutex<Box<dyn Video>>,
    /// Sound.
    pub audio: Mutex<Box<dyn Audio>>,
    /// Controllers.
    pub input: Mutex<Box<dyn Input>>,
    /// What titles were told of the controllers' keys. Taken alone.
    pub keystrokes: Mutex<Keystrokes>,
    /// Whoever answers dialogs.
    pub dialogs: Mutex<Box<dyn Dialogs>>,
    /// Where saves are.
    pub storage: Mutex<Box<dyn Storage>>,
    text: Mutex<crate::ports::TextSink>,
    /// Where guest code enters the kernel.
    pub(crate) stubs: Mutex<Stubs>,
    pub(crate) own_stubs: OwnStubs,
    /// Exported variables.
    pub(crate) variables: Mutex<Variables>,
    missing: Mutex<BTreeMap<String, u64>>,
    /// Process blocks.
    pub processes: Processes,
    /// Frames shown.
    pub(crate) frames: AtomicU64,
    /// `VdSwap` calls.
    pub(crate) swaps: AtomicU64,
}

impl Kernel {
    /// A kernel with its variables and process blocks in `memory`, and nothing loaded.
    pub fn new(
        memory: Arc<GuestMemory>,
        config: KernelConfig,
        ports: Ports,
    ) -> Result<Arc<Self>, KernelError> {
        let limits = Arc::new(Limits::default());
        let mut pool = Pool::new(limits.clone());
        let mut objects = Objects::new(limits.clone());
        let mut stubs = Stubs::default();
        let mut values = Variables::default();
        stubs.initialize(&memory)?;
        let processes = make_processes(&memory, &mut pool)?;
        for kind in ObjectKind::ALL {
            let at = match kind.type_variable() {
                Some(name) => values.storage(&memory, &mut pool, Library::xboxkrnl, name)?,
                None => pool.allocate(&memory, object_type::SIZE)?,
            };
            memory.write(at.offset(object_type::POOL_TAG), kind.tag()).map_err(Failure::from)?;
            objects.set_type(kind, at);
        }
        variables::initialize(&memory, &mut pool, &mut values, &config)?;
        let own_stubs = stubs.own;
        let files = Files::with_devices(&*ports.storage, &limits).map_err(Failure::from)?;
        Ok(Arc::new(Self {
            memory,
            config,
            limits: limits.clone(),
            dispatcher: Mutex::new(Level::Dispatcher, Dispatcher::new(limits.clone())),
            interrupts: Mutex::new(Level::Leaf, Interrupts::new(limits.clone())),
            objects: Mutex::new(Level::Objects, objects),
            threads: Mutex::new(Level::Threads, Threads::default()),
            files: Mutex::new(Level::Files, files),
            modules: Mutex::new(Level::Modules, Modules::default()),
            title: Mutex::new(Level::Settings, Title::default()),
            display: Mutex::new(Level::Settings, Display::default()),
            xconfig: Mutex::new(Level::Settings, XConfig::default()),
            notifications: Mutex::new(Level::Settings, Notifications::default()),
            pool: Mutex::new(Level::Memory, pool),
            cache: Mutex::new(Level::Leaf, SecondLevelCache::default()),
            video: Mutex::new(Level::Devices, ports.video),
            audio: Mutex::new(Level::Devices, ports.audio),
            input: Mutex::new(Level::Devices, ports.input),
            keystrokes: Mutex::new(Level::Devices, Keystrokes::default()),
            dialogs: Mutex::new(Level::Devices, ports.dialogs),
            storage: Mutex::new(Level::Devices, ports.storage),
            text: Mutex::new(Level::Leaf, ports.text),
            stubs: Mutex::new(Level::Modules, stubs),
            own_stubs,
            variables: Mutex::new(Level::Modules, values),
            missing: Mutex::new(Level::Leaf, BTreeMap::new()),
            processes,
            frames: AtomicU64::new(0),
            swaps: AtomicU64::new(0),
        }))
    }

    /// Kernel memory: a zeroed block.
    pub fn allocate(&self, size: u32) -> Fallible<GuestAddr> {
        self.pool.lock().allocate(&self.memory, size)
    }

    /// Pool memory for the title: a zeroed block.
    pub fn allocate_for_title(&self, size: u32) -> Fallible<GuestAddr> {
        self.pool.lock().allocate_for(&self.memory, size, Owner::Title)
    }

    /// Takes back what [`Self::allocate_for_title`] gave, and nothing else.
    pub fn release_of_title(&self, at: GuestAddr) -> Fallible<()> {
        self.pool.lock().free_of(&self.memory, at, Owner::Title)
    }

    /// Gives back what [`Self::allocate`] gave.
    pub fn release(&self, at: GuestAddr) -> Fallible<()> {
        self.pool.lock().free(&self.memory, at)
    }

    /// Frames that the graphics chip has shown.
    pub fn frames(&self) -> u64 {
        self.frames.load(Relaxed)
    }

    /// `VdSwap` calls.
    pub fn swaps(&self) -> u64 {
        self.swaps.load(Relaxed)
    }

    /// Guest address of an exported variable, if a title has imported it or the kernel has it anyway.
    pub fn variable(&self, library: Library, name: &str) -> Option<GuestAddr> {
        self.variables.lock().address(library, name)
    }

    /// Passes text of the guest on.
    pub fn write_text(&self, text: &str) {
        (self.text.lock())(text);
    }

    // ---- objects ----

    /// Gives up a reference to an object, and clears it away if that was the last.
    pub fn dereference(&self, body: GuestAddr) -> Fallible<()> {
        let deleted = self.objects.lock().dereference(&self.memory, body)?;
        self.clear_away(deleted)
    }

    /// Closes a handle, and clears its object away if that was the last reference.
    pub fn close(&self, handle: crate::abi::Handle) -> Fallible<()> {
        let deleted = self.objects.lock().close(&self.memory, handle)?;
        self.clear_away(deleted)
    }

    /// Gives back the references of waits by handle that are over.
    pub(crate) fn let_go_of_waited(&self) {
        let objects = self.dispatcher.lock().take_released();
        for body in objects {
            if let Err(error) = self.dereference(body) {
                tracing::warn!(target: "kernel", "the object {body} that a thread waited for: {error}");
            }
        }
    }

    /// What each kind of object leaves behind in its subsystem.
    fn clear_away(&self, deleted: Option<Deleted>) -> Fallible<()> {
        let Some(Deleted { kind, body }) = deleted else { return Ok(()) };
        match kind {
            ObjectKind::Timer => {
                self.dispatcher.lock().cancel_timer(&self.memory, body)?;
                self.threads.lock().forget_timer_apc(body);
            }
            ObjectKind::Mutant => self.dispatcher.lock().forget_mutant(body),
            ObjectKind::Thread => {
                self.threads.lock().remove(body);
            }
            ObjectKind::File => {
                let port = self.files.lock().remove(body);
                if let Some(port) = port {
                    self.dereference(port)?;
                }
            }
            ObjectKind::IoCompletion => self.files.lock().ports.remove(body),
            ObjectKind::SymbolicLink => {
                self.files.lock().links.remove(&body);
            }
            ObjectKind::Listener => self.notifications.lock().remove(body),
            _ => {}
        }
        if self.dispatcher.lock().waiters(body).next().is_some() {
            // A wait holds its objects: the body stays for those who wait for what nobody can signal any more.
            tracing::warn!(target: "kernel", "{kind:?} {body} was deleted while threads wait for it");
            return Ok(());
        }
        Objects::free_body(&self.memory, &mut self.pool.lock(), body)
    }

    /// Kernel state that is not in guest memory, as lines in a fixed order: what a state digest is over.
    pub fn describe_objects(&self, line: &mut dyn FnMut(&str)) {
        self.dispatcher.lock().timers.describe(line);
        self.objects.lock().describe(line);
        self.display.lock().describe(line);
        line(&format!("frames {} swaps {}", self.frames(), self.swaps()));
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

    // ---- what is missing ----

    /// Counts a call of something that is not implemented, and logs the first.
    pub(crate) fn note_missing(
        &self,
        library: Option<Library>,
        ordinal: Ordinal,
        arguments: &[u64],
    ) -> String {
        let row = library.and_then(|library| ordinals::find(library.rows(), ordinal));
        let name = match (row, library) {
            (Some(row), _) => row.name.to_owned(),
            (None, Some(library)) => format!("{}#{ordinal}", library.name()),
            (None, None) => format!("unknown#{ordinal}"),
        };
        let mut missing = self.missing.lock();
        let count = missing.entry(name.clone()).or_default();
        *count += 1;
        if *count == 1 {
            let silent = row.and_then(|row| row.result).is_some_and(|result| result.returns == Returns::Void);
            let note = if silent { ", and has no result that could tell the title so" } else { "" };
            tracing::warn!(target: "kernel", "{name} is not implemented{note}; called with {arguments:x?}");
        }
        name
    }

    /// The name of the export that the `sc` at `at` calls.
    pub fn call_name(&self, at: u32) -> Option<String> {
        match self.stubs.lock().find(GuestAddr(at))? {
            Target::Export(export) => Some(export.name.to_owned()),
            _ => None,
        }
    }

    /// Calls of exports that are not implemented, by name.
    pub fn missing_calls(&self) -> Vec<MissingCall> {
        let missing = self.missing.lock();
        missing.iter().map(|(name, &count)| MissingCall { name: name.clone(), count }).collect()
    }
}

/// The idle, title and system process blocks.
fn make_processes(memory: &GuestMemory, pool: &mut Pool) -> Fallible<Processes> {
    let mut make = |kind: u8, unknown_0c: u32, unknown_18: [u8; 4]| -> Fallible<GuestAddr> {
        let at = pool.allocate(memory, kprocess::SIZE)?;
        lists::initialize(memory, at.offset(kprocess::THREAD_LIST))?;
        lists::initialize(memory, at.offset(kprocess::UNKNOWN_54))?;
        memory.write(at.offset(kprocess::UNKNOWN_0C), unknown_0c)?;
        memory.write_bytes(at.offset(kprocess::UNKNOWN_18), &unknown_18)?;
        memory.write(at.offset(kprocess::KERNEL_STACK_SIZE), 0x4000_u32)?;
        memory.write(at.offset(kprocess::TLS_SLOT_SIZE), 0x80_u16)?;
        memory.write(at.offset(kprocess::PROCESS_TYPE), kind)?;
        Ok(at)
    };
    Ok(Processes {
        idle: make(0, 0x7F, [0, 0, 0, 6])?,
        title: make(1, 60, [10, 13, 17, 6])?,
        system: make(2, 60, [2, 5, 9, 6])?,
    })
}
