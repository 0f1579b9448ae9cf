//! `xenia-rs content scratch`: lists titles' scratch disks, or removes them.

use crate::cli::ContentScratchArgs;
use anyhow::{Context, Result, anyhow};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use xenia::config::{SaveConfig, ScratchConfig};
use xenia::content;
use xenia::say::{errln, outln};
use xenia_cli::Code;
use xenia_host::ownership;
use xenia_kernel::vfs::ScratchDisks;

/// Lists or removes the disks that the flags select.
pub(super) fn run(args: &ContentScratchArgs) -> Result<Code> {
    let saves = SaveConfig {
        content: args.place.content.clone(),
        portable: args.place.portable,
        ..SaveConfig::default()
    };
    let config = ScratchConfig { folder: args.scratch.clone(), ..ScratchConfig::default() };
    let folder = content::scratch_folder(&config, &saves, false)?;
    let folder =
        folder.ok_or_else(|| anyhow!("there is no folder of scratch disks; --scratch DIR names one"))?;
    let titles = titles(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let titles: Vec<_> =
        titles.into_iter().filter(|&(id, _)| args.title_id.is_none_or(|wanted| wanted == id)).collect();
    if titles.is_empty() {
        errln!("xenia-rs: there are no such scratch disks in {}", folder.display());
    }
    let mut code = Code::Done;
    for (id, path) in titles {
        let size = size_on_disk(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut outcome = "";
        if args.remove {
            outcome = "  removed";
            if let Err(error) = ScratchDisks::remove(&path) {
                errln!("xenia-rs: {error}");
                outcome = "  kept";
                code = Code::Mismatch;
            }
        }
        outln!("{id:08X} {size:>13}  {}{outcome}", path.display());
    }
    Ok(code)
}

/// The folders of titles, by ID. A missing folder has none.
fn titles(folder: &Path) -> io::Result<Vec<(u32, PathBuf)>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut titles = Vec::new();
    for entry in entries {
        let entry = entry?;
        let id = entry.file_name().to_str().and_then(title_id);
        if let Some(id) = id
            && entry.file_type()?.is_dir()
        {
            titles.push((id, entry.path()));
        }
    }
    titles.sort();
    Ok(titles)
}

/// The ID in the name of a title's folder: eight digits, as they are written.
fn title_id(name: &str) -> Option<u32> {
    u32::from_str_radix(name, 16).ok().filter(|id| format!("{id:08X}") == name)
}

/// Bytes that a folder takes on the host's disk.
fn size_on_disk(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        bytes += if entry.file_type()?.is_dir() {
            size_on_disk(&entry.path())?
        } else {
            ownership::size_on_disk(&entry.metadata()?)
        };
    }
    Ok(bytes)
}
