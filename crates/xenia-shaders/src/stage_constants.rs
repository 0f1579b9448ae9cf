//! Constant buffer of a stage: the chip's constants, records of fetch constants, and parameters of
//! the host's pipeline, laid out by [`ConstantsLayout`].

use xenia_gpu::draw_state::{AlphaTest, Constants};
use xenia_gpu::enums::TextureFilter;
use xenia_gpu::microcode::ShaderKind;
use xenia_gpu::reference::alpha_mask::Thresholds;

use super::host_rows;
use super::interface::{
    ConstantsLayout, HostExpansion, HostPosition, HostTarget, TextureRecord, VertexRecord, member,
};

/// First bit of the filter between levels in a texture record's flags: 0 point, 1 linear, 2 base
/// map.
pub(super) const MIP_BIT: u32 = 3;
/// Bits of the filters within a level in a texture record's flags, of magnified and minified
/// texels: whether they are linear.
pub(super) const PLANE_BITS: [u32; 2] = [5, 6];
/// Bit that says that the base map is level 0, whatever the lowest level is.
pub(super) const BASE_BIT: u32 = 7;
/// First bits of the exponents of the gradients along rows and columns, of five bits each, plus 16.
pub(super) const GRADIENT_BITS: [u32; 2] = [8, 16];
/// Bits of the filters between slices, of magnified and minified texels.
pub(super) const SLICE_BITS: [u32; 2] = [13, 14];
/// First of the three bits of the axes with half-way modes.
pub(super) const HALF_WAY_BIT: u32 = 21;
/// First of the four bits of the components with 16 fraction bits.
pub(super) const FRACTION16_BIT: u32 = 24;
/// First of the four bits of the dimensions of instructions that can fetch from the texture.
pub(super) const FETCH_BIT: u32 = 28;

/// First bits, behind the swizzle, of the axes beyond whose ends a point and a linear filter have
/// the border.
pub(super) const BORDER_BITS: [u32; 2] = [12, 15];

/// First of three bits for each stored component, after these: the width of one that point filters
/// return as its bits twice, or zero.
pub(super) const REPEATED_BIT: u32 = 18;

/// First of two bits, after these: host texels per guest texel each way, less one.
pub(super) const HOST_TEXELS_BIT: u32 = 30;

/// Words of a texture record in the constant buffer: three rows.
pub type EncodedTexture = [u32; 12];

/// Contents of one stage's constant buffer (binding 0).
#[derive(Default)]
pub struct StageConstants {
    layout: ConstantsLayout,
    bytes: Vec<u8>,
}

impl StageConstants {
    /// Copies the stage's float, boolean and loop constants that the shader reads. Vertex and
    /// texture records are empty, so that fetches read zero. The host parameters are all zero: for
    /// a stage of a pipeline, [`set_position`](Self::set_position), or
    /// [`set_pixel`](Self::set_pixel) and [`set_target`](Self::set_target), must be called next.
    pub fn new(constants: &Constants, kind: ShaderKind, layout: ConstantsLayout) -> Self {
        let mut this = Self::default();
        this.renew(constants, kind, layout);
        this
    }

    /// As [`new`](Self::new), in the memory of earlier contents.
    pub fn renew(&mut self, constants: &Constants, kind: ShaderKind, layout: ConstantsLayout) {
        self.layout = layout;
        self.bytes.clear();
        self.bytes.resize(layout.size(), 0);
        let base = match kind {
            ShaderKind::Vertex => constants.vertex_base,
            ShaderKind::Pixel => constants.pixel_base,
        };
        let floats = constants.float.get(base as usize..).unwrap_or_default().as_flattened();
        for (to, value) in self.member_mut(member::FLOAT).chunks_exact_mut(4).zip(floats) {
            to.copy_from_slice(&value.to_le_bytes());
        }
        self.put_rows(member::BOOLEAN, &constants.boolean);
        self.put_rows(member::LOOP, &constants.loops);
    }

    /// Sets the conversion of positions.
    pub fn set_position(&mut self, position: &HostPosition) {
        self.put_floats(host_rows::SCALE_ROW, position.scale);
        self.put_floats(host_rows::OFFSET_ROW, position.offset);
        let flags = [
            (position.w_inverted, host_rows::W_INVERTED),
            (position.xy_divided, host_rows::XY_DIVIDED),
            (position.z_divided, host_rows::Z_DIVIDED),
            (position.direct3d_depth, host_rows::DIRECT3D_DEPTH),
            (position.kills, host_rows::KILLS),
        ];
        let flags = flags.into_iter().filter(|(is_set, _)| *is_set).fold(0, |bits, (_, bit)| bits | bit);
        self.put(member::HOST, host_rows::SCALE_ROW, 3, &[flags]);
        self.put(member::HOST, host_rows::OFFSET_ROW, 3, &[f32::NAN.to_bits()]);
        self.put(member::HOST, host_rows::STEP_ROW, 0, &position.steps.map(f32::to_bits));
        self.put(member::HOST, host_rows::STEP_ROW, 2, &position.shift.map(f32::to_bits));
    }

    /// Sets the user clip planes (the first six), which apply if the stage clips. By default there
    /// are none.
    pub fn set_clip_planes(&mut self, planes: &[[f32; 4]]) {
        for (row, plane) in (host_rows::PLANE_ROW..host_rows::PLANE_ROW + host_rows::PLANES).zip(planes) {
            self.put(member::HOST, row, 0, &plane.map(f32::to_bits));
        }
    }

    /// Sets the parameters of a stage that expands primitives.
    pub fn set_expansion(&mut self, expansion: &HostExpansion) {
        let VertexRecord { first, words, endian } = expansion.list.unwrap_or_default();
        let flags = [
            (expansion.list.is_some(), host_rows::HAS_LIST),
            (expansion.provoking_last, host_rows::PROVOKING_LAST),
            (expansion.clips_depth, host_rows::CLIPS_DEPTH),
        ];
        let flags = flags.into_iter().filter(|(is_set, _)| *is_set).fold(0, |bits, (_, bit)| bits | bit);
        self.put(member::HOST, host_rows::LIST_ROW, 0, &[first, words, endian, flags]);
        self.put(member::HOST, host_rows::SIZE_ROW, 0, &expansion.half.map(f32::to_bits));
        self.put(member::HOST, host_rows::SIZE_ROW, 2, &expansion.scale.map(f32::to_bits));
        self.put(member::HOST, host_rows::LIMIT_ROW, 0, &expansion.limits.map(f32::to_bits));
    }

    /// Sets the alpha test, for a stage that has one.
    pub fn set_alpha_test(&mut self, test: AlphaTest) {
        let function = test.compare.bits() | if test.in_levels { host_rows::IN_LEVELS } else { 0 };
        self.put(member::HOST, host_rows::ALPHA_ROW, 0, &[function, test.reference.to_bits()]);
    }

    /// Sets the thresholds of the host's samples, for a stage with alpha to mask.
    pub fn set_alpha_to_mask(&mut self, thresholds: &Thresholds) {
        self.put(member::HOST, host_rows::MASK_ROW, 0, &thresholds.samples.map(f32::to_bits));
        self.put(member::HOST, host_rows::MASK_ROW + 1, 0, &thresholds.lowered.map(f32::to_bits));
    }

    /// Sets the factor of exported depths, and the host's pixels per guest pixel each way.
    pub fn set_pixel(&mut self, depth_scale: f32, pixels: u32) {
        let step = 1.0 / pixels as f32;
        self.put(member::HOST, host_rows::ALPHA_ROW, 2, &[depth_scale, step].map(f32::to_bits));
    }

    /// Sets the conversion of colours for target 0 to 3.
    pub fn set_target(&mut self, target: u32, takes: &HostTarget) {
        let row = host_rows::TARGET_ROW + 2 * (target & 3);
        let [color, alpha] = takes.ranges;
        self.put_floats(row, [takes.scale, color.0, color.1]);
        self.put_floats(row + 1, [alpha.0, alpha.1, takes.steps[0]]);
        self.put(member::HOST, row + 1, 3, &[takes.steps[1].to_bits()]);
    }

    fn put_floats(&mut self, row: u32, values: [f32; 3]) {
        self.put(member::HOST, row, 0, &values.map(f32::to_bits));
    }

    /// Sets the record of a vertex fetch constant (0 to 95).
    pub fn set_vertex(&mut self, constant: u8, record: VertexRecord) {
        let record = [record.first, record.words, record.endian, 0];
        self.put(member::VERTEX, u32::from(constant.min(95)), 0, &record);
    }

    /// Sets the record of a texture fetch constant (0 to 31).
    pub fn set_texture(&mut self, constant: u8, record: &TextureRecord) {
        self.set_encoded_texture(constant, &record.encode());
    }

    /// Sets the encoded record of a texture fetch constant (0 to 31).
    pub fn set_encoded_texture(&mut self, constant: u8, record: &EncodedTexture) {
        self.put(member::TEXTURE, 3 * (u32::from(constant) & 31), 0, record);
    }

    /// Records of all texture fetch constants, as bytes.
    pub fn texture_rows(&self) -> &[u8] {
        let start = self.layout.offset(member::TEXTURE) as usize;
        &self.bytes[start..start + 16 * self.layout.count(member::TEXTURE) as usize]
    }

    /// Replaces the records of all texture fetch constants by those of a buffer of the same layout.
    pub fn set_texture_rows(&mut self, rows: &[u8]) {
        let to = self.member_mut(member::TEXTURE);
        let length = to.len().min(rows.len());
        to[..length].copy_from_slice(&rows[..length]);
    }

    /// Bytes of a member.
    fn member_mut(&mut self, of: u32) -> &mut [u8] {
        let start = self.layout.offset(of) as usize;
        &mut self.bytes[start..start + 16 * self.layout.count(of) as usize]
    }

    /// Contents of the buffer.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..]
    }

    /// Writes a member from its beginning, as far as the layout contains it.
    fn put_rows(&mut self, of: u32, words: &[u32]) {
        for (row, words) in (0..).zip(words.chunks(4)) {
            self.put(of, row, 0, words);
        }
    }

    /// Writes words starting at a word of a member's row. Rows outside of the layout are ignored.
    fn put(&mut self, of: u32, row: u32, word: u32, words: &[u32]) {
        if row < self.layout.count(of) {
            let at = (self.layout.offset(of) + 16 * row + 4 * word) as usize;
            for (to, word) in self.bytes[at..].chunks_exact_mut(4).zip(words) {
                to.copy_from_slice(&word.to_le_bytes());
            }
        }
    }
}

impl TextureRecord {
    /// Encodes the record for the constant buffer.
    pub fn encode(&self) -> EncodedTexture {
        let [width, height, depth] = self.size;
        let [unnormalized_width, unnormalized_height] = self.unnormalized_size;
        let floats = [
            width,
            height,
            depth,
            self.scale,
            self.lod_bias,
            self.lowest_level,
            self.highest_level,
            unnormalized_width,
        ];
        let swizzle = (0..4).fold(0, |bits, i| bits | (self.swizzle[i] as u32 & 7) << (3 * i));
        let borders = self.borders.iter().zip(BORDER_BITS);
        let borders =
            borders.flat_map(|(axes, bit)| (bit..).zip(axes).filter(|(_, has_border)| **has_border));
        let swizzle = borders.fold(swizzle, |bits, (bit, _)| bits | 1 << bit);
        let repeated = (REPEATED_BIT..).step_by(3).zip(self.repeated);
        let swizzle = repeated.fold(swizzle, |bits, (bit, width)| bits | (u32::from(width) & 7) << bit);
        let swizzle = swizzle | (self.host_texels.saturating_sub(1) & 3) << HOST_TEXELS_BIT;
        let mirrored = (0..3).fold(0, |bits, axis| bits | u32::from(self.mirrored[axis]) << axis);
        let exponents = self.gradient_exponents.map(|exponent| (exponent + 16) as u32 & 31);
        let gradients =
            exponents.into_iter().zip(GRADIENT_BITS).fold(0, |bits, (exponent, bit)| bits | exponent << bit);
        let short = (0..4).fold(0, |bits, i| bits | u32::from(self.short[i]) << (FRACTION16_BIT + i as u32));
        let linear = [(self.planes, PLANE_BITS), (self.slices, SLICE_BITS)];
        let linear = linear.into_iter().flat_map(|(filters, bits)| filters.into_iter().zip(bits));
        let linear = linear.filter(|(filter, _)| *filter == TextureFilter::Linear);
        let filters = linear.fold(self.mip.bits() << MIP_BIT, |bits, (_, bit)| bits | 1 << bit);
        let half_way =
            (0..3).fold(0, |bits, i| bits | u32::from(self.half_way[i]) << (HALF_WAY_BIT + i as u32));
        let fetches = (0..4).fold(0, |bits, i| bits | u32::from(self.fetches[i]) << (FETCH_BIT + i as u32));
        let base = u32::from(self.has_base) << BASE_BIT;
        let flags = mirrored | filters | base | half_way | fetches | gradients | short;
        let mut words = [0; 12];
        words[..8].copy_from_slice(&floats.map(f32::to_bits));
        let others = [swizzle, u32::from(self.is_volume), flags, unnormalized_height.to_bits()];
        words[8..].copy_from_slice(&others);
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_gpu::registers::RegisterFile;

    #[test]
    fn constants_have_the_offsets_of_the_layout() {
        let mut registers = RegisterFile::new();
        registers.set(0x4000 + 4 * 256 + 5, 7); // pixel constant 1, y
        registers.set(0x4900, 0x55);
        registers.set(0x4908 + 31, 9);
        registers.set(0x2308, 256); // SQ_PS_CONST
        let layout = ConstantsLayout::LARGEST;
        let mut constants = StageConstants::new(&Constants::capture(&registers), ShaderKind::Pixel, layout);
        constants.set_vertex(95, VertexRecord { first: 1, words: 2, endian: 3 });
        constants.set_texture(
            31,
            &TextureRecord {
                size: [1.0; 3],
                swizzle: [1, 2, 3, 5],
                is_volume: true,
                ..TextureRecord::default()
            },
        );
        let word = |at: usize| u32::from_le_bytes(constants.bytes()[at..at + 4].try_into().unwrap());
        let [booleans, loops, textures, vertices, floats] =
            [member::BOOLEAN, member::LOOP, member::TEXTURE, member::VERTEX, member::FLOAT]
                .map(|of| layout.offset(of) as usize);
        assert_eq!(word(floats + 20), 7);
        assert_eq!((word(booleans), word(loops + 124)), (0x55, 9));
        assert_eq!([0, 4, 8].map(|i| word(vertices + 95 * 16 + i)), [1, 2, 3]);
        let record = textures + 31 * 48;
        assert_eq!((word(record), word(record + 32), word(record + 36)), (0x3f80_0000, 0o5321, 1));
        let mut small = StageConstants::new(
            &Constants::capture(&registers),
            ShaderKind::Pixel,
            ConstantsLayout::default(),
        );
        small.set_vertex(1, VertexRecord { first: 1, words: 2, endian: 3 });
        assert_eq!(small.bytes().len(), 16 * (1 + 1 + 1 + 3 + 1 + 1));
    }
}
