//! Command recording: one encoder and its open render pass.
//!
//! An encoder with many draws is handed over to be [finished](super::finishing) while the next one
//! records the following draws.

use xenia_gpu::BackendError;

use super::Device;
use super::finishing::Finisher;
use super::mapping::Mapping;
use super::ownership::TargetId;
use super::pass::Pass;
use super::targets::Targets;

/// Draws of an encoder after which it is handed over.
const DRAWS_TOGETHER: u32 = 192;
/// Minimum number of draws of the last encoder before a submission that is handed over: to wake
/// the other thread takes as long as to finish some draws.
const MIN_HANDED_OVER: u32 = 24;

/// Targets of a pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Attachments {
    pub(super) color: [Option<TargetId>; 4],
    pub(super) depth: Option<TargetId>,
}

/// Commands since the last submission.
#[derive(Default)]
pub(super) struct Recording {
    /// Commands that run before all others.
    first: Option<wgpu::CommandEncoder>,
    /// Encoders before the current one.
    handed_over: Finisher,
    /// Whether the last one of these has the commands that run before all others.
    is_first_last: bool,
    encoder: Option<wgpu::CommandEncoder>,
    /// Draws of the current encoder.
    draws: u32,
    pass: Option<(Attachments, Pass)>,
    passes: u64,
}

impl Recording {
    /// Number of passes since the start.
    pub(super) fn passes(&self) -> u64 {
        self.passes
    }

    /// Returns the encoder, after ending the open pass.
    pub(super) fn encoder(&mut self, device: &Device) -> &mut wgpu::CommandEncoder {
        self.pass = None;
        self.encoder.get_or_insert_with(|| device.device.create_command_encoder(&Default::default()))
    }

    /// Encoder of commands that run before all others, and so don't end the open pass.
    pub(super) fn first(&mut self, device: &Device) -> &mut wgpu::CommandEncoder {
        self.first.get_or_insert_with(|| device.device.create_command_encoder(&Default::default()))
    }

    /// Ends the open pass.
    pub(super) fn end_pass(&mut self) {
        self.pass = None;
    }

    /// Collects what the device has executed. While draws are recorded, the next poll has it.
    pub(super) fn poll(&mut self, device: &Device) -> Result<(), BackendError> {
        if self.draws == 0 { self.handed_over.poll(device) } else { self.handed_over.begin_poll(device) }
    }

    /// Waits until a buffer is mapped, or can't be.
    pub(super) fn wait(&self, device: &Device, mapping: &Mapping) -> Result<(), BackendError> {
        mapping.wait_done_by(device, |submission| self.handed_over.wait(device, submission))
    }

    /// Returns a pass on these targets for a draw, with queries of `samples`: the open one if its
    /// targets are the same.
    pub(super) fn pass(
        &mut self,
        device: &Device,
        targets: &Targets,
        attachments: Attachments,
        samples: Option<&wgpu::QuerySet>,
    ) -> &mut Pass {
        if self.pass.as_ref().is_some_and(|(open, _)| *open != attachments) {
            self.pass = None;
        }
        if self.draws >= DRAWS_TOGETHER {
            self.pass = None;
            self.draws = 0;
            if let Some(encoder) = self.encoder.take() {
                self.handed_over.begin(device, encoder);
            }
        }
        self.draws += 1;
        let Self { encoder, pass, passes, .. } = self;
        let (_, pass) = pass.get_or_insert_with(|| {
            *passes += 1;
            let encoder =
                encoder.get_or_insert_with(|| device.device.create_command_encoder(&Default::default()));
            (attachments, Pass::new(begin(encoder, targets, attachments, samples)))
        });
        pass
    }

    /// Ends the recording; true if there are commands to [finish](Self::finish). With many draws
    /// in the last encoder, that and the first one are handed over, too.
    pub(super) fn end(&mut self, device: &Device) -> bool {
        self.pass = None;
        let draws = std::mem::take(&mut self.draws);
        if draws >= MIN_HANDED_OVER
            && let Some(encoder) = self.encoder.take()
        {
            self.handed_over.begin(device, encoder);
            if let Some(first) = self.first.take() {
                self.handed_over.begin(device, first);
                self.is_first_last = true;
            }
        }
        self.first.is_some() || self.encoder.is_some() || !self.handed_over.is_empty()
    }

    /// Finishes the commands for submission, after the [end](Self::end) of the recording.
    pub(super) fn finish(&mut self) -> Vec<wgpu::CommandBuffer> {
        let [first, last] = [self.first.take(), self.encoder.take()];
        let [first, last] = [first, last].map(|encoder| encoder.map(wgpu::CommandEncoder::finish));
        let mut handed_over = self.handed_over.end();
        if std::mem::take(&mut self.is_first_last) && !handed_over.is_empty() {
            // The first encoder was handed over last, but its commands come before the others.
            handed_over.rotate_right(1);
        }
        first.into_iter().chain(handed_over).chain(last).collect()
    }
}

fn begin(
    encoder: &mut wgpu::CommandEncoder,
    targets: &Targets,
    attachments: Attachments,
    occlusion_query_set: Option<&wgpu::QuerySet>,
) -> wgpu::RenderPass<'static> {
    let keep = || wgpu::StoreOp::Store;
    // Gaps between targets stay, as the shader's outputs are numbered.
    let count = attachments.color.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
    let color: Vec<_> = attachments.color[..count]
        .iter()
        .map(|target| {
            target.map(|target| wgpu::RenderPassColorAttachment {
                view: &targets.get(target).view,
                depth_slice: None,
                resolve_target: None,
                ops: wgpu::Operations { load: wgpu::LoadOp::Load, store: keep() },
            })
        })
        .collect();
    let depth_stencil_attachment = attachments.depth.map(|target| wgpu::RenderPassDepthStencilAttachment {
        view: &targets.get(target).view,
        depth_ops: Some(wgpu::Operations { load: wgpu::LoadOp::Load, store: keep() }),
        stencil_ops: Some(wgpu::Operations { load: wgpu::LoadOp::Load, store: keep() }),
    });
    encoder
        .begin_render_pass(&wgpu::RenderPassDescriptor {
            label: None,
            color_attachments: &color,
            depth_stencil_attachment,
            occlusion_query_set,
            ..Default::default()
        })
        .forget_lifetime()
}
