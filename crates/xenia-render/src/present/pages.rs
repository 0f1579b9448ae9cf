//! Draws the pages of the user interface, and text, over the picture.

use crate::backend::Device;
use egui_wgpu::{Renderer, RendererOptions, ScreenDescriptor};
use egui_winit::egui::epaint::ClippedPrimitive;
use egui_winit::egui::{Context, FullOutput, TexturesDelta};
use xenia_gpu::PixelSize;

/// Shapes of a page, ready to be drawn.
pub(crate) struct PageShapes {
    jobs: Vec<ClippedPrimitive>,
    textures: TexturesDelta,
    points: f32,
}

impl PageShapes {
    /// Takes the shapes of a pass.
    pub(crate) fn new(context: &Context, output: FullOutput) -> Self {
        Self {
            jobs: context.tessellate(output.shapes, output.pixels_per_point),
            textures: output.textures_delta,
            points: output.pixels_per_point,
        }
    }
}

impl Drop for PageShapes {
    fn drop(&mut self) {
        // egui asserts that no delta is dropped unapplied; the renderer frees the textures.
        self.textures.clear();
    }
}

/// Pipeline and textures of the pages.
pub(super) struct Pages {
    renderer: Renderer,
    shapes: PageShapes,
    screen: ScreenDescriptor,
}

impl Pages {
    /// Creates the pipeline for a surface of `format`, with these shapes.
    pub(super) fn new(device: &wgpu::Device, format: wgpu::TextureFormat, shapes: PageShapes) -> Self {
        let screen = ScreenDescriptor { size_in_pixels: [0, 0], pixels_per_point: shapes.points };
        Self { renderer: Renderer::new(device, format, RendererOptions::default()), shapes, screen }
    }

    /// Replaces the shapes by newer ones.
    pub(super) fn replace(&mut self, shapes: PageShapes) {
        for id in self.shapes.textures.free.drain() {
            self.renderer.free_texture(&id);
        }
        self.shapes = shapes;
    }

    /// Uploads textures of the newest shapes, which later ones may refer to, too.
    pub(super) fn upload(&mut self, device: &wgpu::Device, queue: &wgpu::Queue) {
        for (id, deltas) in self.shapes.textures.set.drain() {
            for delta in &deltas {
                self.renderer.update_texture(device, queue, id, delta);
            }
        }
    }

    /// Prepares the shapes for [`Self::paint`], before the pass that draws them.
    pub(super) fn prepare(&mut self, device: &Device, encoder: &mut wgpu::CommandEncoder, size: PixelSize) {
        self.screen = ScreenDescriptor {
            size_in_pixels: [size.width, size.height],
            pixels_per_point: self.shapes.points,
        };
        self.renderer.update_buffers(&device.device, &device.queue, encoder, &self.shapes.jobs, &self.screen);
    }

    /// Draws the shapes.
    pub(super) fn paint(&self, pass: &mut wgpu::RenderPass<'static>) {
        self.renderer.render(pass, &self.shapes.jobs, &self.screen);
    }
}
