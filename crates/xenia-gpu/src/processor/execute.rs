//! What each packet does.

use std::sync::Arc;

use super::{CommandProcessor, Flip, GpuEvent, MAX_DEPTH, MAX_SHADERS, cost, stream::List};
use crate::draw_state::{Constants, CopyCall, DrawCall, DrawRequest, DrawStateError, IndexSource};
use crate::enums::EdramMode;
use crate::memory::{Endian, PHYSICAL_SIZE};
use crate::microcode::{Shader, ShaderKind};
use crate::packets::{Packets, SWAP_SIGNATURE};
use crate::registers::{self, Register, cp, dc, pa, rb, vgt};

/// `VGT_EVENT_INITIATOR`: the last pipeline event.
const EVENT_INITIATOR: u32 = vgt::VGT_EVENT_INITIATOR;
/// What software stores (in this order of bytes) where it waits for an occlusion query's result.
const QUERY_PENDING: u32 = 0xffff_feed;
/// Samples reported by a query when the backend counts none.
const ASSUMED_SAMPLES: u64 = 1000;
/// A screen extent that covers everything: 8192 in units of eight pixels.
const FULL_EXTENT: [u16; 6] = [0, 8192 >> 3, 0, 8192 >> 3, 0, 1];

/// The first register that the offset/type word of `SET_CONSTANT` and `LOAD_ALU_CONSTANT` means.
pub const fn constant_base(word: u32) -> Option<u32> {
    let base = match (word >> 16) & 0xff {
        0 => registers::FLOAT_CONSTANTS,
        1 => registers::FETCH_CONSTANTS,
        2 => registers::BOOL_CONSTANTS,
        3 => registers::LOOP_CONSTANTS,
        4 => registers::CONTEXT,
        _ => return None,
    };
    Some(base + (word & 0x7ff))
}

/// A comparison with a register or a word of memory: the first words of `WAIT_REG_MEM` and
/// `COND_WRITE`.
#[derive(Clone, Copy)]
pub(super) struct Wait {
    info: u32,
    address: u32,
    reference: u32,
    mask: u32,
}

impl Wait {
    pub(super) fn new(body: &[u32]) -> Self {
        Self { info: body[0], address: body[1], reference: body[2], mask: body[3] }
    }

    /// What [`Wait::new`] takes.
    pub(super) fn words(self) -> [u32; 4] {
        [self.info, self.address, self.reference, self.mask]
    }

    fn is_memory(self) -> bool {
        self.info & 0x10 != 0
    }

    /// Whether it is the display's line counter that is waited for.
    pub(super) fn on_line_counter(self) -> bool {
        !self.is_memory() && self.address == dc::D1MODE_V_COUNTER
    }

    fn holds(self, value: u32) -> bool {
        let (value, reference) = (value & self.mask, self.reference);
        match self.info & 7 {
            0 => false,
            1 => value < reference,
            2 => value <= reference,
            3 => value == reference,
            4 => value != reference,
            5 => value >= reference,
            6 => value > reference,
            _ => true,
        }
    }
}

impl CommandProcessor {
    /// Stores a register with everything that hangs on it.
    pub(super) fn write_register(&mut self, index: u32, value: u32) {
        self.registers.set(index, value);
        match index {
            0x0578..=0x057f => {
                let scratch = index - 0x0578;
                if self.registers.get(cp::SCRATCH_UMSK) >> scratch & 1 != 0 {
                    let address = self.registers.get(cp::SCRATCH_ADDR).wrapping_add(scratch * 4);
                    self.memory.write_u32(address & (PHYSICAL_SIZE - 1) & !3, value);
                }
            }
            cp::CoherStatusHost::INDEX => self.registers.set(index, value | 1 << 31),
            0x1922..=0x1925 => self.display.gamma_written(&mut self.registers, index, value),
            0x2307 | 0x2308 | registers::FLOAT_CONSTANTS.. => self.constants = None,
            _ => {}
        }
    }

    fn write_registers(&mut self, first: u32, values: &[u32]) {
        for (i, &value) in values.iter().enumerate() {
            self.write_register(first.wrapping_add(i as u32), value);
        }
    }

    /// The value a comparison looks at, at guest time `now`.
    fn polled(&mut self, wait: Wait, now: u64) -> u32 {
        if wait.is_memory() {
            return self.read_memory(wait.address);
        }
        match wait.address {
            // A flush is done as soon as it is looked at: nothing is cached between packets.
            cp::CoherStatusHost::INDEX => {
                let value = self.registers.get(wait.address) & !(1 << 31);
                self.registers.set(wait.address, value);
                value
            }
            dc::D1MODE_V_COUNTER => {
                self.display.refresh(&mut self.registers, now);
                self.registers.get(wait.address)
            }
            index => self.registers.get(index),
        }
    }

    /// Shows the front buffer that was waiting for the blank at `now`, and reads on.
    pub(super) fn finish_flip(&mut self, now: u64) {
        if let Some(Flip { physical, width, height }) = self.flip.take() {
            self.cycles = self.cycles.max(cost::cycles_at(now));
            self.swap(physical, width, height);
        }
    }

    /// Looks again at what is waited for.
    pub(super) fn poll(&mut self, now: u64) {
        if let Some(wait) = self.waiting {
            let value = self.polled(wait, now);
            if wait.holds(value) {
                self.waiting = None;
                self.cycles = self.cycles.max(cost::cycles_at(now));
            }
        }
    }

    /// A packet's memory address: the low two bits say how bytes are exchanged.
    fn read_memory(&self, address: u32) -> u32 {
        let raw = self.memory.read_u32(address & (PHYSICAL_SIZE - 1) & !3).swap_bytes();
        Endian::from_bits(address).swap(raw)
    }

    fn write_memory(&mut self, address: u32, value: u32) {
        let raw = Endian::from_bits(address).swap(value);
        self.memory.write(address & (PHYSICAL_SIZE - 1) & !3, &raw.to_le_bytes());
    }

    fn unsupported(&mut self, name: &'static str) {
        *self.statistics.unsupported.entry(name).or_insert_with(|| {
            tracing::warn!(target: "gpu", name, "packet not carried out");
            0
        }) += 1;
    }

    fn event(&mut self, initiator: u32) {
        self.registers.set(EVENT_INITIATOR, initiator & 0x3f);
    }

    fn load_shader(&mut self, kind: u32, words: &[u32]) {
        let kind = match kind & 3 {
            0 => ShaderKind::Vertex,
            1 => ShaderKind::Pixel,
            _ => return self.statistics.count_problem("shader of an unknown kind loaded"),
        };
        if self.shaders.len() >= MAX_SHADERS {
            self.shaders.clear();
        }
        let key = (kind, Shader::digest(kind, words));
        let shader = match self.shaders.get(&key) {
            Some(kept) if *kept.words == *words => kept.clone(),
            _ => {
                let shader = Arc::new(Shader::new(kind, words));
                self.shaders.insert(key, shader.clone());
                shader
            }
        };
        match kind {
            ShaderKind::Vertex => self.vertex_shader = Some(shader),
            ShaderKind::Pixel => self.pixel_shader = Some(shader),
        }
    }

    fn run_list(&mut self, body: &[u32]) {
        let length = body[1] & 0xf_ffff;
        if length == 0 {
            return;
        }
        if self.lists.len() >= MAX_DEPTH {
            self.statistics.count_problem("indirect buffers nested too deeply");
            return;
        }
        self.lists.push(List { base: body[0] & (PHYSICAL_SIZE - 1) & !3, next: 0, end: length });
    }

    fn draw(&mut self, body: &[u32]) {
        let initiator = vgt::VgtDrawInitiator(body[0]);
        self.registers.set(vgt::VgtDrawInitiator::INDEX, body[0]);
        let wide = initiator.index_size() != 0;
        let indices = match (initiator.source_select(), &body[1..]) {
            (0, &[base, size, ..]) => {
                self.registers.set(vgt::VGT_DMA_BASE, base);
                self.registers.set(vgt::VgtDmaSize::INDEX, size);
                let size = vgt::VgtDmaSize(size);
                IndexSource::Buffer {
                    physical: base & (PHYSICAL_SIZE - 1) & if wide { !3 } else { !1 },
                    wide,
                    endian: Endian::from_bits(size.swap_mode()),
                    length: size.num_words(),
                }
            }
            (1, words) => IndexSource::Inline { words: words.into(), wide },
            (2, _) => IndexSource::Counted,
            _ => return self.statistics.count_problem("draw without an index source"),
        };
        if EdramMode::from_bits(self.registers.read::<rb::RbModecontrol>().edram_mode()) == EdramMode::Copy {
            let call = CopyCall::capture(&self.registers);
            self.cycles += cost::copy(&call);
            self.statistics.copies += 1;
            if let Err(error) = self.backend.copy(&call, &*self.memory) {
                self.statistics.count_problem(&error.to_string());
            }
            return;
        }
        let query = self.registers.read::<pa::PaScVizQuery>();
        if query.viz_query_ena() && query.kill_pix_post_hi_z() {
            return; // only a visibility query: nothing may be drawn
        }
        let registers = &self.registers;
        let constants = self.constants.get_or_insert_with(|| Arc::new(Constants::capture(registers))).clone();
        let request = DrawRequest { initiator, indices };
        let (vertex, pixel) = (self.vertex_shader.as_ref(), self.pixel_shader.as_ref());
        match DrawCall::capture(registers, request, vertex, pixel, constants) {
            Ok(call) => {
                self.cycles += cost::draw(&call);
                self.statistics.draws += 1;
                if let Err(error) = self.backend.draw(&call, &*self.memory) {
                    self.statistics.count_problem(&error.to_string());
                }
            }
            Err(DrawStateError::Mode(EdramMode::Ignore)) => {}
            Err(error) => self.statistics.count_problem(&error.to_string()),
        }
    }

    fn write_sample_counts(&mut self) {
        // Eight little-endian words: total, depth failed, depth passed, stencil failed, each in two halves.
        let address = self.registers.get(rb::RB_SAMPLE_COUNT_ADDR) & (PHYSICAL_SIZE - 1) & !3;
        let mut counts = [0; 8];
        self.memory.read_words(address, &mut counts);
        let passed = self.backend.samples_passed();
        let ends = counts[4..6] == [QUERY_PENDING; 2] || counts[2..4] == [QUERY_PENDING; 2];
        counts.fill(0);
        if ends {
            let count = passed.map_or(ASSUMED_SAMPLES, |total| total.wrapping_sub(self.query_start));
            let count = u32::try_from(count).unwrap_or(u32::MAX).swap_bytes();
            counts[0] = count;
            counts[4] = count;
        } else {
            self.query_start = passed.unwrap_or(0);
        }
        let bytes: Vec<u8> = counts.iter().flat_map(|word| word.to_be_bytes()).collect();
        self.memory.write(address, &bytes);
    }
}

macro_rules! unsupported {
    ($($method:ident $name:literal;)*) => {
        $(fn $method(&mut self, _: &[u32]) { self.unsupported($name); })*
    };
}

impl Packets for CommandProcessor {
    type Output = ();

    fn unknown(&mut self, opcode: u8, _: &[u32]) {
        *self.statistics.unknown.entry(opcode).or_default() += 1;
    }

    fn too_short(&mut self, name: &'static str, _: &[u32]) {
        self.statistics.count_problem(&format!("{name} with too few words"));
    }

    fn nop(&mut self, _: &[u32]) {}

    // Its words configure the micro engine, which is not modelled.
    fn me_init(&mut self, _: &[u32]) {}

    // Packets are carried out one after the other, so the pipeline is always idle in between.
    fn wait_for_idle(&mut self, _: &[u32]) {}

    fn context_update(&mut self, _: &[u32]) {}

    // Nothing is cached beyond what memory and registers hold.
    fn invalidate_state(&mut self, _: &[u32]) {}

    fn wait_until_read(&mut self, _: &[u32]) {}

    fn wait_ib_pfd_complete(&mut self, _: &[u32]) {}

    fn interrupt(&mut self, body: &[u32]) {
        let cpu_mask = body[0] & 0x3f;
        if cpu_mask != 0 {
            self.statistics.interrupts += 1;
            self.events.push(GpuEvent::Interrupt { cpu_mask, source: 1 });
        }
    }

    fn xe_swap(&mut self, body: &[u32]) {
        if body[0] == SWAP_SIGNATURE {
            self.flip = Some(Flip { physical: body[1], width: body[2], height: body[3] });
            // Without blanks there is nothing to wait for.
            if self.display.next_vblank().is_none() {
                self.finish_flip(0);
            }
        } else {
            self.statistics.count_problem("XE_SWAP without its signature");
        }
    }

    fn indirect_buffer(&mut self, body: &[u32]) {
        self.run_list(body);
    }

    fn indirect_buffer_pfd(&mut self, body: &[u32]) {
        self.run_list(body);
    }

    fn wait_reg_mem(&mut self, body: &[u32]) {
        let wait = Wait::new(body);
        let value = self.polled(wait, cost::ticks(self.cycles));
        if !wait.holds(value) {
            self.waiting = Some(wait);
        }
    }

    fn cond_write(&mut self, body: &[u32]) {
        let condition = Wait::new(body);
        let value = self.polled(condition, cost::ticks(self.cycles));
        if condition.holds(value) {
            if condition.info & 0x100 != 0 {
                self.write_memory(body[4], body[5]);
            } else {
                self.write_register(body[4], body[5]);
            }
        }
    }

    fn reg_rmw(&mut self, body: &[u32]) {
        let register = body[0] & 0x1fff;
        let operand = |is_register: u32, value: u32| {
            if is_register & 1 != 0 { self.registers.get(value & 0x1fff) } else { value }
        };
        let value =
            self.registers.get(register) & operand(body[0] >> 31, body[1]) | operand(body[0] >> 30, body[2]);
        self.write_register(register, value);
    }

    fn reg_to_mem(&mut self, body: &[u32]) {
        let value = self.registers.get(body[0]);
        self.write_memory(body[1], value);
    }

    fn mem_write(&mut self, body: &[u32]) {
        for (i, &value) in body[1..].iter().enumerate() {
            self.write_memory(body[0].wrapping_add(i as u32 * 4), value);
        }
    }

    fn event_write(&mut self, body: &[u32]) {
        self.event(body[0]);
        if body.len() > 1 {
            self.statistics.count_problem("EVENT_WRITE that writes");
        }
    }

    fn event_write_shd(&mut self, body: &[u32]) {
        self.event(body[0]);
        let value = if body[0] >> 31 != 0 { self.counter } else { body[2] };
        let mut address = body[1];
        // Above physical memory lies the write-back window, where software set one up.
        let (base, size) = (self.registers.get(cp::WRITEBACK_BASE), self.registers.get(cp::WRITEBACK_SIZE));
        if address >= PHYSICAL_SIZE && base != 0 && (address & !3).wrapping_sub(base) < size {
            address = address.wrapping_sub(base);
        }
        self.write_memory(address, value);
    }

    fn event_write_ext(&mut self, body: &[u32]) {
        self.event(body[0]);
        // What was really touched is not known here; the whole surface is always a correct answer.
        let bytes: Vec<u8> = FULL_EXTENT.iter().flat_map(|extent| extent.to_be_bytes()).collect();
        self.memory.write(body[1] & (PHYSICAL_SIZE - 1) & !3, &bytes);
    }

    fn event_write_zpd(&mut self, body: &[u32]) {
        self.event(body[0]);
        self.write_sample_counts();
    }

    fn viz_query(&mut self, body: &[u32]) {
        let (id, end) = (body[0] & 0x3f, body[0] & 0x100 != 0);
        self.event(if end { 8 } else { 7 });
        if end {
            // Nothing is culled before the pixel stage, so everything counts as visible.
            let status = if id < 32 { pa::PA_SC_VIZ_QUERY_STATUS_0 } else { pa::PA_SC_VIZ_QUERY_STATUS_1 };
            let value = self.registers.get(status) | 1 << (id & 31);
            self.registers.set(status, value);
        }
    }

    fn draw_indx(&mut self, body: &[u32]) {
        self.draw(&body[1..]);
    }

    fn draw_indx_2(&mut self, body: &[u32]) {
        self.draw(body);
    }

    fn set_constant(&mut self, body: &[u32]) {
        match constant_base(body[0]) {
            Some(first) => self.write_registers(first, &body[1..]),
            None => self.statistics.count_problem("SET_CONSTANT of an unknown kind"),
        }
    }

    fn set_constant2(&mut self, body: &[u32]) {
        self.write_registers(body[0] & 0xffff, &body[1..]);
    }

    fn set_shader_constants(&mut self, body: &[u32]) {
        self.write_registers(body[0] & 0xffff, &body[1..]);
    }

    fn load_alu_constant(&mut self, body: &[u32]) {
        let Some(first) = constant_base(body[1]) else {
            return self.statistics.count_problem("LOAD_ALU_CONSTANT of an unknown kind");
        };
        let mut values = vec![0; (body[2] & 0xfff) as usize];
        self.memory.read_words(body[0] & (PHYSICAL_SIZE - 1) & !3, &mut values);
        self.cycles += cost::words(values.len() as u64);
        self.write_registers(first, &values);
    }

    fn im_load(&mut self, body: &[u32]) {
        let mut words = vec![0; (body[1] & 0xffff) as usize];
        self.memory.read_words(body[0] & (PHYSICAL_SIZE - 1) & !3, &mut words);
        self.cycles += cost::words(words.len() as u64);
        self.load_shader(body[0], &words);
    }

    fn im_load_immediate(&mut self, body: &[u32]) {
        match body.get(2..2 + (body[1] & 0xffff) as usize) {
            Some(words) => self.load_shader(body[0], words),
            None => self.statistics.count_problem("IM_LOAD_IMMEDIATE with too few words"),
        }
    }

    fn set_bin_mask(&mut self, body: &[u32]) {
        self.bin_mask = (body[0] as u64) << 32 | body[1] as u64;
    }

    fn set_bin_select(&mut self, body: &[u32]) {
        self.bin_select = (body[0] as u64) << 32 | body[1] as u64;
    }

    fn set_bin_mask_lo(&mut self, body: &[u32]) {
        self.bin_mask = self.bin_mask & !0xffff_ffff | body[0] as u64;
    }

    fn set_bin_mask_hi(&mut self, body: &[u32]) {
        self.bin_mask = self.bin_mask & 0xffff_ffff | (body[0] as u64) << 32;
    }

    fn set_bin_select_lo(&mut self, body: &[u32]) {
        self.bin_select = self.bin_select & !0xffff_ffff | body[0] as u64;
    }

    fn set_bin_select_hi(&mut self, body: &[u32]) {
        self.bin_select = self.bin_select & 0xffff_ffff | (body[0] as u64) << 32;
    }

    unsupported! {
        set_state "SET_STATE";
        im_store "IM_STORE";
        load_constant_context "LOAD_CONSTANT_CONTEXT";
        draw_indx_bin "DRAW_INDX_BIN";
        draw_indx_2_bin "DRAW_INDX_2_BIN";
        cond_exec "COND_EXEC";
        set_shader_bases "SET_SHADER_BASES";
        set_bin_base_offset "SET_BIN_BASE_OFFSET";
        mem_write_cntr "MEM_WRITE_CNTR";
        wait_reg_eq "WAIT_REG_EQ";
        wait_reg_gte "WAIT_REG_GTE";
        event_write_cfl "EVENT_WRITE_CFL";
    }
}
