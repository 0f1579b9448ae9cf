//! Texture and sampler bindings of a shader.

use naga::{GlobalVariable, Handle, ResourceBinding, TypeInner};
use xenia_gpu::microcode::TextureFetch;

use super::super::builder::Value;
use super::super::interface::{SamplerSlot, TEXTURE_BINDING, TextureShape, TextureSlot};
use super::super::{Translator, types};

impl Translator<'_> {
    fn next_binding(&self) -> u32 {
        TEXTURE_BINDING + (self.interface.textures.len() + self.interface.samplers.len()) as u32
    }

    fn handle(&mut self, name: String, inner: Handle<naga::Type>, binding: u32) -> Handle<GlobalVariable> {
        let binding = ResourceBinding { group: self.interface.group, binding };
        self.resource(name, inner, binding, naga::AddressSpace::Handle)
    }

    pub(super) fn texture(&mut self, constant: u8, shape: TextureShape) -> Value {
        let wanted = |slot: &TextureSlot| slot.constant == constant && slot.shape == shape;
        let index = self.interface.textures.iter().position(wanted).unwrap_or_else(|| {
            let binding = self.next_binding();
            let ty = types::texture(&mut self.module, shape);
            let global = self.handle(format!("texture_{constant}_{shape:?}").to_lowercase(), ty, binding);
            self.interface.textures.push(TextureSlot { constant, shape, binding });
            self.textures.push(global);
            self.textures.len() - 1
        });
        self.b.global(self.textures[index])
    }

    pub(super) fn sampler(&mut self, fetch: &TextureFetch) -> Value {
        let constant = fetch.constant;
        let filters = [fetch.mag, fetch.min, fetch.mip];
        let anisotropy = fetch.anisotropy;
        let wanted = |slot: &SamplerSlot| {
            slot.constant == constant && slot.filters == filters && slot.anisotropy == anisotropy
        };
        let index = self.interface.samplers.iter().position(wanted).unwrap_or_else(|| {
            let binding = self.next_binding();
            let ty = types::insert(&mut self.module, None, TypeInner::Sampler { comparison: false });
            let number = self.samplers.len();
            let global = self.handle(format!("sampler_{constant}_{number}"), ty, binding);
            self.interface.samplers.push(SamplerSlot { constant, filters, anisotropy, binding });
            self.samplers.push(global);
            number
        });
        self.b.global(self.samplers[index])
    }
}
