//! Tests of states between two pumps, while results and texels are still on a device.

use super::*;
use crate::backend::QueryReports;
use crate::memory::PhysicalRange;
use crate::registers::{Register, rb};
use crate::replay::Player;
use crate::trace::{self, Reader};

const REPORT: u32 = DATA;
/// Word that a resolve writes, at this address.
const TEXEL: u32 = 0x6000;

#[derive(Default)]
struct LateResults {
    draws: u64,
    /// Samples of the results so far.
    samples: Vec<u64>,
    is_pending: bool,
    /// Whether counting has begun, and whether it was requested.
    is_counting: bool,
    is_unwanted: bool,
}

/// Backend whose results are late, and which counts samples of draws on request.
#[derive(Clone, Default)]
struct LateDevice(Arc<Mutex<LateResults>>);

impl Backend for LateDevice {
    fn name(&self) -> &'static str {
        "late"
    }
    fn draw(&mut self, _: &DrawCall, _: &dyn PhysicalMemory) -> Result<(), BackendError> {
        let mut device = self.0.lock().unwrap();
        device.draws += u64::from(device.is_counting && !device.is_unwanted);
        Ok(())
    }
    fn resolve(&mut self, _: &ResolveCall, _: &dyn PhysicalMemory) -> Result<(), BackendError> {
        self.0.lock().unwrap().is_pending = true;
        Ok(())
    }
    fn has_pending(&self) -> bool {
        self.0.lock().unwrap().is_pending
    }
    fn deliver(&mut self, _: Option<PhysicalRange>, memory: &dyn PhysicalMemory) -> Result<(), BackendError> {
        if std::mem::take(&mut self.0.lock().unwrap().is_pending) {
            memory.write_u32(TEXEL, 5);
        }
        Ok(())
    }
    fn present(&mut self, call: &PresentCall, _: &dyn PhysicalMemory) -> Option<Frame> {
        Some(Frame { width: call.width, height: call.height, rgba: Vec::new() })
    }
    fn samples_passed(&mut self) -> Option<u64> {
        self.0.lock().unwrap().is_counting = true;
        self.samples_so_far()
    }
    fn samples_so_far(&mut self) -> Option<u64> {
        Some(self.0.lock().unwrap().draws * 10)
    }
    fn count_samples(&mut self, counts: bool) {
        self.0.lock().unwrap().is_unwanted = !counts;
    }
    fn begin_samples(&mut self) -> Option<u64> {
        let samples = self.samples_passed()?;
        let mut device = self.0.lock().unwrap();
        device.samples.push(samples);
        Some(device.samples.len() as u64)
    }
    fn poll_result(&mut self, _: u64, _: &dyn PhysicalMemory) -> Option<u64> {
        None
    }
    fn wait_for_result(&mut self, number: u64, _: &dyn PhysicalMemory) -> u64 {
        self.0.lock().unwrap().samples[number as usize - 1]
    }
}

const DRAW: [u32; 2] = [type3(opcode::DRAW_INDX_2, 1), 4 | 2 << 6 | 3 << 16];

/// Reports samples to an address.
const fn report(address: u32) -> [u32; 4] {
    [type0(rb::RB_SAMPLE_COUNT_ADDR, 1), address, type3(opcode::EVENT_WRITE_ZPD, 1), 0x15]
}

fn harness(concurrent: bool) -> (GpuHarness, Arc<Mutex<LateResults>>) {
    let device = LateDevice::default();
    let mut m = GpuHarness::with_backend(Box::new(device.clone()));
    m.gpu.set_concurrent(concurrent);
    m.gpu.set_queries(QueryReports::Late);
    m.run(&[type3(opcode::IM_LOAD_IMMEDIATE, 3), 0, 1, 1, type3(opcode::IM_LOAD_IMMEDIATE, 3), 1, 1, 1]);
    m.run(&[type0(rb::RbModecontrol::INDEX, 1), 4]);
    (m, device.0)
}

/// A report, and signals that wait for it.
fn signals() -> Vec<u32> {
    [&report(REPORT)[..], &[type3(opcode::INTERRUPT, 1), 4], &swap_commands([0; 6], 0, 8, 8)].concat()
}

#[test]
fn a_state_keeps_signals_that_were_not_handed_out() {
    let (mut m, _) = harness(true);
    m.run(&signals());
    assert!(m.events.is_empty(), "they wait for the report");
    let state = m.gpu.machine_state().unwrap();
    let (mut loaded, _) = harness(true);
    loaded.gpu.restore_machine(&state).unwrap();
    let expected = [
        GpuEvent::Interrupt { cpu_mask: 4, source: 1 },
        GpuEvent::Swap { physical: 0, width: 8, height: 8, number: 1 },
    ];
    for m in [&mut m, &mut loaded] {
        m.pass(1);
        assert_eq!(m.events, expected);
    }
}

#[test]
fn going_back_drops_signals_and_pictures_of_the_future() {
    let (mut m, _) = harness(true);
    let state = m.gpu.machine_state().unwrap();
    m.run(&signals());
    m.gpu.finish_effects();
    m.gpu.restore_machine(&state).unwrap();
    m.now = 4_000_000;
    m.pass(1);
    assert_eq!((m.events.len(), m.gpu.take_frame(1)), (0, None));
}

#[test]
fn a_state_with_an_impossible_swap_is_refused() {
    let (mut m, _) = harness(true);
    m.run(&signals());
    let state = m.gpu.machine_state().unwrap();
    m.gpu.statistics.swaps = 0;
    let worse = m.gpu.machine_state().unwrap();
    assert!(m.gpu.restore_machine(&state).is_ok());
    assert!(m.gpu.restore_machine(&worse).is_err());
}

#[test]
fn memory_of_a_state_has_all_texels() {
    let resolve =
        [type0(rb::RbModecontrol::INDEX, 1), 6, type3(opcode::DRAW_INDX_2, 1), 8 | 2 << 6 | 3 << 16];
    let finishes: [fn(&mut CommandProcessor); 2] =
        [|gpu| drop(gpu.machine_state()), CommandProcessor::finish_effects];
    for finish in finishes {
        let (mut m, device) = harness(true);
        m.run(&resolve);
        assert!(device.lock().unwrap().is_pending);
        finish(&mut m.gpu);
        assert!(!device.lock().unwrap().is_pending);
        assert_eq!(m.memory.read_u32(TEXEL), 5);
    }
}

#[test]
fn states_begin_no_counting_of_samples() {
    let (mut m, device) = harness(true);
    let state = m.gpu.machine_state().unwrap();
    m.gpu.restore_machine(&state).unwrap();
    m.run(&DRAW);
    let state = m.gpu.machine_state().unwrap();
    assert!(!device.lock().unwrap().is_counting);
    m.gpu.restore_machine(&state).unwrap();
    // Between two reports of a query, the loaded machine counts, too.
    m.run(&[&report(REPORT)[..], &DRAW].concat());
    let state = m.gpu.machine_state().unwrap();
    let (mut loaded, _) = harness(true);
    loaded.gpu.restore_machine(&state).unwrap();
    for m in [&mut m, &mut loaded] {
        m.write = 0;
        m.now = 10_000_000;
        m.gpu.initialize_ring(RING, 7);
        m.run(&[&DRAW[..], &report(REPORT)].concat());
        m.gpu.finish();
        assert_eq!([16, 20].map(|half| m.memory.read_u32(REPORT + half).swap_bytes()), [10, 10]);
    }
}

#[test]
fn a_recording_between_queries_counts_what_its_replay_counts() {
    let (mut m, _) = harness(false);
    m.run(&[&report(REPORT)[..], &DRAW].concat());
    m.list(REPORT + 32, &[0xffff_feed; 8]);
    m.run(&report(REPORT + 32));
    let bytes = TraceBytes::default();
    m.gpu.record(trace::Recorder::new(Box::new(bytes.clone()), 0, 9));
    m.run(&[&DRAW[..], &report(REPORT)].concat());
    m.gpu.finish_recording().unwrap().unwrap();
    let bytes = bytes.0.lock().unwrap().clone();
    let player = Player::new(Reader::open(&bytes[..]).unwrap(), Box::new(LateDevice::default()));
    assert_eq!(player.unwrap().run(&mut |_, _| {}).unwrap().same_end, Some(true));
}

/// Bytes of a trace.
#[derive(Clone, Default)]
struct TraceBytes(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for TraceBytes {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
