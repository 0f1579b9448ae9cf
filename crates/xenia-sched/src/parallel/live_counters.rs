//! Counters of the engines during a run. The host thread of an engine alone can read them, so it
//! writes them here when it is asked.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use xenia_cpu::{EngineCounters, Execute};
use xenia_sync::{Level, Mutex};

/// Counters of one engine.
struct EngineLane {
    /// Whether newer values are requested.
    is_requested: AtomicBool,
    counters: Mutex<EngineCounters>,
}

/// Counters of all engines.
pub(super) struct LiveCounters {
    lanes: Vec<EngineLane>,
}

impl LiveCounters {
    /// Reads the counters before the run.
    pub(super) fn new(engines: &[Box<dyn Execute>]) -> Self {
        let counters = engines.iter().map(|engine| Mutex::new(Level::Leaf, engine.counters()));
        let lane = |counters| EngineLane { is_requested: AtomicBool::new(false), counters };
        Self { lanes: counters.map(lane).collect() }
    }

    /// Requests newer values. A host thread that is notified writes them at the end of its visit,
    /// or before it sleeps again.
    pub(super) fn request(&self) {
        self.lanes.iter().for_each(|lane| lane.is_requested.store(true, Relaxed));
    }

    /// Writes the counters of a hardware thread's engine, if newer values are requested. For its
    /// host thread, which must hold no lock.
    pub(super) fn update(&self, hw_id: u8, engine: &dyn Execute) {
        if let Some(lane) = self.lanes.get(usize::from(hw_id))
            && lane.is_requested.load(Relaxed)
        {
            // Before the counters are read: a request that comes meanwhile is for newer values.
            lane.is_requested.store(false, Relaxed);
            let counters = engine.counters();
            *lane.counters.lock() = counters;
        }
    }

    /// Sum of the counters of all engines.
    pub(super) fn sum(&self) -> EngineCounters {
        let mut sum = EngineCounters::default();
        for lane in &self.lanes {
            sum += &*lane.counters.lock();
        }
        sum
    }
}
