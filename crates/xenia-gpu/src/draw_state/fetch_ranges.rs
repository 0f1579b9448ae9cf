//! Range analysis of vertex fetches: finds which words of its vertex buffers a vertex shader reads.
//!
//! Most shaders fetch with the unmodified index of register 0: such a fetch reads only the vertices
//! from a draw's lowest index to its highest. Fetch constants are less precise: their size often
//! means "the rest of the buffer".
//!
//! Control flow instructions before the first branch, if no branch targets them, run once and in
//! order. The order of later ones is unknown: a fetch there counts as indexed by register 0 only if
//! no instruction in that part changes the register.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::microcode::{
    Condition, Control, Destination, FetchCommon, FetchSelect, Program, ShaderInstruction, Source,
    VertexFetch,
};
use crate::texture::Layout;

/// Indices below this are exact as floats, also with a half added.
const EXACT: u32 = 1 << 23;

/// Words read for each index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    /// Words from one index to the next.
    stride: u8,
    /// First word and one past the last, relative to the vertex of the index.
    words: [i64; 2],
}

/// Range read through one fetch constant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FetchReach {
    /// Any word of the buffer may be read.
    anywhere: bool,
    spans: Vec<Span>,
}

impl FetchReach {
    /// Words read from a buffer of `size` words in a draw with this lowest and highest index, if
    /// known.
    pub fn words(&self, indices: Option<[u32; 2]>, size: u32) -> Range<u32> {
        let Some([lowest, highest]) = indices.filter(|[_, highest]| !self.anywhere && *highest < EXACT)
        else {
            return 0..size;
        };
        let clip = |at: i64| at.clamp(0, i64::from(size)) as u32;
        let spans = self.spans.iter().map(|Span { stride, words: [from, to] }| {
            let at = |index: u32| i64::from(index) * i64::from(*stride);
            clip(at(lowest) + from)..clip(at(highest) + to)
        });
        let union = |all: Range<u32>, span: Range<u32>| all.start.min(span.start)..all.end.max(span.end);
        spans.filter(|span| !span.is_empty()).reduce(union).unwrap_or(0..0)
    }
}

/// Ranges read through each vertex fetch constant (0 to 95) of a vertex shader.
pub fn reaches(program: &Program) -> BTreeMap<u8, FetchReach> {
    let leaves = |control: &Control| control.target().is_some() || *control == Control::Return;
    let controls = &program.controls;
    let targets = controls.iter().filter_map(Control::target).map(|target| target as usize);
    let first_branch = controls.iter().position(leaves).into_iter();
    let ordered = first_branch.chain(targets).min().unwrap_or(controls.len()).min(controls.len());
    let mut walk = Walk { is_touched: false, last: Some(vec![Some(0)]), found: BTreeMap::new() };
    let (before, after) = controls.split_at(ordered);
    for control in before {
        let is_certain = matches!(control, Control::Exec { condition: Condition::Always, .. });
        instructions(program, control).for_each(|instruction| walk.instruction(instruction, is_certain));
    }
    let mut rest = after.iter().flat_map(|control| instructions(program, control));
    walk.is_touched |= rest.any(changes_index);
    walk.last = None;
    for control in after {
        instructions(program, control).for_each(|instruction| walk.instruction(instruction, false));
    }
    walk.found
}

/// Instructions of a clause.
fn instructions<'a>(
    program: &'a Program,
    control: &Control,
) -> impl Iterator<Item = &'a ShaderInstruction> + use<'a> {
    let range = match *control {
        Control::Exec { first, count, .. } => first as usize..first as usize + count as usize,
        _ => 0..0,
    };
    program.instructions.get(range).unwrap_or(&[]).iter()
}

/// Whether an instruction may change x of register 0.
fn changes_index(instruction: &ShaderInstruction) -> bool {
    // A register relative to the loop counter may be register 0.
    let is_index = |to: Destination| matches!(to, Destination::Register(0) | Destination::RegisterLoop(_));
    let fetched = |common: &FetchCommon| is_index(common.to) && common.select[0] != FetchSelect::Keep;
    match instruction {
        ShaderInstruction::Alu(alu) => {
            is_index(alu.vector_to) && alu.vector_mask & 1 != 0
                || is_index(alu.scalar_to) && alu.scalar_mask & 1 != 0
        }
        ShaderInstruction::Vertex(fetch) => fetched(&fetch.common),
        ShaderInstruction::Texture(fetch) => fetched(&fetch.common),
        ShaderInstruction::Undefined => false,
    }
}

struct Walk {
    /// Register 0 may no longer hold the index.
    is_touched: bool,
    /// Possible strides of the last full fetch; an element is `None` if that fetch's address does
    /// not come from the index. The list is `None` where the order of execution is unknown.
    last: Option<Vec<Option<u8>>>,
    found: BTreeMap<u8, FetchReach>,
}

impl Walk {
    fn instruction(&mut self, instruction: &ShaderInstruction, is_certain: bool) {
        if let ShaderInstruction::Vertex(fetch) = instruction {
            self.fetch(fetch, is_certain && fetch.common.predicate.is_none());
        }
        self.is_touched |= changes_index(instruction);
    }

    fn fetch(&mut self, fetch: &VertexFetch, is_certain: bool) {
        let strides = if fetch.mini {
            self.last.clone().unwrap_or_else(|| vec![None])
        } else {
            let is_by_index = !self.is_touched
                && fetch.common.source == Source::Register(0)
                && fetch.common.source_swizzle[0] == 0;
            let stride = is_by_index.then_some(fetch.stride);
            match &mut self.last {
                Some(last) if is_certain => *last = vec![stride],
                // It may be skipped, so the earlier fetch may still be the last one.
                Some(last) if !last.contains(&stride) => last.push(stride),
                _ => {}
            }
            vec![stride]
        };
        let count = Layout::of_vertices(u32::from(fetch.format)).map_or(0, Layout::words);
        let from = i64::from(fetch.offset);
        let reach = self.found.entry(fetch.constant.min(95)).or_default();
        for stride in strides {
            match stride {
                Some(stride) => {
                    let span = Span { stride, words: [from, from + i64::from(count)] };
                    if !reach.spans.contains(&span) {
                        reach.spans.push(span);
                    }
                }
                None => reach.anywhere = true,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::microcode::assemble;

    /// Words of constants 0 and 1 (1,000 words each) that vertices 10 to 12 read.
    fn words(text: &str) -> [Range<u32>; 2] {
        let reaches = reaches(&Program::decode(&assemble(text).unwrap()));
        [0, 1].map(|constant| reaches.get(&constant).map_or(0..0, |reach| reach.words(Some([10, 12]), 1000)))
    }

    #[test]
    fn fetches_by_the_index_read_the_draws_vertices() {
        let position = "vfetch r1.xyz1, r0.x, vf0, format=57, stride=7, offset=0\n";
        assert_eq!(words(position), [70..87, 0..0]);
        let color = "vfetch r2.xyzw, r0.x, vf0, format=38, stride=7, offset=3\n";
        assert_eq!(words(&format!("{position}{color}")), [70..91, 0..0]);
        let other = "vfetch r0.xyzw, r0.x, vf1, format=38, stride=4, offset=-2\n";
        assert_eq!(words(&format!("{position}{other}")), [70..87, 38..50]);
        // The preceding fetch has overwritten the index.
        assert_eq!(words(&format!("{other}{position}")), [0..1000, 38..50]);
        let keeps = "vfetch r0._yzw, r0.x, vf1, format=38, stride=4, offset=0\n";
        assert_eq!(words(&format!("{keeps}{position}")), [70..87, 40..52]);
        assert_eq!(words(&format!("add r0.x, r0, r0\n{position}"))[0], 0..1000);
        assert_eq!(words(&format!("add r0.yzw, r0, r0\n{position}"))[0], 70..87);
        assert_eq!(words("vfetch r1.xyz1, r0.y, vf0, format=57, stride=7, offset=0\n")[0], 0..1000);
        assert_eq!(words("vfetch r1.xyz1, r2.x, vf0, format=57, stride=7, offset=0\n")[0], 0..1000);
    }

    #[test]
    fn a_mini_fetch_reads_where_the_last_full_one_did() {
        let position = "vfetch r1.xyz1, r0.x, vf0, format=57, stride=7, offset=0\n";
        let mini = "vfetch_mini r2.xyzw, format=38, offset=3\n";
        assert_eq!(words(&format!("{position}{mini}")), [70..91, 0..0]);
        // If the full fetch may not have run, the mini fetch reads from the beginning.
        assert_eq!(words(&format!("exec b3\n{position}exec\n{mini}")), [3..91, 0..0]);
        assert_eq!(words(&format!("(p0) {position}{mini}")), [3..91, 0..0]);
        assert_eq!(words(&format!("mul r0, r0, r0\n{position}{mini}")), [0..1000, 0..0]);
    }

    #[test]
    fn after_a_branch_no_order_is_known() {
        let position = "vfetch r1.xyz1, r0.x, vf0, format=57, stride=7, offset=0\n";
        let other = "vfetch r0.xyzw, r0.x, vf1, format=38, stride=4, offset=0\n";
        let mini = "vfetch_mini r2.xyzw, format=38, offset=3\n";
        assert_eq!(
            words(&format!("exec\n{position}jump end, b1\nexec\n{other}end:\nexec\nadd r1, r1, r1")),
            [70..87, 0..1000]
        );
        assert_eq!(
            words(&format!("exec\n{position}jump end, b1\nexec\nadd r1, r1, r1\nend:\nexec\n{position}")),
            [70..87, 0..0]
        );
        assert_eq!(
            words(&format!("exec\n{position}jump end, b1\nexec\nadd r1, r1, r1\nend:\nexec\n{mini}"))[0],
            0..1000
        );
        // Backward jump: later changes may have happened before.
        assert_eq!(words(&format!("top:\nexec\n{position}exec\nadd r0, r0, r0\njump top, b1"))[0], 0..1000);
    }

    #[test]
    fn vertex_fetch_range_is_bounded_by_buffer_and_indices() {
        let text = "vfetch r1.xyz1, r0.x, vf0, format=57, stride=7, offset=-8";
        let reach = reaches(&Program::decode(&assemble(text).unwrap())).remove(&0).unwrap();
        assert_eq!(reach.words(Some([0, 0]), 1000), 0..0, "before the buffer");
        assert_eq!(reach.words(Some([0, 1]), 1000), 0..2);
        assert_eq!(reach.words(Some([140, 200]), 1000), 972..1000);
        assert_eq!(reach.words(Some([200, 300]), 1000), 0..0, "behind it");
        assert_eq!(reach.words(Some([0, EXACT]), 1000), 0..1000, "floats are too coarse");
        assert_eq!(reach.words(None, 1000), 0..1000);
    }
}
