//! Draws and resolves: converts registers to a call of the backend.

use std::sync::Arc;

use super::super::{CommandProcessor, cost};
use crate::draw_state::{DrawCall, DrawRequest, DrawStateError, IndexSource, ResolveCall, Scissor};
use crate::enums::{EdramMode, Primitive};
use crate::memory::address_on_bus;
use crate::microcode::ShaderKind;
use crate::registers::{Register, pa, rb, vgt};

impl CommandProcessor {
    /// Draws with an initiator and the words of its index source.
    pub(super) fn draw(&mut self, initiator: u32, source: &[u32]) {
        self.registers.set(vgt::VgtDrawInitiator::INDEX, initiator);
        let initiator = vgt::VgtDrawInitiator(initiator);
        let wide = initiator.index_size() != 0;
        let indices = match (initiator.source_select(), source) {
            (0, &[base, size, ..]) => {
                self.registers.set(vgt::VGT_DMA_BASE, base);
                self.registers.set(vgt::VgtDmaSize::INDEX, size);
                let size = vgt::VgtDmaSize(size);
                IndexSource::Buffer {
                    physical: address_on_bus(base) & if wide { !3 } else { !1 },
                    wide,
                    endian: size.swap_mode(),
                    length: size.num_words(),
                }
            }
            (1, words) => IndexSource::Inline { words: words.into(), wide },
            (2, _) => IndexSource::Counted,
            _ => return self.statistics.count_problem("draw without an index source"),
        };
        if self.registers.read::<rb::RbModecontrol>().edram_mode() == EdramMode::Copy {
            return self.resolve();
        }
        self.queries.drawn();
        let query = self.registers.read::<pa::PaScVizQuery>();
        if query.viz_query_ena() && query.kill_pix_post_hi_z() {
            return; // only a visibility query: nothing may be drawn
        }
        if self.stale.any() {
            // Updated in place, unless a backend still holds a reference.
            Arc::make_mut(&mut self.constants).update(&self.registers, std::mem::take(&mut self.stale));
        }
        let registers = &self.registers;
        let constants = self.constants.clone();
        let request = DrawRequest { initiator, indices };
        let vertex = self.shaders.get(ShaderKind::Vertex);
        let pixel = self.shaders.get(ShaderKind::Pixel);
        match DrawCall::capture(registers, request, vertex, pixel, constants) {
            Ok(call) => {
                let fills = call.primitive == Primitive::RectangleList && self.begins_pass(call.scissor);
                self.cycles += cost::draw(&call, fills);
                self.statistics.draws += 1;
                self.finish_late_for_draw(&call);
                self.edram_changes += 1;
                if let Err(error) = self.backend.draw(&call, &*self.memory) {
                    self.statistics.count_error(&error);
                }
                if call.exports_memory() {
                    self.feed.clear();
                }
            }
            Err(DrawStateError::Mode(EdramMode::Ignore)) => {}
            Err(error) => self.statistics.count_problem(&error.to_string()),
        }
    }

    /// Whether these are the first rectangles of their pass. A pass consists of the draws to the
    /// same targets with the same scissor, until the next resolve.
    fn begins_pass(&mut self, scissor: Scissor) -> bool {
        let pass = cost::pass(&self.registers, scissor);
        std::mem::replace(&mut self.pass, pass) != pass
    }

    fn resolve(&mut self) {
        self.pass = 0;
        let call = ResolveCall::capture(&self.registers);
        self.cycles += cost::resolve(&call);
        self.statistics.resolves += 1;
        self.finish_late_for_resolve(&call);
        self.edram_changes += 1;
        if let Err(error) = self.backend.resolve(&call, &*self.memory) {
            self.statistics.count_error(&error);
        }
        // The resolve has waited for the draws before it, so their errors are known now.
        for error in self.backend.late_errors() {
            self.statistics.count_error(&error);
        }
        self.feed.clear();
    }
}
