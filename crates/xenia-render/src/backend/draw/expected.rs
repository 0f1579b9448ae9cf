//! Pipelines of expected draws.

use xenia_gpu::draw_state::DrawCall;
use xenia_gpu::geometry::corner_interpolators;

use super::super::WgpuBackend;
use super::super::primitives;
use super::plan::Plan;

impl WgpuBackend {
    /// Orders the pipelines that a draw would have, if a shader of theirs is new. Draws that the
    /// host can't make, or that would have no effect, have none.
    pub(in super::super) fn order_pipelines(&mut self, call: &DrawCall) {
        // The next draw opens another device.
        if self.device.is_lost() {
            return;
        }
        let is_counting = self.occlusion.is_counting();
        let Ok(Some(plan)) = Plan::new(call, &self.device, self.edram.scale(), is_counting) else { return };
        let is_expanded = primitives::is_expanded(call.primitive);
        let by_cpu = self.reason_for_cpu(call, &plan).is_some();
        let vertex = if by_cpu {
            self.pass_through.shader(corner_interpolators(call) as usize)
        } else {
            Some(call.vertex_shader.clone())
        };
        let Some(vertex) = vertex else { return };
        let mut parts = self.parts(call, &plan, &vertex, is_expanded && !by_cpu);
        let recipe = parts.recipe;
        for time in &*plan.times {
            parts.recipe = recipe.drawing(time.samples);
            self.pipelines.predict(&parts);
        }
    }
}
