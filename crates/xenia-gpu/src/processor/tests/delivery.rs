//! Tests of the time at which memory gets resolved texels.

use super::*;
use crate::memory::PhysicalRange;
use crate::registers::{Register, rb};

/// Word that a resolve writes, at this address.
const TEXEL: u32 = 0x6000;
const FENCE: u32 = 0x7000;

/// Calls of a backend, and the fence's value at each.
type Calls = Arc<Mutex<Vec<(&'static str, u32)>>>;

/// Backend that keeps one texel on its device.
struct Keeping {
    calls: Calls,
    readback: Readback,
    is_pending: bool,
}

impl Keeping {
    fn called(&self, name: &'static str, memory: &dyn PhysicalMemory) {
        self.calls.lock().unwrap().push((name, memory.read_u32(FENCE)));
    }
}

impl Backend for Keeping {
    fn name(&self) -> &'static str {
        "keeping"
    }
    fn draw(&mut self, _: &DrawCall, _: &dyn PhysicalMemory) -> Result<(), BackendError> {
        Ok(())
    }
    fn resolve(&mut self, _: &ResolveCall, memory: &dyn PhysicalMemory) -> Result<(), BackendError> {
        self.called("resolve", memory);
        self.is_pending = true;
        if self.readback == Readback::Full { self.deliver(None, memory) } else { Ok(()) }
    }
    fn set_readback(&mut self, readback: Readback) {
        self.readback = readback;
    }
    fn has_pending(&self) -> bool {
        self.is_pending
    }
    fn deliver(
        &mut self,
        range: Option<PhysicalRange>,
        memory: &dyn PhysicalMemory,
    ) -> Result<(), BackendError> {
        let is_asked = |asked: PhysicalRange| (asked.start..asked.start + asked.length).contains(&TEXEL);
        if self.is_pending && range.is_none_or(is_asked) {
            self.called("deliver", memory);
            self.is_pending = false;
            memory.write_u32(TEXEL, 5);
        }
        Ok(())
    }
}

/// Runs a resolve and these words in one pump; returns the backend's calls, the final texel, and
/// whether it is still on the device.
fn run(readback: Readback, concurrent: bool, words: &[u32]) -> (Vec<(&'static str, u32)>, u32, bool) {
    let calls = Calls::default();
    let backend = Keeping { calls: calls.clone(), readback: Readback::Full, is_pending: false };
    let mut m = GpuHarness::with_backend(Box::new(backend));
    m.gpu.config.concurrent = concurrent;
    m.gpu.set_readback(readback);
    let resolve =
        [type0(rb::RbModecontrol::INDEX, 1), 6, type3(opcode::DRAW_INDX_2, 1), 8 | 2 << 6 | 3 << 16];
    let words: Vec<u32> = resolve.iter().chain(words).copied().collect();
    m.run(&words);
    let calls = calls.lock().unwrap().clone();
    let texel = m.memory.read_u32(TEXEL);
    (calls, texel, m.gpu.backend().has_pending())
}

/// A fence with the value 1.
const SIGNAL: [u32; 4] = [type3(opcode::EVENT_WRITE_SHD, 3), 3, FENCE | 2, 1];

#[test]
fn lockstep_delivers_at_the_end_of_a_pump() {
    let (calls, texel, _) = run(Readback::Lazy, false, &SIGNAL);
    assert_eq!((&calls[..], texel), (&[("resolve", 0), ("deliver", 1)][..], 5));
}

#[test]
fn guest_code_beside_a_pump_finds_texels_before_a_signal() {
    let interrupt = [type3(opcode::INTERRUPT, 1), 4];
    for (words, times) in [(&SIGNAL[..], 1), (&interrupt[..], 1), (&[TYPE2], 0)] {
        let (calls, _, is_pending) = run(Readback::Lazy, true, words);
        // The fence's value is still the old one.
        assert_eq!(calls, [("resolve", 0), ("deliver", 0)][..=times]);
        assert_eq!(is_pending, times == 0);
    }
}

#[test]
fn readback_at_once_and_never() {
    for concurrent in [false, true] {
        let (calls, texel, _) = run(Readback::Full, concurrent, &SIGNAL);
        assert_eq!((&calls[..], texel), (&[("resolve", 0), ("deliver", 0)][..], 5));
        let (calls, texel, is_pending) = run(Readback::None, concurrent, &SIGNAL);
        assert_eq!((&calls[..], texel, is_pending), (&[("resolve", 0)][..], 0, true));
    }
}

#[test]
fn packets_find_texels_and_write_after_them() {
    // The read waits for a value that only a delivery makes; the write overlaps.
    let wait = [type3(opcode::WAIT_REG_MEM, 5), 0x13, TEXEL | 2, 5, u32::MAX, 1];
    let write = [type3(opcode::MEM_WRITE, 2), TEXEL | 2, 7];
    let list = [type3(opcode::INDIRECT_BUFFER, 2), TEXEL - 8, 3];
    for readback in [Readback::Full, Readback::Lazy, Readback::None] {
        for (words, expected) in [(&wait[..], 5), (&write[..], 7), (&list[..], 5)] {
            let (calls, texel, is_pending) = run(readback, false, words);
            assert_eq!((calls.len(), texel, is_pending), (2, expected, false), "{readback:?} {expected}");
        }
    }
}

#[test]
fn a_resolve_drops_the_prefetched_packets_that_it_changes() {
    let backend = Keeping { calls: Calls::default(), readback: Readback::Full, is_pending: false };
    let mut m = GpuHarness::with_backend(Box::new(backend));
    m.gpu.set_readback(Readback::Lazy);
    m.run(&[type0(rb::RbModecontrol::INDEX, 1), 6]);
    // The texel replaces the header of the last packet by that of a write to register 5.
    let words = [type3(opcode::DRAW_INDX_2, 1), 8 | 2 << 6 | 3 << 16, type0(0x2000, 1), 9];
    m.list(TEXEL - 8, &words);
    m.run(&[type3(opcode::INDIRECT_BUFFER, 2), TEXEL - 8, words.len() as u32]);
    let registers = m.gpu.registers();
    assert_eq!((registers.get(5), registers.get(0x2000)), (9, 0));
}
