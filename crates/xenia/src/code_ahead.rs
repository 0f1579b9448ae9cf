//! Ahead-of-time compilation of a title's code, with a progress display.

use crate::drawing::{CompileProgress, Compiling};
use crate::interrupt::Interrupt;
use indicatif::{ProgressBar, ProgressStyle};
use std::thread::available_parallelism;
use xenia_formats::LoadedImage;
use xenia_guest::GuestAddr;
use xenia_jit::{Ahead, Precompiled};

/// Largest number of host threads.
const MAX_THREADS: u64 = 256;

/// Addresses of functions that the image names: the entry point, `.pdata` entries and symbols.
pub fn starts(image: &LoadedImage) -> Vec<GuestAddr> {
    let mut starts: Vec<GuestAddr> = vec![image.entry];
    starts.extend(image.functions.iter().filter(|function| function.size > 0).map(|function| function.start));
    starts.extend(image.symbols.iter().filter(|symbol| symbol.is_function).map(|symbol| symbol.address));
    starts
}

/// Number of compiler threads: the number asked for, or one for each processor of the host.
pub fn threads(asked: Option<u64>) -> usize {
    let processors = available_parallelism().map_or(1, usize::from);
    asked.map_or(processors, |threads| threads.clamp(1, MAX_THREADS) as usize)
}

/// Compiles the functions found in the image that are worth it, until `interrupt` is set. Progress
/// is reported by a bar on standard error and to `report`.
pub fn compile(
    ahead: &Ahead,
    image: &LoadedImage,
    threads: usize,
    report: CompileProgress<'_>,
    interrupt: &Interrupt,
) -> Precompiled {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("functions {bar:40} {pos}/{len}, {eta} left") {
        bar.set_style(style);
    }
    let done = ahead.precompile(&starts(image), threads, &|so_far: Precompiled| {
        bar.set_length(so_far.functions);
        bar.set_position(so_far.done);
        report(Compiling::Code, so_far.done as usize, so_far.functions as usize);
        interrupt.cause().is_none()
    });
    bar.finish_and_clear();
    done
}
