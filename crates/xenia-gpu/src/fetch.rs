//! Memory accesses of the shader interpreter: vertex fetches, texture fetches and memory exports.

mod export;
mod pages;
mod plan;
mod sample;

use std::sync::Arc;

use crate::draw_state::{Constants, VertexBuffer};
use crate::memory::{PAGE_SIZE, PhysicalMemory, address_on_bus};
use crate::microcode::{
    FetchUnit, LANES, Lanes, Mask, Program, Sampling, ShaderInstruction, TextureFetch, TextureOp, Vector,
    VertexFetch,
};
use crate::texture::{
    FieldNumber, FieldScale, Layout, TextureCache, TextureInfo, TextureLevel, decoding_bytes, half_to_single,
};

use export::Stream;
use pages::ReadPages;
pub use plan::FetchPlan;

/// A texture that a program may fetch.
pub(crate) struct ProgramTexture {
    /// Number of its fetch constant.
    pub(crate) slot: usize,
    pub(crate) info: TextureInfo,
    /// The highest level that any of the fetches may read.
    pub(crate) last: u32,
}

/// All textures that a program may fetch.
pub(crate) fn fetched_textures(program: &Program, constants: &Constants) -> Vec<ProgramTexture> {
    let mut fetched: Vec<ProgramTexture> = Vec::new();
    if program.textures == 0 {
        return fetched;
    }
    for instruction in &program.instructions {
        let ShaderInstruction::Texture(fetch) = instruction else { continue };
        if !fetch.operation.reads_constant() {
            continue;
        }
        let slot = fetch.constant as usize & 31;
        let Some(info) = TextureInfo::decode(&constants.fetch[slot]) else { continue };
        if FetchPlan::coordinates(info.dimension, fetch.dimension).is_none() {
            continue;
        }
        let highest = FetchPlan::of(&info, fetch).levels[1];
        match fetched.iter_mut().find(|other| other.slot == slot) {
            Some(known) => known.last = highest.max(known.last),
            None => fetched.push(ProgramTexture { slot, info, last: highest }),
        }
    }
    fetched
}

/// Texture that a draw uses.
pub(crate) struct Binding {
    pub(crate) info: TextureInfo,
    /// Mip levels from the base level on; at least one.
    pub(crate) levels: Vec<Arc<TextureLevel>>,
}

/// Decoded textures of a program, by fetch constant.
#[derive(Default)]
pub struct Bindings {
    slots: [Option<Binding>; 32],
    left_out: bool,
}

impl Bindings {
    /// Decodes the textures that a program may fetch, up to a total size in bytes.
    pub fn new(
        program: &Program,
        constants: &Constants,
        cache: &mut TextureCache,
        memory: &dyn PhysicalMemory,
        bytes: u64,
    ) -> Self {
        let mut bindings = Self::default();
        let mut left = bytes;
        for ProgramTexture { slot, info, last } in fetched_textures(program, constants) {
            let mut levels = Vec::new();
            for level in 0..=last {
                let Some(rest) = left.checked_sub(decoding_bytes(&info, level)) else {
                    bindings.left_out = true;
                    break;
                };
                let Some(decoded) = cache.level(&info, level, memory) else { break };
                levels.push(decoded);
                left = rest;
            }
            if !levels.is_empty() {
                bindings.slots[slot] = Some(Binding { info, levels });
            }
        }
        bindings
    }

    /// Whether a texture or some of its levels exceeded the limit.
    pub fn left_out(&self) -> bool {
        self.left_out
    }
}

/// Fetch unit of one draw.
pub struct Fetcher<'a> {
    constants: &'a Constants,
    memory: &'a dyn PhysicalMemory,
    pages: ReadPages,
    textures: &'a Bindings,
    /// Word address of the last full vertex fetch, by lane.
    last: [u32; LANES],
    /// Lanes whose results are used; the other lanes' results are undefined.
    wanted: Mask,
    /// Lanes that may write to memory.
    exporting: Mask,
}

impl<'a> Fetcher<'a> {
    /// Creates a fetch unit with these constants, memory and decoded textures.
    pub fn new(constants: &'a Constants, memory: &'a dyn PhysicalMemory, textures: &'a Bindings) -> Self {
        let pages = ReadPages::default();
        let wanted = Mask::MAX;
        let exporting = Mask::MAX;
        Self { constants, memory, pages, textures, last: [0; LANES], wanted, exporting }
    }

    /// Starts a shader run in which the results of the `wanted` lanes are used and the `exporting`
    /// lanes may write to memory; resets the state of earlier runs.
    pub(crate) fn start(&mut self, wanted: Mask, exporting: Mask) {
        self.last = [0; LANES];
        self.wanted = wanted;
        self.exporting = exporting;
    }

    /// Reads a word of memory without byte swapping (first byte lowest).
    #[inline]
    fn word(&mut self, address: u32) -> u32 {
        let address = address_on_bus(address) & !3;
        let page = self.pages.get(address / PAGE_SIZE, self.memory);
        let at = (address % PAGE_SIZE) as usize;
        u32::from_le_bytes([page[at], page[at + 1], page[at + 2], page[at + 3]])
    }
}

/// Format of integer fields that the fetch's flags request.
fn field_number(fetch: &VertexFetch) -> FieldNumber {
    let scale = match fetch {
        VertexFetch { integer: true, .. } => FieldScale::Integers,
        VertexFetch { no_zero: true, .. } => FieldScale::FractionsWithoutZero,
        _ => FieldScale::Fractions,
    };
    FieldNumber { is_signed: fetch.signed, scale }
}

/// Unpacks an element's components; missing ones are zero.
fn unpack(number: FieldNumber, layout: Layout, fields: &[(u32, u32)], words: &[u32; 4]) -> [f32; 4] {
    let mut values = [0.0; 4];
    for (value, &(low, width)) in values.iter_mut().zip(fields) {
        let raw = words[low as usize / 32] >> (low % 32);
        *value = match layout {
            Layout::Half(_) => half_to_single(raw as u16),
            Layout::Single(_) => f32::from_bits(raw),
            _ => number.value(raw, width),
        };
    }
    values
}

impl FetchUnit for Fetcher<'_> {
    fn vertex(&mut self, fetch: &VertexFetch, index: &Lanes, mask: Mask) -> Vector {
        let mut result = [[0.0; LANES]; 4];
        let VertexBuffer { physical, words: size, endian } = self.constants.vertex_buffer(fetch.constant);
        // Unsupported vertex formats fetch zeros.
        let layout = Layout::of_vertices(u32::from(fetch.format)).unwrap_or(Layout::Unknown);
        let fields = layout.fields();
        let words = layout.words() as usize;
        let fields = &fields[..layout.components() as usize];
        let number = field_number(fetch);
        let scale = 2.0_f32.powi(fetch.exponent as i32);
        for lane in 0..LANES {
            if mask >> lane & 1 == 0 {
                continue;
            }
            if !fetch.mini {
                let rounding = if fetch.rounded { 0.5 } else { 0.0 };
                let index = (index[lane] + rounding).floor() as i32;
                // The index is any float, so the product may wrap; the comparison with the size
                // keeps reads inside.
                self.last[lane] = (index as u32).wrapping_mul(fetch.stride as u32);
            }
            let at = self.last[lane].wrapping_add_signed(fetch.offset);
            let mut element = [0; 4];
            for (i, word) in element.iter_mut().enumerate().take(words) {
                // Reads beyond the buffer's end return zero.
                let at = at.wrapping_add(i as u32);
                if at < size {
                    // Sizes have 24 bits, so the product does not overflow.
                    *word = endian.swap(self.word(physical.wrapping_add(at * 4)));
                }
            }
            for (result, value) in result.iter_mut().zip(unpack(number, layout, fields, &element)) {
                result[lane] = value * scale;
            }
        }
        result
    }

    fn texture(&mut self, fetch: &TextureFetch, at: &Sampling<'_>, mask: Mask) -> Vector {
        if fetch.operation == TextureOp::Gradients {
            return sample::gradients(at.coordinates);
        }
        match &self.textures.slots[fetch.constant as usize & 31] {
            Some(binding) if FetchPlan::coordinates(binding.info.dimension, fetch.dimension).is_some() => {
                sample::sample(binding, fetch, at, mask & self.wanted)
            }
            _ => [[0.0; LANES]; 4],
        }
    }

    /// Writes an export immediately. Pages that this draw has cached keep the old contents, as in
    /// the chip's caches, until the cache is emptied.
    fn export(&mut self, address: &Vector, element: u32, value: &Vector, mask: Mask) {
        let mask = mask & self.exporting;
        for lane in (0..LANES).filter(|lane| mask >> lane & 1 != 0) {
            if let Some(stream) = Stream::decode([0, 1, 2, 3].map(|c: usize| address[c][lane].to_bits())) {
                stream.write(element, [0, 1, 2, 3].map(|c: usize| value[c][lane]), self.memory);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Ram;
    use crate::microcode::assemble;
    use crate::registers::RegisterFile;

    /// Flags of a vertex fetch: components are signed, or integers.
    const SIGNED: u32 = 1 << 12;
    const INTEGER: u32 = 1 << 13;

    fn fetch(format: u8, flags: u32) -> VertexFetch {
        let words = [0, u32::from(format) << 16 | flags, 4 | 1 << 8];
        let mut program = Program::decode(&[0x1000 | 1 << 16 | 1, 0x2000, 0, words[0], words[1], words[2]]);
        match program.instructions.remove(0) {
            ShaderInstruction::Vertex(fetch) => fetch,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn textures_end_where_the_limit_is_reached() {
        let ram = Ram::new(0x20000);
        let text =
            "tfetch2D r0, r0.xy, tf1\ntfetch2D r1, r0.xy, tf2\ntfetch2D r2, r0.xy, tf1\nmax oC0, r0, r1";
        let program = Program::decode(&assemble(text).unwrap());
        let mut registers = RegisterFile::new();
        for slot in [1, 2] {
            for (i, word) in
                [2 | 1 << 22 | 1 << 31, 6 | 1 << 12, 31 | 31 << 13, 0, 0, 1 << 9].into_iter().enumerate()
            {
                registers.set(0x4800 + slot * 6 + i as u32, word);
            }
        }
        let constants = Constants::capture(&registers);
        let bound = |bytes| {
            let bindings = Bindings::new(&program, &constants, &mut TextureCache::default(), &ram, bytes);
            ([1, 2].map(|slot: usize| bindings.slots[slot].is_some()), bindings.left_out())
        };
        // 32 x 32 texels of four bytes: 4096 source bytes decode to as many.
        assert_eq!(bound(4 * 4096), ([true, true], false));
        assert_eq!(bound(4 * 4096 - 1), ([true, false], true));
        assert_eq!(bound(0), ([false, false], true));
    }

    #[test]
    fn texels_beyond_the_edge_have_the_border_that_the_constant_names() {
        let ram = Ram::new(0x20000);
        let program = Program::decode(&assemble("tfetch2D r0, r0.xy, tf1\nmax oC0, r0, r0").unwrap());
        let Some(ShaderInstruction::Texture(fetch)) = program.instructions.first() else {
            panic!("{program:?}")
        };
        let identity = (1 << 3 | 2 << 6 | 3 << 9) << 1;
        let borders = [[0.0; 4], [1.0; 4], [0.5, 0.0, 0.5, 0.0], [0.0, 0.5, 0.5, 0.0]];
        let with_alpha = |[x, y, z, _]: [f32; 4]| [x, y, z, 1.0];
        for (border, expected) in (0..).zip(borders.into_iter().chain(borders.map(with_alpha))) {
            let mut registers = RegisterFile::new();
            let border_modes = 6 << 10 | 6 << 13;
            let words = [
                2 | 1 << 22 | 1 << 31 | border_modes,
                6 | 1 << 12,
                31 | 31 << 13,
                identity,
                0,
                border | 1 << 9,
            ];
            for (index, word) in (0x4806..).zip(words) {
                registers.set(index, word);
            }
            let constants = Constants::capture(&registers);
            let bindings = Bindings::new(&program, &constants, &mut TextureCache::default(), &ram, u64::MAX);
            let mut fetcher = Fetcher::new(&constants, &ram, &bindings);
            fetcher.start(Mask::MAX, 0);
            let outside = [[-2.0; LANES]; 3];
            let gradients = [[[0.0; LANES]; 3]; 2];
            let at = Sampling { coordinates: &outside, lod: &[0.0; LANES], gradients: &gradients };
            let texels = fetcher.texture(fetch, &at, Mask::MAX);
            assert_eq!(texels.map(|component| component[0]), expected, "{border}");
        }
    }

    #[test]
    fn a_border_fraction_is_the_weight_of_texels_beyond_the_edge() {
        let ram = Ram::new(0x20000);
        let fraction = |dimension: &str, words: [u32; 6], place: [f32; 3]| {
            let text = format!("getBCF{dimension} r0, r0.xyz, tf1\nmax oC0, r0, r0");
            let program = Program::decode(&assemble(&text).unwrap());
            let Some(ShaderInstruction::Texture(fetch)) = program.instructions.first() else {
                panic!("{text}")
            };
            let mut registers = RegisterFile::new();
            for (index, word) in (0x4806..).zip(words) {
                registers.set(index, word);
            }
            let constants = Constants::capture(&registers);
            let bindings = Bindings::new(&program, &constants, &mut TextureCache::default(), &ram, u64::MAX);
            let mut fetcher = Fetcher::new(&constants, &ram, &bindings);
            fetcher.start(Mask::MAX, 0);
            let at = place.map(|at| [at; LANES]);
            let gradients = [[[0.0; LANES]; 3]; 2];
            let at = Sampling { coordinates: &at, lod: &[0.0; LANES], gradients: &gradients };
            fetcher.texture(fetch, &at, Mask::MAX).map(|component| component[0])
        };
        // 32 x 32 texels, four slices of a volume.
        let words = |mode: u32, is_linear: bool, dimension: u32| {
            let filters = if is_linear { 1 << 19 | 1 << 21 } else { 0 };
            let size = if dimension == 2 { 31 | 31 << 11 | 3 << 22 } else { 31 | 31 << 13 };
            let modes = mode << 10 | mode << 13 | mode << 16;
            let first = 2 | 1 << 22 | 1 << 31 | modes;
            [first, 6 | 1 << 12, size, filters, if is_linear { 3 } else { 0 }, dimension << 9]
        };
        for (mode, is_linear, place, expected) in [
            (0, true, [-1.0, 0.5], 0.0),
            (2, true, [-1.0, 0.5], 0.0),
            (6, true, [0.5, 0.5], 0.0),
            (6, true, [0.0, 0.5], 0.5),
            (6, true, [0.0, 1.0], 0.75),
            (6, true, [-1.0, 0.5], 1.0),
            (6, false, [0.0, 0.5], 0.0),
            (6, false, [0.5, 1.0], 1.0),
            (4, true, [-1.0, 0.5], 0.5), // half-way
            (4, false, [-1.0, 0.5], 0.0),
            (7, true, [0.0, 0.5], 0.0), // mirrored
            (7, true, [-1.0, 0.5], 0.5),
            (7, true, [-2.0, 0.5], 1.0),
        ] {
            let [u, v] = place;
            let found = fraction("2D", words(mode, is_linear, 1), [u, v, 0.0]);
            assert_eq!(found, [expected; 4], "mode {mode}, {is_linear}, {place:?}");
        }
        assert_eq!(fraction("3D", words(6, true, 2), [0.0, 0.5, 0.5]), [0.5; 4]);
        assert_eq!(fraction("3D", words(6, true, 2), [0.5, 0.5, 0.0]), [0.5; 4]);
        assert_eq!(fraction("Cube", words(6, true, 3), [1.0, 1.5, 0.0]), [0.0; 4]);
    }

    #[test]
    fn elements_are_found_and_unpacked() {
        let ram = Ram::new(0x10000);
        // Vertex 2 at a stride of 4 words and an offset of one word: word 9.
        for (i, word) in [0x3f80_0000_u32, 0x4000_0000, 0x4040_0000].into_iter().enumerate() {
            ram.write_u32(0x1000 + (9 + i as u32) * 4, word);
        }
        let mut registers = RegisterFile::new();
        registers.set(0x4800, 0x1000 | 3);
        registers.set(0x4801, 2 | 12 << 2);
        let constants = Constants::capture(&registers);
        let textures = Bindings::default();
        let mut fetcher = Fetcher::new(&constants, &ram, &textures);
        let lane = |value: Vector| [0, 1, 2, 3].map(|c: usize| value[c][3]);
        let mut index = [0.0; LANES];
        index[3] = 2.9;
        assert_eq!(lane(fetcher.vertex(&fetch(57, 0), &index, 8)), [1.0, 2.0, 3.0, 0.0]);
        assert_eq!(lane(fetcher.vertex(&fetch(38, 0), &index, 8)), [1.0, 2.0, 3.0, 0.0], "end of buffer");
        assert_eq!(lane(fetcher.vertex(&fetch(6, INTEGER), &index, 8)), [0.0, 0.0, 128.0, 63.0]);
        assert_eq!(lane(fetcher.vertex(&fetch(25, SIGNED), &index, 8)), [0.0, 16256.0 / 32767.0, 0.0, 0.0]);
        for page in 0..2 * pages::MAX_PAGES as u32 {
            fetcher.word(page * PAGE_SIZE);
            assert!(fetcher.pages.len() <= pages::MAX_PAGES);
        }
        index[3] = -1e9;
        assert_eq!(lane(fetcher.vertex(&fetch(57, 0), &index, 8)), [0.0; 4]);
        assert_eq!(fetcher.vertex(&fetch(57, 0), &index, 1)[0][3], 0.0);
    }
}
