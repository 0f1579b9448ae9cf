//! Expected draws: a backend is notified of the first draw of a new shader before that draw.
//!
//! Titles load shaders, set state, then draw. The registers describe the expected draw after the
//! first packet that follows the loads: vertex and pixel shaders are mostly loaded together.

use super::CommandProcessor;
use super::shaders::Loaded;
use crate::draw_state::{DrawCall, DrawRequest, IndexSource};
use crate::microcode::ShaderKind;
use crate::packets::{Header, opcode};
use crate::registers::vgt::VgtDrawInitiator;

/// Whether a current shader is new, and if so, whether the backend was notified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum News {
    /// Each shader was loaded before, or has drawn.
    #[default]
    None,
    /// One is new.
    Pending,
    /// One is new, and the backend was notified.
    Notified,
}

/// State of the expectation.
#[derive(Default)]
pub(super) struct ExpectedDraw {
    news: News,
    /// Initiator of the last draw: the next one probably has the same primitives.
    initiator: VgtDrawInitiator,
}

impl ExpectedDraw {
    /// Notes a load. A new shader may be loaded before its known companion.
    pub(super) fn note_load(&mut self, loaded: Loaded) {
        self.news = match (loaded, self.news) {
            (Loaded::New, _) | (Loaded::Known, News::Notified) => News::Pending,
            (_, news) => news,
        };
    }

    /// Notes a draw.
    pub(super) fn note_draw(&mut self, initiator: VgtDrawInitiator) {
        *self = Self { news: News::None, initiator };
    }

    /// Whether the backend should be notified now, after a packet with this header.
    pub(super) fn is_due(&self, header: Header) -> bool {
        let is_load =
            matches!(header, Header::Command { opcode: opcode::IM_LOAD | opcode::IM_LOAD_IMMEDIATE, .. });
        self.news == News::Pending && !is_load
    }
}

impl CommandProcessor {
    /// Passes the draw that the registers describe to the backend.
    pub(super) fn expect_draw(&mut self) {
        self.expected.news = News::Notified;
        let constants = self.captured_constants();
        let request = DrawRequest { initiator: self.expected.initiator, indices: IndexSource::Counted };
        let vertex = self.shaders.get(ShaderKind::Vertex);
        let pixel = self.shaders.get(ShaderKind::Pixel);
        // The registers may describe no draw, as between a resolve and the next draw.
        let Ok(mut call) = DrawCall::capture(&self.registers, request, vertex, pixel, constants) else {
            return;
        };
        // The register with their number may still be the last shader's.
        call.interpolators = call.vertex_shader.program.exported_interpolators().max(1);
        self.backend.expect_draw(&call);
    }
}
