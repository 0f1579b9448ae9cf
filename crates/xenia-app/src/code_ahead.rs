//! A title's code compiled ahead of its run, with the progress shown.

use crate::drawing::{Compiling, Progress};
use crate::interrupt::Interrupt;
use indicatif::{ProgressBar, ProgressStyle};
use std::thread::available_parallelism;
use xenia_formats::LoadedImage;
use xenia_guest::GuestAddr;
use xenia_jit::{Ahead, Precompiled};

/// Host threads at most.
const MOST_THREADS: u64 = 256;

/// Addresses that the image says functions begin at: its entry, `.pdata`, symbols.
pub fn starts(image: &LoadedImage) -> Vec<GuestAddr> {
    let mut starts: Vec<GuestAddr> = vec![image.entry];
    starts.extend(image.functions.iter().filter(|function| function.size > 0).map(|function| function.start));
    starts.extend(image.symbols.iter().filter(|symbol| symbol.is_function).map(|symbol| symbol.address));
    starts
}

/// Host threads that compile: so many, or one for each of the host's processors.
pub fn threads(asked: Option<u64>) -> usize {
    let processors = available_parallelism().map_or(1, usize::from);
    asked.map_or(processors, |threads| threads.clamp(1, MOST_THREADS) as usize)
}

/// Compiles what is found from the image and is worth it, until `interrupt` says to stop. A bar on
/// standard error and `told` show how far it is.
pub fn compile(
    ahead: &Ahead,
    image: &LoadedImage,
    threads: usize,
    told: Progress<'_>,
    interrupt: &Interrupt,
) -> Precompiled {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("functions {bar:40} {pos}/{len}, {eta} left") {
        bar.set_style(style);
    }
    let done = ahead.precompile(&starts(image), threads, &|so_far: Precompiled| {
        bar.set_length(so_far.functions);
        bar.set_position(so_far.done);
        told(Compiling::Code, so_far.done as usize, so_far.functions as usize);
        interrupt.cause().is_none()
    });
    bar.finish_and_clear();
    done
}
