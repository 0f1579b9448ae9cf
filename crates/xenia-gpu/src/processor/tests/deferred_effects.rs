//! Tests of effects that wait for results of the backend.

use super::*;
use crate::backend::{DevicePicture, PixelSize, QueryReports};
use crate::processor::deferred_effects::{MAX_BLANKS, MAX_EFFECTS};
use crate::registers::{FETCH_CONSTANTS, Register, With, pa, rb};

const FENCE: u32 = 0x7000;
const REPORT: u32 = DATA;

#[derive(Default)]
struct Results {
    /// Samples of the results so far.
    samples: Vec<u64>,
    /// Number of results that are available.
    ready: u64,
    waits: u64,
    draws: u64,
    counts: Vec<bool>,
    /// Whether a texel is on the device only.
    is_pending: bool,
    resolves: u8,
    /// Whether pictures stay on the device.
    has_pictures: bool,
}

/// Picture that shows the number of resolves before it.
struct ResolvesBefore(u8);

impl DevicePicture for ResolvesBefore {
    fn size(&self) -> PixelSize {
        PixelSize::new(1, 1)
    }
    fn read(&self) -> Option<Frame> {
        Some(Frame { width: 1, height: 1, rgba: vec![self.0] })
    }
}

/// Backend that counts ten samples a draw, and has the results later.
#[derive(Clone, Default)]
struct Slow(Arc<Mutex<Results>>);

impl Backend for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }
    fn draw(&mut self, _: &DrawCall, _: &dyn PhysicalMemory) -> Result<(), BackendError> {
        self.0.lock().unwrap().draws += 1;
        Ok(())
    }
    fn resolve(&mut self, _: &ResolveCall, _: &dyn PhysicalMemory) -> Result<(), BackendError> {
        let mut results = self.0.lock().unwrap();
        results.is_pending = true;
        results.resolves += 1;
        Ok(())
    }
    fn has_pending(&self) -> bool {
        self.0.lock().unwrap().is_pending
    }
    fn begin_delivery(&mut self, _: &dyn PhysicalMemory) -> Option<u64> {
        let mut results = self.0.lock().unwrap();
        results.is_pending = false;
        results.samples.push(0);
        Some(results.samples.len() as u64)
    }
    fn present(&mut self, call: &PresentCall, memory: &dyn PhysicalMemory) -> Option<Frame> {
        let seen = memory.read_u32(FENCE) as u8;
        Some(Frame { width: call.width, height: call.height, rgba: vec![seen] })
    }
    fn present_on_device(
        &mut self,
        _: &PresentCall,
        _: &dyn PhysicalMemory,
    ) -> Option<Arc<dyn DevicePicture>> {
        let results = self.0.lock().unwrap();
        if results.has_pictures { Some(Arc::new(ResolvesBefore(results.resolves))) } else { None }
    }
    fn samples_passed(&mut self) -> Option<u64> {
        Some(self.0.lock().unwrap().draws * 10)
    }
    fn count_samples(&mut self, counts: bool) {
        self.0.lock().unwrap().counts.push(counts);
    }
    fn begin_samples(&mut self) -> Option<u64> {
        let mut results = self.0.lock().unwrap();
        let samples = results.draws * 10;
        results.samples.push(samples);
        Some(results.samples.len() as u64)
    }
    fn poll_result(&mut self, number: u64, _: &dyn PhysicalMemory) -> Option<u64> {
        let results = self.0.lock().unwrap();
        (number <= results.ready).then(|| results.samples[number as usize - 1])
    }
    fn wait_for_result(&mut self, number: u64, _: &dyn PhysicalMemory) -> u64 {
        let mut results = self.0.lock().unwrap();
        results.waits += u64::from(number > results.ready);
        results.samples[number as usize - 1]
    }
}

/// Draws, then reports samples to an address.
fn report(address: u32) -> [u32; 6] {
    let draw = [type3(opcode::DRAW_INDX_2, 1), 4 | 2 << 6 | 3 << 16];
    let to = [type0(rb::RB_SAMPLE_COUNT_ADDR, 1), address];
    [draw[0], draw[1], to[0], to[1], type3(opcode::EVENT_WRITE_ZPD, 1), 0x15]
}

const fn fence(value: u32) -> [u32; 4] {
    [type3(opcode::EVENT_WRITE_SHD, 3), 3, FENCE | 2, value]
}

fn harness() -> (GpuHarness, Arc<Mutex<Results>>) {
    let slow = Slow::default();
    let mut m = GpuHarness::with_backend(Box::new(slow.clone()));
    m.gpu.set_concurrent(true);
    m.gpu.set_queries(QueryReports::Late);
    m.run(&[type3(opcode::IM_LOAD_IMMEDIATE, 3), 0, 1, 1, type3(opcode::IM_LOAD_IMMEDIATE, 3), 1, 1, 1]);
    m.run(&[type0(rb::RbModecontrol::INDEX, 1), 4]);
    (m, slow.0)
}

impl GpuHarness {
    /// Passed samples of a report, and the fence.
    fn found(&self, report: u32) -> (u32, u32) {
        let half = |at: u32| self.memory.read_u32(report + at).swap_bytes();
        (half(16).wrapping_add(half(20)), self.memory.read_u32(FENCE))
    }
}

#[test]
fn effects_wait_in_line_and_arrive_without_packets() {
    let (mut m, results) = harness();
    m.run(
        &[&report(REPORT)[..], &fence(1), &report(REPORT + 32), &[type3(opcode::INTERRUPT, 1), 4]].concat(),
    );
    m.run(&fence(2));
    assert_eq!((results.lock().unwrap().draws, m.found(REPORT)), (2, (0, 0)));
    results.lock().unwrap().ready = 1;
    m.pass(1);
    assert_eq!((m.found(REPORT), m.found(REPORT + 32), m.events.len()), ((10, 1), (0, 1), 0));
    results.lock().unwrap().ready = 2;
    m.pass(1);
    assert_eq!((m.found(REPORT + 32), m.events.len()), ((20, 2), 1));
    m.run(&fence(3));
    assert_eq!((m.found(REPORT), results.lock().unwrap().waits), ((10, 3), 0));
}

#[test]
fn fences_wait_for_texels() {
    let (mut m, results) = harness();
    m.gpu.config.readback = Readback::Lazy;
    m.run(&fence(1));
    let resolve = [type3(opcode::DRAW_INDX_2, 1), 8 | 2 << 6 | 3 << 16];
    m.run(&[&[type0(rb::RbModecontrol::INDEX, 1), 6][..], &resolve, &fence(2), &fence(3)].concat());
    assert_eq!((m.found(REPORT).1, results.lock().unwrap().samples.len()), (1, 1));
    results.lock().unwrap().ready = 1;
    m.pass(1);
    assert_eq!((m.found(REPORT).1, results.lock().unwrap().waits), (3, 0));
}

#[test]
fn a_swap_shows_what_its_packets_left() {
    let (mut m, results) = harness();
    m.run(&[&report(REPORT)[..], &fence(1), &swap_commands([0; 6], 0, 8, 8)].concat());
    m.run(&[&fence(2)[..], &swap_commands([0; 6], 0, 8, 8)].concat());
    assert_eq!((m.gpu.statistics().swaps, m.events.len()), (0, 0));
    results.lock().unwrap().ready = 1;
    m.pass(1);
    let rgba_of = |m: &mut GpuHarness, number| m.gpu.take_frame(number).unwrap().rgba;
    assert_eq!([1, 2].map(|number| rgba_of(&mut m, number)), [[1], [2]]);
    assert_eq!((m.events.len(), results.lock().unwrap().waits), (2, 0));
    // The last one of a trace.
    m.run(&[&report(REPORT)[..], &swap_commands([0; 6], 0, 8, 8)].concat());
    assert_eq!((m.events.len(), m.gpu.finish().len(), m.gpu.finish().len()), (2, 1, 0));
}

#[test]
fn a_late_swap_shows_no_resolves_of_later_packets() {
    let (mut m, results) = harness();
    m.gpu.config.readback = Readback::Lazy;
    results.lock().unwrap().has_pictures = true;
    let resolve =
        [type0(rb::RbModecontrol::INDEX, 1), 6, type3(opcode::DRAW_INDX_2, 1), 8 | 2 << 6 | 3 << 16];
    m.run(&[&resolve[..], &swap_commands([0; 6], 0, 8, 8)].concat());
    m.run(&resolve);
    assert_eq!((m.gpu.statistics().swaps, results.lock().unwrap().resolves), (0, 2));
    results.lock().unwrap().ready = 1;
    m.pass(1);
    assert_eq!(m.gpu.take_frame(1).unwrap().rgba, [1]);
    m.run(&swap_commands([0; 6], 0, 8, 8));
    results.lock().unwrap().ready = 2;
    m.pass(1);
    assert_eq!(m.gpu.take_frame(2).unwrap().rgba, [2]);
}

#[test]
fn packets_and_draws_wait_for_what_they_read() {
    let wait = [type3(opcode::WAIT_REG_MEM, 5), 0x13, FENCE | 2, 1, u32::MAX, 1];
    let list = [type3(opcode::INDIRECT_BUFFER, 2), FENCE, 1];
    let indexed = [type3(opcode::DRAW_INDX, 4), 0, 4 | 3 << 16, FENCE - 2, 3];
    let begins = report(FENCE + 4);
    let reads: [&[u32]; 4] = [&wait, &list, &indexed, &begins];
    for (words, waits) in reads.into_iter().zip([1, 1, 1, 0]) {
        let (mut m, results) = harness();
        m.run(&[&report(REPORT)[..], &fence(1), words].concat());
        assert_eq!(results.lock().unwrap().waits, waits, "{words:x?}");
        assert_eq!(m.found(REPORT).0, 10 * waits as u32);
    }
}

#[test]
fn prefetched_packets_wait_for_a_queued_store_to_them() {
    const AT: u32 = 0x2_0000;
    const INTERRUPT: u32 = type3(opcode::INTERRUPT, 1);
    let (mut m, results) = harness();
    // The store replaces the last packet of its own list.
    let store = [type3(opcode::EVENT_WRITE_SHD, 3), 3, (AT + 4 * 10) | 2, type3(opcode::NOP, 1)];
    let words = [&report(REPORT)[..], &store, &[INTERRUPT, 4]].concat();
    m.list(AT, &words);
    m.run(&[type3(opcode::INDIRECT_BUFFER, 2), AT, words.len() as u32]);
    assert_eq!((results.lock().unwrap().waits, m.gpu.statistics().interrupts), (1, 0));
}

#[test]
fn resolves_wait_for_effects_that_they_overwrite() {
    const VERTICES: u32 = 0x9000;
    /// A texture of 32 by 32 texels of four bytes.
    const BYTES: u32 = 32 * 32 * 4;
    fn field<R: Register>(value: With<R>) -> (u32, u32) {
        (R::INDEX, value.0.raw())
    }
    let resolve = |to: u32| {
        let registers = [
            (rb::RbModecontrol::INDEX, 6),
            field(rb::RbSurfaceInfo::with().surface_pitch(32)),
            field(rb::RbCopyDestInfo::with().copy_dest_format(6)),
            field(rb::RbCopyDestPitch::with().copy_dest_pitch(32).copy_dest_height(32)),
            (rb::RB_COPY_DEST_BASE, to),
            field(pa::PaScWindowScissorBr::with().br_x(32).br_y(32)),
            field(pa::PaScScreenScissorBr::with().br_x(32).br_y(32)),
            (FETCH_CONSTANTS, VERTICES | 3),
            (FETCH_CONSTANTS + 1, 6 << 2 | 2),
        ];
        let set = registers.into_iter().flat_map(|(index, value)| [type0(index, 1), value]);
        set.chain([type3(opcode::DRAW_INDX_2, 1), 8 | 2 << 6 | 3 << 16]).collect::<Vec<u32>>()
    };
    // Behind the report, up to it, over its first bytes, over its last ones, and over the vertices.
    for (to, effect, waits) in [
        (REPORT + 32, REPORT, 0),
        (REPORT - BYTES, REPORT, 0),
        (REPORT - BYTES + 16, REPORT, 1),
        (REPORT + 16, REPORT, 1),
        (0x2_0000, VERTICES, 1),
    ] {
        let (mut m, results) = harness();
        for (corner, at) in [0, 0, 32, 0, 32, 32_u16].into_iter().zip((VERTICES..).step_by(4)) {
            m.memory.write_u32(at, f32::from(corner).to_bits());
        }
        m.run(&[&report(effect)[..], &resolve(to)].concat());
        assert_eq!(results.lock().unwrap().waits, waits, "to {to:#x}");
    }
}

#[test]
fn late_effects_are_waited_for_in_the_end() {
    let (mut m, results) = harness();
    m.run(&report(REPORT));
    for blanks in 0..=MAX_BLANKS {
        assert_eq!(m.found(REPORT).0, 0, "{blanks}");
        let before = m.gpu.statistics().vblanks;
        m.gpu.statistics.vblanks = before + 1;
        m.pass(1);
    }
    assert_eq!((m.found(REPORT).0, results.lock().unwrap().waits), (10, 1));
    // The queue holds no more than its limit.
    let mut words = report(REPORT).to_vec();
    words.extend(std::iter::repeat_n(fence(7), MAX_EFFECTS).flatten());
    m.list(0x2_0000, &words);
    m.run(&[type3(opcode::INDIRECT_BUFFER, 2), 0x2_0000, words.len() as u32]);
    assert_eq!((m.found(REPORT).0, results.lock().unwrap().waits), (20, 2));
}

#[test]
fn lockstep_and_exact_reports_wait_immediately() {
    for (concurrent, queries) in [(false, QueryReports::Late), (true, QueryReports::Exact)] {
        let (mut m, results) = harness();
        m.gpu.set_concurrent(concurrent);
        m.gpu.set_queries(queries);
        m.run(&[&report(REPORT)[..], &fence(1)].concat());
        assert_eq!((m.found(REPORT), results.lock().unwrap().samples.len()), ((10, 1), 0));
    }
    // The end of a run requests all of them.
    let (mut m, _) = harness();
    m.run(&[&report(REPORT)[..], &fence(1)].concat());
    m.gpu.digest(&mut |_| {});
    assert_eq!(m.found(REPORT), (10, 1));
}

#[test]
fn samples_are_wanted_between_the_reports_of_a_query() {
    let (mut m, results) = harness();
    m.list(REPORT + 32, &[0xffff_feed; 8]);
    m.run(&report(REPORT));
    m.run(&report(REPORT + 32));
    // An older library marks only the failed samples.
    m.list(REPORT + 3 * 32 + 8, &[0xffff_feed; 2]);
    m.run(&report(REPORT + 2 * 32));
    m.run(&report(REPORT + 3 * 32));
    // Some mark the first half alone.
    m.list(REPORT + 5 * 32 + 16, &[0xffff_feed]);
    m.run(&report(REPORT + 4 * 32));
    m.run(&report(REPORT + 5 * 32));
    assert_eq!(results.lock().unwrap().counts, [true, false, true, false, true, false]);
}
