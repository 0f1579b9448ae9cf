//! What the engines of one machine share: its code, by mode, and what is known of it.
//!
//! Code of a mode is made when it is first needed. Its tables never move, so that compiled code
//! finds them through its context without a lock; what is written when code changes is behind one.

use crate::JitError;
use crate::ahead::AheadCounts;
use crate::baseline::Baseline;
use crate::code_cache::CodeCache;
use crate::code_memory::{CODE_SIZE, Entries};
use crate::config::{JitConfig, Tiers};
use crate::enter::{DEFAULT_MXCSR, LINKED};
use crate::epochs::Epochs;
use crate::hooks;
use crate::host::Word;
use crate::jit_dump::JitDump;
use crate::mode::Mode;
use crate::perf_map::PerfMap;
use crate::store::CodeStore;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};
use std::sync::{Arc, OnceLock, Weak};
use xenia_cpu::{HOST_WORDS, PpcContext};
use xenia_memory::{CodeHook, GuestMemory, register_code_hook};

/// What the engines of one machine share.
pub(crate) struct Shared {
    pub(crate) memory: Arc<GuestMemory>,
    pub(crate) config: JitConfig,
    /// By [`Mode::index`]; made when first needed, `None` if that failed.
    modes: [OnceLock<Option<ModeCode>>; Mode::COUNT],
    /// Bounds of functions that came from outside.
    bounds: Mutex<Vec<(u32, Option<u32>)>>,
    pub(crate) epochs: Arc<Epochs>,
    /// The baseline tier, if there is one.
    pub(crate) baseline: Option<Baseline>,
    /// The address that is being compiled, or 0: the latest, if several engines compile.
    pub(crate) compiling: Arc<AtomicU32>,
    pub(crate) perf_map: Option<Arc<PerfMap>>,
    pub(crate) jit_dump: Option<JitDump>,
    pub(crate) store: Option<Arc<CodeStore>>,
    /// Addresses that the title says functions begin at, for whoever compiles ahead; `None` once
    /// they are taken.
    pub(crate) named: Mutex<Option<Vec<u32>>>,
    /// What was compiled ahead.
    pub(crate) ahead: Mutex<AheadCounts>,
}

/// The code of one mode.
pub(crate) struct ModeCode {
    // First, so that it is dropped first: once code memory is unmapped, its addresses may be another's.
    _hook: CodeHook,
    pub(crate) cache: Mutex<CodeCache>,
    pub(crate) entries: Arc<Entries>,
    /// Host addresses of the tables, which never move.
    tables: [(Word, u64); 3],
    /// The memory's epoch when code of changed pages was last withdrawn.
    seen: AtomicU64,
    /// What the words of [`PpcContext::host`] are when code is entered; made when that happens
    /// first.
    words: OnceLock<[u64; HOST_WORDS]>,
}

impl ModeCode {
    fn new(mode: Mode, shared: &Shared, bounds: &[(u32, Option<u32>)]) -> Result<Self, JitError> {
        let mut cache = CodeCache::new(Arc::clone(&shared.epochs), mode, shared.store.clone())?;
        cache.set_compile_restless(shared.config.compile_restless);
        for &(start, end) in bounds {
            cache.functions.give(start, end);
        }
        let code = cache.memory();
        let tables = [
            (Word::Code, code.execute_base()),
            (Word::LinkedCode, code.execute_base() + LINKED as u64),
            (Word::Entries, code.entries_base()),
        ];
        let start = code.execute_base() as usize;
        let hook = register_code_hook(start..start + CODE_SIZE, Box::new(hooks::on_fault))?;
        let entries = Arc::clone(code.entries());
        let (seen, words) = (AtomicU64::new(0), OnceLock::new());
        Ok(Self { _hook: hook, cache: Mutex::new(cache), entries, tables, seen, words })
    }

    /// Withdraws code whose pages have changed, before any is entered. Gives the memory's epoch as
    /// of then, and how many regions it was.
    #[inline]
    pub(crate) fn withdraw_changed(&self, memory: &GuestMemory) -> (u64, u64) {
        // Read first: what changes while this looks is for the next one.
        let epoch = memory.epoch();
        if self.seen.load(Acquire) == epoch {
            (epoch, 0)
        } else {
            (epoch, self.look_for_changes(memory, epoch))
        }
    }

    #[cold]
    fn look_for_changes(&self, memory: &GuestMemory, epoch: u64) -> u64 {
        let withdrawn = self.cache.lock().withdraw_changed(&|page| memory.page_version(page));
        self.seen.store(epoch, Release);
        withdrawn
    }

    /// Puts what compiled code finds through its context there; a run adds what is its own.
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
    /// A machine without code. Fails if there is no memory for that of the usual mode.
    pub(crate) fn new(
        memory: Arc<GuestMemory>,
        config: JitConfig,
        store: Option<Arc<CodeStore>>,
    ) -> Result<Arc<Self>, JitError> {
        let epochs = Epochs::new();
        let perf_map = config.perf_map.then(PerfMap::open).transpose()?.map(Arc::new);
        let baseline = match config.tiers {
            Tiers::Optimizing => None,
            Tiers::Baseline | Tiers::Both => {
                Some(Baseline::new(&memory, &config, &epochs, perf_map.clone())?)
            }
        };
        let shared = Self {
            memory,
            config,
            modes: Default::default(),
            bounds: Mutex::new(Vec::new()),
            epochs,
            baseline,
            compiling: Arc::default(),
            perf_map,
            jit_dump: config.jit_dump.then(JitDump::open).transpose()?,
            store,
            named: Mutex::default(),
            ahead: Mutex::default(),
        };
        // Without the usual mode there is no point.
        let usual = ModeCode::new(Mode::default(), &shared, &[])?;
        shared.modes[Mode::default().index()].get_or_init(|| Some(usual));
        Ok(Arc::new(shared))
    }

    /// Notes the bounds of a function: its first address and, if known, the one after its last.
    pub(crate) fn add_function(&self, start: u32, end: Option<u32>) {
        let mut bounds = self.bounds.lock();
        bounds.push((start, end));
        for code in self.codes() {
            code.cache.lock().functions.give(start, end);
        }
    }

    /// The code of a mode. `None` if there is no memory for it.
    pub(crate) fn code(&self, mode: Mode) -> Option<&ModeCode> {
        let made = self.modes[mode.index()].get_or_init(|| {
            // Bounds are hints: one that comes at this moment may be missed.
            let made = ModeCode::new(mode, self, &self.bounds.lock());
            made.inspect_err(|error| tracing::warn!(%error, ?mode, "interpreted: no room for its code")).ok()
        });
        made.as_ref()
    }

    /// Tables of the usual mode for plans that the machine is to know nothing of: what is learned
    /// of functions on the way decides what becomes one region when it is hot.
    pub(crate) fn aside(&self) -> Option<ModeCode> {
        let made = ModeCode::new(Mode::default(), self, &self.bounds.lock());
        made.inspect_err(|error| tracing::warn!(%error, "nothing is compiled ahead")).ok()
    }

    /// The code of the modes that have any.
    fn codes(&self) -> impl Iterator<Item = &ModeCode> {
        self.modes.iter().filter_map(|mode| mode.get()?.as_ref())
    }
}

/// How large the compiled code of a machine is, for other threads; holds nothing of it.
#[derive(Clone)]
pub struct CodeSizes(Weak<Shared>);

impl CodeSizes {
    /// Those of a machine.
    pub(crate) fn of(shared: &Arc<Shared>) -> Self {
        Self(Arc::downgrade(shared))
    }

    /// Bytes of code, and regions of it; none where the machine is gone.
    pub fn look(&self) -> (u64, u64) {
        let shared = self.0.upgrade();
        let optimized = shared.iter().flat_map(|shared| shared.codes()).map(|code| code.cache.lock().sizes());
        let baseline = shared.iter().filter_map(|shared| shared.baseline.as_ref());
        let sizes = optimized.chain(baseline.map(|baseline| baseline.cache.lock().sizes()));
        sizes.fold((0, 0), |(bytes, regions), (more, others)| (bytes + more, regions + others))
    }
}
