//! State shared by the engines of one machine: compiled code by mode, and facts about functions.
//!
//! The code of a mode is created on first use. Its tables never move, so that compiled code
//! accesses them through its context without a lock; data that is written when code changes is
//! protected by a lock.

mod device_sites;

use crate::JitError;
use crate::arch::HAS_BASELINE;
use crate::baseline::Baseline;
use crate::code::CodeSize;
use crate::code::cache::CodeCache;
use crate::code::entries::Entries;
use crate::code::epochs::Epochs;
use crate::code::memory::CODE_SIZE;
use crate::code::store::CodeStore;
use crate::config::{JitConfig, Tiers};
use crate::counts::AheadCounts;
use crate::lock_order;
use crate::perf::jit_dump::JitDump;
use crate::perf::map::PerfMap;
use crate::runtime::hooks;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};
use std::sync::{Arc, OnceLock, Weak};
use std::thread::Thread;
use xenia_cpu::{HOST_WORDS, PpcContext};
use xenia_lifter::Mode;
use xenia_lifter::float::float_state::DEFAULT_MXCSR;
use xenia_lifter::host::Word;
use xenia_lifter::thunks::LINKED;
use xenia_memory::{CodeHook, GuestMemory, register_code_hook};
use xenia_sync::{Level, Mutex};

/// State shared by the engines of one machine.
pub(crate) struct Shared {
    pub(crate) memory: Arc<GuestMemory>,
    pub(crate) config: JitConfig,
    /// Code by [`Mode::index`]; created on first use, `None` if that failed.
    modes: [OnceLock<Option<ModeCode>>; Mode::COUNT],
    /// Bounds of functions that callers have added.
    bounds: Mutex<Vec<(u32, Option<u32>)>>,
    pub(crate) epochs: Arc<Epochs>,
    /// The baseline tier, if there is one.
    pub(crate) baseline: Option<Baseline>,
    /// The address that is being compiled, or 0; the latest if several engines compile.
    pub(crate) compiling: Arc<AtomicU32>,
    pub(crate) perf_map: Option<Arc<PerfMap>>,
    pub(crate) jit_dump: Option<JitDump>,
    pub(crate) store: Option<Arc<CodeStore>>,
    /// Function addresses that the title names, for ahead-of-time compilation; `None` once they are
    /// taken.
    pub(crate) named: Mutex<Option<Vec<u32>>>,
    /// Counters of ahead-of-time compilation.
    pub(crate) ahead: Mutex<AheadCounts>,
    /// The thread that compiles ahead, once it has begun.
    pub(crate) idle_thread: OnceLock<Thread>,
}

/// The code of one mode.
pub(crate) struct ModeCode {
    // Dropped first: once code memory is unmapped, another mapping may get its addresses, for which
    // the fault hook must not answer.
    _hook: CodeHook,
    pub(crate) mode: Mode,
    pub(crate) cache: Mutex<CodeCache>,
    pub(crate) entries: Arc<Entries>,
    /// Host addresses of the tables, which never move.
    tables: [(Word, u64); 3],
    /// The memory's code epoch when code of changed pages was last withdrawn.
    seen: AtomicU64,
    /// The words of [`PpcContext::host`] at entry to code; created at the first entry.
    words: OnceLock<[u64; HOST_WORDS]>,
}

impl ModeCode {
    fn new(mode: Mode, shared: &Shared, bounds: &[(u32, Option<u32>)]) -> Result<Self, JitError> {
        let mut cache = CodeCache::new(Arc::clone(&shared.epochs), mode, shared.store.clone())?;
        cache.set_compile_volatile(shared.config.testing.compile_volatile);
        for &(start, end) in bounds {
            cache.functions.set_bounds(start, end);
        }
        let code = cache.memory();
        let tables = [
            (Word::Code, code.execute_base()),
            (Word::LinkedCode, code.execute_base() + LINKED as u64),
            (Word::Entries, cache.tables().base()),
        ];
        let start = code.execute_base() as usize;
        let hook = register_code_hook(start..start + CODE_SIZE, Box::new(hooks::on_fault))?;
        let entries = Arc::clone(cache.tables().entries());
        Ok(Self {
            _hook: hook,
            mode,
            cache: Mutex::numbered(Level::Code, lock_order::cache(mode), cache),
            entries,
            tables,
            seen: AtomicU64::new(0),
            words: OnceLock::new(),
        })
    }

    /// Withdraws code whose pages have changed, before code is entered. Returns the memory's code
    /// epoch at that time, and the number of withdrawn regions.
    #[inline]
    pub(crate) fn withdraw_changed(&self, memory: &GuestMemory) -> (u64, u64) {
        // The epoch is read first, so changes during the withdrawal are left for the next check.
        let epoch = memory.code_epoch();
        if self.seen.load(Acquire) == epoch {
            (epoch, 0)
        } else {
            (epoch, self.withdraw_changed_since(memory, epoch))
        }
    }

    #[cold]
    fn withdraw_changed_since(&self, memory: &GuestMemory, epoch: u64) -> u64 {
        let withdrawn = self.cache.lock().withdraw_changed(memory);
        // An engine that reads this epoch finds the code withdrawn. Another engine may overwrite it
        // by an older one, which only repeats the check.
        self.seen.store(epoch, Release);
        withdrawn
    }

    /// Sets the words of the context that compiled code needs; those of the run are added later.
    pub(crate) fn install(&self, ctx: &mut PpcContext, memory: &GuestMemory) {
        ctx.host = *self.words.get_or_init(|| {
            let mut words = hooks::words(memory);
            for (word, address) in self.tables {
                words[word as usize] = address;
            }
            words[Word::Mxcsr as usize] = u64::from(DEFAULT_MXCSR);
            words
        });
    }
}

impl Shared {
    /// Creates the state of a machine without code. Fails if there is no memory for code of the
    /// usual mode.
    pub(crate) fn new(
        memory: Arc<GuestMemory>,
        config: JitConfig,
        store: Option<Arc<CodeStore>>,
    ) -> Result<Arc<Self>, JitError> {
        let epochs = Epochs::new();
        let perf_map = config.perf_map.then(PerfMap::open).transpose()?.map(Arc::new);
        let baseline = match config.tiers {
            Tiers::Optimizing => None,
            // The interpreter takes its place.
            Tiers::Both if !HAS_BASELINE => None,
            Tiers::Baseline | Tiers::Both => {
                Some(Baseline::new(&memory, &config, &epochs, perf_map.clone())?)
            }
        };
        let shared = Self {
            memory,
            config,
            modes: Default::default(),
            bounds: Mutex::numbered(Level::Code, lock_order::BOUNDS, Vec::new()),
            epochs,
            baseline,
            compiling: Arc::default(),
            perf_map,
            jit_dump: config.jit_dump.then(JitDump::open).transpose()?,
            store,
            named: Mutex::new(Level::Leaf, None),
            ahead: Mutex::new(Level::Leaf, AheadCounts::default()),
            idle_thread: OnceLock::new(),
        };
        // The engine can't work without the usual mode.
        let usual = ModeCode::new(Mode::default(), &shared, &[])?;
        shared.modes[Mode::default().index()].get_or_init(|| Some(usual));
        Ok(Arc::new(shared))
    }

    /// Adds the bounds of a function: its first address and, if known, its end, exclusive.
    pub(crate) fn add_function(&self, start: u32, end: Option<u32>) {
        let mut bounds = self.bounds.lock();
        bounds.push((start, end));
        for code in self.codes() {
            code.cache.lock().functions.set_bounds(start, end);
        }
    }

    /// The code of a mode. Returns `None` if there is no memory for it.
    pub(crate) fn code(&self, mode: Mode) -> Option<&ModeCode> {
        let made = self.modes[mode.index()].get_or_init(|| {
            // Bounds are hints: one that is added at this moment may be missed.
            let made = ModeCode::new(mode, self, &self.bounds.lock());
            made.inspect_err(
                |error| tracing::warn!(%error, ?mode, "no memory for code of this mode; interpreting"),
            )
            .ok()
        });
        made.as_ref()
    }

    /// Creates separate tables of the usual mode, for plans that must not affect the machine: facts
    /// learned about functions decide the extent of hot regions.
    pub(crate) fn aside(&self) -> Option<ModeCode> {
        let made = ModeCode::new(Mode::default(), self, &self.bounds.lock());
        made.inspect_err(|error| tracing::warn!(%error, "nothing is compiled ahead")).ok()
    }

    /// Halves the numbers of code changes of both tiers.
    pub(crate) fn halve_changes(&self) {
        self.codes().for_each(|code| code.cache.lock().halve_changes());
        if let Some(baseline) = &self.baseline {
            baseline.cache.lock().halve_changes();
        }
    }

    /// The code of all modes in use.
    pub(crate) fn codes(&self) -> impl Iterator<Item = &ModeCode> {
        self.modes.iter().filter_map(|mode| mode.get()?.as_ref())
    }
}

/// The size of a machine's compiled code, readable from other threads. Holds a weak reference to
/// the machine.
#[derive(Clone)]
pub struct CodeSizes(Weak<Shared>);

impl CodeSizes {
    /// The sizes of a machine.
    pub(crate) fn of(shared: &Arc<Shared>) -> Self {
        Self(Arc::downgrade(shared))
    }

    /// The size of all caches together; 0 if the machine is gone.
    pub fn get(&self) -> CodeSize {
        let shared = self.0.upgrade();
        let optimized = shared.iter().flat_map(|shared| shared.codes()).map(|code| code.cache.lock().size());
        let baseline = shared.iter().filter_map(|shared| shared.baseline.as_ref());
        let sizes = optimized.chain(baseline.map(|baseline| baseline.cache.lock().size()));
        sizes.fold(CodeSize::default(), |all, size| CodeSize {
            bytes: all.bytes + size.bytes,
            regions: all.regions + size.regions,
        })
    }
}
