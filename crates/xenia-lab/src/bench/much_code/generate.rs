//! Generates a program from a seed. Function `i` does not depend on the number of functions.

use super::dice::Dice;
use super::program::{ARENA, DOUBLES, Entry, FLOATS, Function, OBJECT, OBJECTS, Program, Shape, THINGS};
use super::writer::Writer;
use crate::args::TitleVariant;
use xenia_guest::HW_THREADS;

/// Number of leaf functions of every title.
pub(super) const LEAVES: u32 = 200;
/// Number of classes in titles with virtual calls.
const CLASSES: u32 = 24;
/// Length of the windows within which the order of calls is shuffled.
const WINDOW: usize = 64;

/// Generates a program of `functions` functions, each called `rounds` times.
pub(super) fn generate(seed: u64, variant: TitleVariant, functions: u32, rounds: u32) -> Program {
    let mut dice = Dice::new(seed, u64::MAX);
    let mut arena: Vec<u8> = (0..ARENA / 8).flat_map(|_| dice.next().to_be_bytes()).collect();
    if variant == TitleVariant::Float {
        arena.chunks_exact_mut(OBJECT as usize).for_each(floats);
    }
    let leaves = (0..LEAVES).map(|index| leaf(variant, Dice::new(!seed, u64::from(index)))).collect();
    let mut round = Vec::new();
    let functions: Vec<_> = (0..functions)
        .map(|index| {
            let mut dice = Dice::new(seed, u64::from(index));
            round.push(Entry { function: index, object: dice.below(OBJECTS) * OBJECT });
            function(variant, dice)
        })
        .collect();
    for window in round.chunks_mut(WINDOW) {
        dice.shuffle(window);
    }
    let mut classes = Vec::new();
    let mut things = Vec::new();
    if variant == TitleVariant::Virtual {
        classes = (0..CLASSES).map(|_| std::array::from_fn(|_| dice.below(LEAVES))).collect();
        things = (0..THINGS).map(|_| dice.below(CLASSES)).collect();
    }
    let threads = if variant == TitleVariant::Threads { HW_THREADS as u32 } else { 1 };
    Program { leaves, classes, things, functions, round, arena, rounds, threads }
}

/// Fills an object's floating-point fields with numbers from -1 to 1.
fn floats(object: &mut [u8]) {
    let (singles, doubles) = object[FLOATS as usize..].split_at_mut((DOUBLES - FLOATS) as usize);
    for field in singles.as_chunks_mut().0 {
        let value = i32::from_be_bytes(*field) as f32 / 2.0_f32.powi(31);
        *field = value.to_be_bytes();
    }
    for field in doubles.as_chunks_mut().0 {
        let value = i64::from_be_bytes(*field) as f64 / 2.0_f64.powi(63);
        *field = value.to_be_bytes();
    }
}

fn leaf(variant: TitleVariant, dice: Dice) -> Function {
    let mut writer = Writer::new(variant, dice, Shape::Volatile, 3);
    writer.begin();
    writer.straight(4, 6);
    writer.finish()
}

fn function(variant: TitleVariant, mut dice: Dice) -> Function {
    let kind = match variant {
        // Only functions that call can make virtual calls.
        TitleVariant::Virtual => 25 + dice.below(75),
        _ => dice.below(100),
    };
    let (shape, locals) = match kind {
        0..50 => (Shape::Volatile, 5 + dice.below(3)),
        50..70 => (Shape::Saving, 8 + dice.below(3)),
        _ => (Shape::Calling, 5 + dice.below(3)),
    };
    let mut writer = Writer::new(variant, dice, shape, locals as u8);
    if variant == TitleVariant::Float {
        writer.begin_floats();
    }
    writer.begin();
    let target = 38 + writer.dice.below(54);
    writer.pieces(target);
    writer.finish()
}
