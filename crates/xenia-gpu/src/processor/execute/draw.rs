//! Draws and resolves: converts registers to a call of the backend. Invariant: a draw that is left
//! out, as its visibility query found nothing, costs as much time as one that is made.

use std::sync::Arc;

use super::super::{CommandProcessor, cost};
use crate::draw_state::{
    Constants, DrawCall, DrawRequest, DrawStateError, IndexSource, ResolveCall, Scissor,
};
use crate::enums::{EdramMode, Primitive};
use crate::memory::address_on_bus;
use crate::microcode::ShaderKind;
use crate::registers::{Register, pa, rb, vgt};

/// Flag of a draw's token: the draw depends on the visibility query of the token's low six bits.
const CONDITIONAL: u32 = 1 << 8;
/// Token of a draw that depends on nothing.
pub(super) const UNCONDITIONAL: u32 = 0;

impl CommandProcessor {
    /// Draws with a token, an initiator and the words of its index source.
    ///
    /// The token makes the draw depend on a visibility query. Unsure: whether it can make a resolve
    /// depend on one; resolves are always made.
    pub(super) fn draw(&mut self, token: u32, initiator: u32, source: &[u32]) {
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
        self.expected.note_draw(initiator);
        let constants = self.captured_constants();
        let changed = self.registers.take_changed_classes();
        let registers = &self.registers;
        self.register_state.update(registers, changed);
        let request = DrawRequest { initiator, indices };
        let vertex = self.shaders.get(ShaderKind::Vertex);
        let pixel = self.shaders.get(ShaderKind::Pixel);
        match self.register_state.draw_call(registers, request, vertex, pixel, constants) {
            Ok(call) => self.draw_if_visible(token, &call),
            Err(error) => {
                let query = self.registers.read::<pa::PaScVizQuery>();
                if query.viz_query_ena() {
                    // A survey that can't be made counts as visible.
                    self.queries.note_found(query.viz_query_id());
                }
                if error != DrawStateError::Mode(EdramMode::Ignore) {
                    self.statistics.count_problem(&error.to_string());
                }
            }
        }
    }

    /// Shader constants as of now.
    pub(in super::super) fn captured_constants(&mut self) -> Arc<Constants> {
        if self.stale.any() {
            // Updated in place, unless a backend still holds a reference.
            Arc::make_mut(&mut self.constants).update(&self.registers, std::mem::take(&mut self.stale));
        }
        self.constants.clone()
    }

    /// Draws, unless the visibility query of its token has found nothing; or only finds out whether
    /// the draw would be visible. All of these cost the same, as times must not depend on results.
    fn draw_if_visible(&mut self, token: u32, call: &DrawCall) {
        let query = self.registers.read::<pa::PaScVizQuery>();
        let is_surveyed = query.viz_query_ena();
        let is_drawn = !(is_surveyed && query.kill_pix_post_hi_z());
        let fills = is_drawn && call.primitive == Primitive::RectangleList && self.begins_pass(call.scissor);
        self.cycles += cost::draw(call, fills);
        if token & CONDITIONAL != 0 && self.is_hidden(token & 0x3f) {
            self.statistics.hidden_draws += 1;
            return;
        }
        let survey = if is_surveyed { self.queries.survey(query.viz_query_id()) } else { None };
        if let Some(survey) = survey {
            self.statistics.surveys += 1;
            let tests_depth = self.registers.read::<rb::RbHizcontrol>().hi_z_enable();
            if !self.pass_on(&call.surveying(survey, tests_depth)) {
                self.queries.note_found(survey.id);
            }
        }
        if is_drawn {
            self.statistics.draws += 1;
            self.edram_changes += 1;
            self.pass_on(call);
        }
    }

    /// Whether the last survey of a visibility query is known to have found nothing.
    fn is_hidden(&mut self, id: u32) -> bool {
        self.settle_queries(1 << id);
        self.queries.is_hidden(id)
    }

    /// Passes a draw to the backend; returns whether that has taken all of it.
    fn pass_on(&mut self, call: &DrawCall) -> bool {
        self.finish_late_for_draw(call);
        let drawn = self.backend.draw(call, &*self.memory);
        if let Err(error) = &drawn {
            self.statistics.count_error(error);
        }
        if call.exports_memory() {
            self.feed.clear();
        }
        drawn.is_ok()
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
