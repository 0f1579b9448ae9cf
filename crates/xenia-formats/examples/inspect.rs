//! Describes an executable, or lists the files at the top of a disc image, package or archive:
//! `cargo run -p xenia-formats --example inspect -- FILE`; without a file, one of our programs.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use xenia_formats::{KeyRing, NoParts, Opens, identify};

/// The program that is described without an argument.
const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin/cpu-suite.xex");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).map_or_else(|| PathBuf::from(PROGRAM), PathBuf::from);
    let file = File::open(&path)?;
    let Some(format) = identify(&file)? else { return Err(xenia_formats::unknown(&file).into()) };
    println!("{}: {}", path.display(), format.description);
    let volume = match format.opens {
        Opens::Executable(load) => {
            let image = load(&file, &KeyRing::development())?;
            println!("base {}, {} bytes, entry {}", image.base, image.size, image.entry);
            for library in &image.imports {
                println!("imports {} of {}", library.imports.len(), library.name);
            }
            return Ok(());
        }
        Opens::Volume(open) => open(Arc::new(file))?,
        Opens::Parts(open) => open(Arc::new(file), &NoParts)?,
        Opens::Unread(advice) => return Err(advice.into()),
    };
    for entry in volume.list(&[""; 0]).into_iter().flatten() {
        println!("{:>12}  {}", entry.size, entry.name);
    }
    Ok(())
}
