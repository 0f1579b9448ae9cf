//! Execution of packets: one method per packet row.
//!
//! Short packets are implemented here, the others in a file by subject. Semantics follow public
//! sources where these agree; a packet they don't describe is counted and logged by name.

mod draw;
mod events;
mod memory;
mod registers;
mod shaders;
mod wait;

pub(super) use wait::Wait;

use super::bins::{halves, with_high, with_low};
use super::deferred_effects::Effect;
use super::{CommandProcessor, Flip, cost};
use crate::packets::{Packets, SWAP_SIGNATURE, constant_base};
use draw::UNCONDITIONAL;
use wait::{AT_LEAST, EQUAL};

impl CommandProcessor {
    /// Shows the front buffer that waited for the vertical blank at `now`, and resumes reading.
    pub(super) fn finish_flip(&mut self, now: u64) {
        if let Some(Flip { physical, width, height }) = self.flip.take() {
            self.cycles = self.cycles.max(cost::cycles_at(now));
            self.swap(physical, width, height);
        }
    }

    fn unsupported(&mut self, name: &'static str) {
        *self.statistics.unsupported.entry(name).or_insert_with(|| {
            tracing::warn!(target: "gpu", name, "packet not implemented");
            0
        }) += 1;
    }

    fn run_list(&mut self, body: &[u32]) {
        if !self.feed.call(body[0], body[1] & 0xf_ffff) {
            self.statistics.count_problem("indirect buffers nested too deeply");
        }
    }
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

    // The body configures the micro engine, which is not modelled.
    fn me_init(&mut self, _: &[u32]) {}

    // Packets execute one after the other, so the pipeline is always idle in between.
    fn wait_for_idle(&mut self, _: &[u32]) {}

    fn context_update(&mut self, _: &[u32]) {}

    // No state is cached besides memory and registers.
    fn invalidate_state(&mut self, _: &[u32]) {}

    fn wait_until_read(&mut self, _: &[u32]) {}

    fn wait_ib_pfd_complete(&mut self, _: &[u32]) {}

    // The layout is undocumented, beyond "fetch state sub-blocks and start shader code loads".
    fn set_state(&mut self, _: &[u32]) {
        self.unsupported("SET_STATE");
    }

    fn interrupt(&mut self, body: &[u32]) {
        let cpu_mask = body[0] & 0x3f;
        if cpu_mask != 0 {
            self.statistics.interrupts += 1;
            self.signal();
            self.effect(Effect::Interrupt { cpu_mask });
        }
    }

    fn xe_swap(&mut self, body: &[u32]) {
        if body[0] == SWAP_SIGNATURE {
            self.flip = Some(Flip { physical: body[1], width: body[2], height: body[3] });
            // Without vertical blanks the swap would wait forever.
            if self.display.next_vblank().is_none() {
                self.finish_flip(0);
            } else if let Some(blank) = self.missed_blank() {
                self.finish_flip(blank);
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
        self.wait_for(Wait::new(body));
    }

    fn wait_reg_eq(&mut self, body: &[u32]) {
        self.wait_for_register(body, EQUAL);
    }

    fn wait_reg_gte(&mut self, body: &[u32]) {
        self.wait_for_register(body, AT_LEAST);
    }

    fn cond_exec(&mut self, body: &[u32]) {
        self.skip_unless(body);
    }

    fn cond_write(&mut self, body: &[u32]) {
        if self.holds_now(Wait::new(body)) {
            if body[0] & 0x100 != 0 {
                self.write_memory(body[4], body[5]);
            } else {
                self.write_register(body[4], body[5]);
            }
        }
    }

    fn reg_rmw(&mut self, body: &[u32]) {
        self.change_register(body);
    }

    fn reg_to_mem(&mut self, body: &[u32]) {
        self.store_registers(body);
    }

    fn mem_write(&mut self, body: &[u32]) {
        self.write_words(body[0], body[1..].iter().copied());
    }

    // Unsure: what the chip's counter counts. It is taken to be the one that fences can write.
    fn mem_write_cntr(&mut self, body: &[u32]) {
        self.write_memory(body[0], self.counter);
    }

    fn event_write(&mut self, body: &[u32]) {
        self.event_with_fence(body);
    }

    fn event_write_cfl(&mut self, body: &[u32]) {
        // Titles run if this does the same as `EVENT_WRITE_SHD` (xenia #2056). Unsure: whether bit
        // 31 selects the counter here, too.
        match body {
            [initiator, _, _, ..] if initiator >> 31 != 0 => self.event_write_shd(body),
            _ => self.event_with_fence(body),
        }
    }

    fn event_write_shd(&mut self, body: &[u32]) {
        self.event(body[0]);
        self.fence(body[1], if body[0] >> 31 != 0 { self.counter } else { body[2] });
    }

    fn event_write_ext(&mut self, body: &[u32]) {
        self.event(body[0]);
        self.write_extent(body[1]);
    }

    fn event_write_zpd(&mut self, body: &[u32]) {
        self.event(body[0]);
        self.write_sample_counts();
    }

    fn viz_query(&mut self, body: &[u32]) {
        self.visibility_query(body);
    }

    fn draw_indx(&mut self, body: &[u32]) {
        self.draw(body[0], body[1], &body[2..]);
    }

    fn draw_indx_2(&mut self, body: &[u32]) {
        self.draw(UNCONDITIONAL, body[0], &body[1..]);
    }

    // The stream of bin ids (base and size, after the initiator) lists the bins that each primitive
    // touches, so that the chip can skip primitives. Here all are drawn, and the scissor limits
    // them to the bin.
    fn draw_indx_bin(&mut self, body: &[u32]) {
        self.draw(body[0], body[1], &body[4..]);
    }

    fn draw_indx_2_bin(&mut self, body: &[u32]) {
        self.draw(UNCONDITIONAL, body[0], &body[3..]);
    }

    // The offset applies to the streams of bin ids, which are not read.
    fn set_bin_base_offset(&mut self, _: &[u32]) {}

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
        match constant_base(body[1]) {
            Some(first) => self.load_registers(first, body[0], body[2] & 0xfff),
            None => self.statistics.count_problem("LOAD_ALU_CONSTANT of an unknown kind"),
        }
    }

    fn load_constant_context(&mut self, body: &[u32]) {
        self.load_context(body);
    }

    fn im_load(&mut self, body: &[u32]) {
        self.load_shader_from_memory(body);
    }

    fn im_load_immediate(&mut self, body: &[u32]) {
        self.load_shader_from_body(body);
    }

    fn im_store(&mut self, body: &[u32]) {
        self.store_shader(body);
    }

    fn set_shader_bases(&mut self, body: &[u32]) {
        self.set_bases(body[0]);
    }

    fn set_bin_mask(&mut self, body: &[u32]) {
        self.bins.mask = halves(body[0], body[1]);
    }

    fn set_bin_select(&mut self, body: &[u32]) {
        self.bins.select = halves(body[0], body[1]);
    }

    fn set_bin_mask_lo(&mut self, body: &[u32]) {
        self.bins.mask = with_low(self.bins.mask, body[0]);
    }

    fn set_bin_mask_hi(&mut self, body: &[u32]) {
        self.bins.mask = with_high(self.bins.mask, body[0]);
    }

    fn set_bin_select_lo(&mut self, body: &[u32]) {
        self.bins.select = with_low(self.bins.select, body[0]);
    }

    fn set_bin_select_hi(&mut self, body: &[u32]) {
        self.bins.select = with_high(self.bins.select, body[0]);
    }
}
