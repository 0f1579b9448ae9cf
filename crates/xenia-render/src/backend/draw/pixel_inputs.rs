//! Inputs of a draw's pixel shader.

use xenia_gpu::PhysicalMemory;
use xenia_gpu::draw_state::DrawCall;
use xenia_gpu::reference::alpha_mask::Thresholds;

use super::super::WgpuBackend;
use super::super::shaders::HostShader;
use super::super::state;
use super::Refused;
use super::plan::Plan;
use xenia_shaders::{HostTarget, StageConstants};

impl WgpuBackend {
    /// Sets what a pixel shader reads besides its constants, and finds its bind group.
    pub(super) fn bind_pixel(
        &mut self,
        pixel: &HostShader,
        call: &DrawCall,
        plan: &Plan,
        records: &mut StageConstants,
        memory: &dyn PhysicalMemory,
    ) -> Result<wgpu::BindGroup, Refused> {
        self.send_vertices(call, &pixel.reaches, None, records, memory)?;
        if let Some(test) = call.alpha_test {
            records.set_alpha_test(test);
        }
        if let Some(steps) = call.alpha_to_mask {
            records.set_alpha_to_mask(&plan.place.host_thresholds(Thresholds::new(call.msaa, steps)));
        }
        records.set_pixel(plan.deepest, self.edram.scale().factor());
        for (i, target) in (0..).zip(&call.color) {
            if let Some(target) = target {
                let scale = 2.0_f32.powi(target.exponent_bias);
                let ranges = target.format.range();
                let steps = state::steps(target);
                records.set_target(i, &HostTarget { scale, ranges, steps });
            }
        }
        Ok(self.bind(pixel, call, records, memory))
    }
}
