//! Checksums of an extracted image. The readers of some formats do not compare them, because a
//! title that runs reads only parts of its files.

use super::{open_file, progress_bar};
use anyhow::{Result, bail};
use indicatif::ProgressBar;
use std::io;
use std::path::Path;
use std::sync::Arc;
use xenia::interrupt::Interrupt;
use xenia::title::parts::PackageParts;
use xenia_formats::{Findings, KeyRing, Parts, ReadAt, Verify};

/// Progress of a verification, and the request to end it.
#[derive(Clone)]
struct Watch {
    bar: ProgressBar,
    interrupt: Interrupt,
}

/// A source whose reads advance the progress, and fail once the end is requested.
struct Watched {
    source: Arc<dyn ReadAt>,
    watch: Watch,
}

impl ReadAt for Watched {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(cause) = self.watch.interrupt.cause() {
            return Err(io::Error::other(format!("ended by {}", cause.name())));
        }
        let count = self.source.read_at(offset, buffer)?;
        self.watch.bar.inc(count as u64);
        Ok(count)
    }

    fn size(&self) -> io::Result<u64> {
        self.source.size()
    }
}

/// The data files of a package, each of them watched.
struct WatchedParts {
    parts: PackageParts,
    watch: Watch,
}

impl Parts for WatchedParts {
    fn part(&self, number: u32) -> io::Result<Option<Arc<dyn ReadAt>>> {
        Ok(self.parts.part(number)?.map(|source| watched(source, &self.watch)))
    }
}

fn watched(source: Arc<dyn ReadAt>, watch: &Watch) -> Arc<dyn ReadAt> {
    Arc::new(Watched { source, watch: watch.clone() })
}

/// Refuses an extracted image of `size` bytes if `verify` finds damage. The extracted files remain,
/// because most of them may be whole.
pub(super) fn refuse_damaged(verify: Verify, image: &Path, size: u64, interrupt: &Interrupt) -> Result<()> {
    let name = image.display();
    let file = open_file(image)?;
    let watch = Watch { bar: progress_bar(size), interrupt: interrupt.clone() };
    let parts = WatchedParts { parts: PackageParts::new(image), watch: watch.clone() };
    let mut findings = Findings::default();
    // Only executables need keys.
    let end = verify(watched(Arc::new(file), &watch), &parts, &KeyRing::default(), &mut findings).err();
    watch.bar.finish_and_clear();
    if let Some(cause) = interrupt.cause() {
        bail!("ended by {} before all checksums of {name} were compared", cause.name());
    }
    if let Some(fault) = findings.faults().first().or(end.as_ref()) {
        bail!(
            "{name} is damaged, so extracted files may be wrong: {fault}; `xenia-rs verify` lists all faults"
        );
    }
    Ok(())
}
