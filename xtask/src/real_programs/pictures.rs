//! Pictures of a title: the same picture at the same frame, with every engine and backend.
//!
//! The reference backend draws exactly, so in lockstep the digests are equal, too. The host's GPU
//! is used if there is one or its software driver: the programs described here draw nothing that is
//! rounded.

use super::build::TITLE;
use super::catalogue::{Pictures, RealProgram};
use super::run::{ProgramOutcome, title_command};
use crate::files;
use crate::gpu_suite::NO_DEVICE;
use crate::gpu_suite::picture::RgbPicture;
use crate::{commands, not_run};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::Path;
use xenia_testing::Tool;

/// Engines and backends; all must match the first one's picture.
const WAYS: [(&str, &[&str]); 4] = [
    ("jit, reference", &["--lockstep", "--gpu", "reference"]),
    ("interp, reference", &["--lockstep", "--interp", "--gpu", "reference"]),
    ("parallel, reference", &["--parallel", "--gpu", "reference"]),
    (HOST_GPU, &["--lockstep", "--gpu", "wgpu"]),
];
const HOST_GPU: &str = "jit, wgpu";

/// The picture at the end of a run.
struct Shown {
    picture: RgbPicture,
    digest: Option<String>,
}

/// Compares all engines and backends; the folder's disk is that of the program's runs.
pub(crate) fn compare(folder: &Path, program: &RealProgram, outcome: &mut ProgramOutcome) -> Result<()> {
    let Some(pictures) = &program.pictures else { return Ok(()) };
    let here = folder.join(&program.name);
    let content = here.join("work/jit");
    let mut first: Option<Shown> = None;
    for (way, flags) in WAYS {
        let Some(result) = run(&here, pictures, flags, &content).with_context(|| way.to_owned())? else {
            if way != HOST_GPU || Tool::Vulkan.row().find().is_ok() {
                bail!("{way}: {NO_DEVICE}");
            }
            not_run::write_down(&format!("{}'s pictures on {way}", program.name), Tool::Vulkan, "no device")?;
            continue;
        };
        outcome.runs += 1;
        let wanted =
            first.get_or_insert(Shown { picture: result.picture.clone(), digest: result.digest.clone() });
        if is_plain(&result.picture) {
            outcome.wrong.push(format!("{} ({way}): one colour", program.name));
        } else if result.picture != wanted.picture {
            outcome
                .wrong
                .push(format!("{} ({way}): frame {} is another picture", program.name, pictures.frames));
        } else if result.digest.is_some() && result.digest != wanted.digest {
            outcome.wrong.push(format!("{} ({way}): another digest", program.name));
        }
    }
    Ok(())
}

/// The last frame of a run; `None` if the host has no device for the backend.
fn run(here: &Path, pictures: &Pictures, flags: &[&str], content: &Path) -> Result<Option<Shown>> {
    let title = here.join("guest").join(&pictures.program).join(TITLE);
    let [text, json, frame] = ["pictures.txt", "pictures.json", "frame.png"].map(|name| here.join(name));
    for old in [&json, &frame] {
        files::remove(old)?;
    }
    let mut all = vec!["--frames".to_owned(), pictures.frames.to_string(), "--last-frame".to_owned()];
    all.push(frame.to_string_lossy().into_owned());
    all.extend(flags.iter().map(|&flag| flag.to_owned()));
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let mut command = title_command(&title, &all, content, [&text, &json])?;
    let output = commands::output(command.arg("PWD=/hdd").arg("--").args(&pictures.arguments))?;
    let messages = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() && messages.contains(NO_DEVICE) {
        return Ok(None);
    }
    let report = files::read_text(&json).with_context(|| messages.clone().into_owned())?;
    let report: Value = serde_json::from_str(&report)?;
    if report["exit"] != "frames" || report["frames"] != pictures.frames {
        bail!("ended by {} after {} frames: {messages}", report["exit"], report["frames"]);
    }
    let digest = report["digest"].as_str().map(str::to_owned);
    Ok(Some(Shown { picture: RgbPicture::read(&frame)?, digest }))
}

/// Whether a picture has a single colour: nothing was drawn.
fn is_plain(picture: &RgbPicture) -> bool {
    let mut pixels = picture.rgb.chunks_exact(3);
    let first = pixels.next();
    pixels.all(|pixel| Some(pixel) == first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_colour_picture_is_plain() {
        let picture = |rgb: &[u8]| RgbPicture { width: 2, height: 1, rgb: rgb.to_vec() };
        assert!(is_plain(&picture(&[1, 2, 3, 1, 2, 3])));
        assert!(!is_plain(&picture(&[1, 2, 3, 1, 2, 4])));
    }
}
