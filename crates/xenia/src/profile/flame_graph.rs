//! Flame graphs: the stacks of a profile as rectangles, as wide as their share of the samples.

use super::resolved::{FrameKind, ResolvedProfile, ResolvedSample, thread_name};
use std::collections::BTreeMap;
use std::fmt::Write;

const WIDTH: f64 = 1200.0;
/// Height of a row.
const ROW: f64 = 17.0;
/// Width of a character.
const CHARACTER: f64 = 6.6;
/// Rectangles narrower than this are left out.
const NARROWEST: f64 = 0.3;
/// Levels that are drawn.
const MAX_LEVELS: usize = 100;

/// A stack, or the beginning of several.
#[derive(Default)]
struct Node {
    weight: u64,
    instructions: u64,
    below: BTreeMap<usize, Node>,
}

impl Node {
    fn add(&mut self, stack: &[usize], sample: &ResolvedSample) {
        self.weight += sample.weight;
        self.instructions += sample.instructions;
        if let Some((first, rest)) = stack.split_first() {
            self.below.entry(*first).or_default().add(rest, sample);
        }
    }

    fn depth(&self) -> usize {
        1 + self.below.values().map(Self::depth).max().unwrap_or(0)
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c if c.is_control() => escaped.push('\u{FFFD}'),
            c => escaped.push(c),
        }
    }
    escaped
}

struct Drawing<'a> {
    profile: &'a ResolvedProfile,
    out: String,
    /// All samples, without the stacks.
    whole: Node,
    height: f64,
}

/// Place of a node: its left side and width in points, and its level from the bottom.
#[derive(Clone, Copy)]
struct NodePlace {
    x: f64,
    level: usize,
    width: f64,
}

impl Drawing<'_> {
    fn rectangle(&mut self, place: NodePlace, node: &Node, name: &str, color: &str) {
        let NodePlace { x, level, width } = place;
        if width < NARROWEST {
            return;
        }
        let y = self.height - ROW * (level + 1) as f64;
        let share = |part: u64, whole: u64| part as f64 * 100.0 / whole.max(1) as f64;
        let samples = share(node.weight, self.whole.weight);
        let instructions = share(node.instructions, self.whole.instructions);
        let fits = ((width - 4.0) / CHARACTER).max(0.0) as usize;
        let label: String = if fits < 3 { String::new() } else { name.chars().take(fits).collect() };
        let _ = writeln!(
            self.out,
            "<g><title>{} ({} samples, {samples:.2} %, {instructions:.2} % of instructions)</title>\
             <rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{:.1}\" fill=\"{color}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\">{}</text></g>",
            escaped(name),
            node.weight,
            ROW - 1.0,
            x + 2.0,
            y + ROW - 5.0,
            escaped(&label),
        );
    }

    /// Draws the nodes below one at `x` and `level`.
    fn below(&mut self, node: &Node, x: f64, level: usize) {
        if level >= MAX_LEVELS {
            return;
        }
        let mut x = x;
        for (&index, child) in &node.below {
            let width = self.width(child.weight);
            if let Some(frame) = self.profile.frames.get(index) {
                let color = color(frame.kind, index);
                self.rectangle(NodePlace { x, level, width }, child, &frame.name, &color);
            }
            self.below(child, x, level + 1);
            x += width;
        }
    }

    fn width(&self, weight: u64) -> f64 {
        weight as f64 * WIDTH / self.whole.weight.max(1) as f64
    }
}

/// A colour of the kind, which differs a little between functions.
fn color(kind: FrameKind, index: usize) -> String {
    let vary = (index * 37 % 40) as u32;
    let [r, g, b] = match kind {
        FrameKind::Guest => [230, 110 + vary * 2, 60],
        FrameKind::Kernel => [110 + vary, 160, 220],
        FrameKind::Compiler => [190, 130 + vary, 220],
        FrameKind::Devices => [120 + vary, 200, 120],
    };
    format!("rgb({r},{g},{b})")
}

/// The flame graph.
pub(super) fn svg(profile: &ResolvedProfile) -> String {
    let mut threads = BTreeMap::<Option<u32>, Node>::new();
    for (&thread, samples) in &profile.threads {
        let root = threads.entry(thread).or_default();
        for sample in samples {
            let deepest = sample.stack.len().min(MAX_LEVELS);
            root.add(&sample.stack[..deepest], sample);
        }
    }
    let levels = 1 + threads.values().map(Node::depth).max().unwrap_or(0);
    let height = ROW * levels.min(MAX_LEVELS + 1) as f64;
    let whole = || Node { weight: profile.total(), instructions: profile.instructions(), ..Node::default() };
    let mut drawing = Drawing { profile, out: String::new(), whole: whole(), height };
    let _ = writeln!(
        drawing.out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         viewBox=\"0 0 {WIDTH} {height}\" font-family=\"monospace\" font-size=\"11\">"
    );
    drawing.rectangle(
        NodePlace { x: 0.0, level: 0, width: WIDTH },
        &whole(),
        &profile.title,
        "rgb(200,200,200)",
    );
    let mut x = 0.0;
    for (&thread, node) in &threads {
        let width = drawing.width(node.weight);
        drawing.rectangle(NodePlace { x, level: 1, width }, node, &thread_name(thread), "rgb(215,215,215)");
        drawing.below(node, x, 2);
        x += width;
    }
    drawing.out.push_str("</svg>\n");
    drawing.out
}
