//! Video encoder: ffmpeg, run as a program where it is installed.

use super::VIDEO_RATE;
use std::path::Path;
use std::process::{Command, Stdio};
use xenia_gpu::PixelSize;
use xenia_host::process::apart;

/// A program that encodes videos.
#[derive(Clone, Debug)]
pub(super) struct VideoEncoder {
    program: &'static str,
    /// Options of its best video codec.
    codec: &'static [&'static str],
}

/// Codecs of videos with their options, the best first. Every build of ffmpeg has the last one.
const CODECS: [&[&str]; 2] =
    [&["libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p"], &["mpeg4", "-q:v", "3"]];

/// The encoder of the host; `None` if there is none.
pub(super) fn find() -> Option<VideoEncoder> {
    find_named("ffmpeg")
}

fn find_named(program: &'static str) -> Option<VideoEncoder> {
    let mut command = Command::new(program);
    let output =
        apart(&mut command).args(["-hide_banner", "-encoders"]).stdin(Stdio::null()).output().ok()?;
    let listed = String::from_utf8_lossy(&output.stdout).into_owned();
    let has = |codec: &&&[&str]| listed.split_whitespace().any(|word| word == codec[0]);
    let codec = CODECS.iter().find(has).filter(|_| output.status.success())?;
    Some(VideoEncoder { program, codec })
}

impl VideoEncoder {
    fn command(&self) -> Command {
        let mut command = Command::new(self.program);
        apart(&mut command).args(["-hide_banner", "-loglevel", "error", "-n"]);
        command
    }

    /// The command that encodes pictures of this size, red, green, blue and alpha of each pixel,
    /// from its input.
    pub(super) fn pictures(&self, PixelSize { width, height }: PixelSize, file: &Path) -> Command {
        let mut command = self.command();
        command
            .args(["-f", "rawvideo", "-pixel_format", "rgba", "-video_size", &format!("{width}x{height}")])
            .args(["-framerate", &VIDEO_RATE.to_string(), "-i", "pipe:0"])
            // Most codecs have no odd sizes.
            .args(["-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-c:v"])
            .args(self.codec)
            .arg(file);
        command
    }

    /// The command that joins pictures and sound.
    pub(super) fn join(&self, pictures: &Path, sound: &Path, file: &Path) -> Command {
        let mut command = self.command();
        command.arg("-i").arg(pictures).arg("-i").arg(sound);
        command.args(["-c:v", "copy", "-c:a", "aac", "-b:a", "192k", "-movflags", "+faststart"]).arg(file);
        command.stdin(Stdio::null());
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_missing_or_lists_no_codec_is_none() {
        assert!(find_named("no-program-of-this-name").is_none());
        assert!(find_named("true").is_none());
    }
}
