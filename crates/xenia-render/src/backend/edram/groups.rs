//! Bind groups of transfers between host textures and the EDRAM, kept until another buffer has the
//! parameters of calls.

/// Bind group of a texture's dumps.
struct DumpGroup {
    texture: wgpu::Texture,
    group: wgpu::BindGroup,
}

/// Bind groups that have the same buffer of parameters.
#[derive(Default)]
pub(super) struct TransferGroups {
    calls: Option<wgpu::Buffer>,
    /// Group of all loads.
    load: Option<wgpu::BindGroup>,
    dumps: Vec<DumpGroup>,
}

impl TransferGroups {
    /// Drops all groups if they have another buffer of parameters.
    pub(super) fn renew(&mut self, calls: &wgpu::Buffer) {
        if self.calls.as_ref() != Some(calls) {
            *self = Self { calls: Some(calls.clone()), ..Self::default() };
        }
    }

    /// Group of loads.
    pub(super) fn load(&mut self, make: impl FnOnce() -> wgpu::BindGroup) -> wgpu::BindGroup {
        self.load.get_or_insert_with(make).clone()
    }

    /// Group of a texture's dumps.
    pub(super) fn dump(
        &mut self,
        texture: &wgpu::Texture,
        make: impl FnOnce() -> wgpu::BindGroup,
    ) -> wgpu::BindGroup {
        if let Some(kept) = self.dumps.iter().find(|kept| kept.texture == *texture) {
            return kept.group.clone();
        }
        let group = make();
        self.dumps.push(DumpGroup { texture: texture.clone(), group: group.clone() });
        group
    }

    /// Drops the groups of textures, which keep them alive.
    pub(super) fn forget_textures(&mut self) {
        self.dumps.clear();
    }
}
