//! Writer of a video, on a separate thread.
//!
//! The folder of the video, NAME.part, has its parts until it is complete: the encoded pictures, or
//! PNG files, and the sound. In the end they are joined to NAME.mp4, or the folder loses its
//! ".part". A part that can't be joined is kept.

use super::VIDEO_RATE;
use super::clock::{VideoClock, VideoGap};
use super::encoder::VideoEncoder;
use crate::png_frames::write_png;
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Stdio};
use xenia_audio::mix::Speakers;
use xenia_audio::wav::WavWriter;
use xenia_gpu::{Frame, PixelSize, SwapPicture};
use xenia_guest::SOUND_RATE;
use xenia_sched::GuestTicks;

/// Maximum number of pictures in an encoded video: four hours.
const MAX_PICTURES: u64 = 4 * 3600 * VIDEO_RATE as u64;
/// Maximum number of pictures in a video of PNG files: ten minutes.
const MAX_FILES: u64 = 10 * 60 * VIDEO_RATE as u64;
/// Samples of silence that are written at a time, for each speaker.
const SILENCE: usize = SOUND_RATE as usize / 10;

/// Destination of pictures.
enum VideoOutput {
    /// An encoder's input.
    Encoder { child: Child, stdin: Option<ChildStdin>, encoder: VideoEncoder },
    /// A PNG file for each picture.
    Files,
}

/// Writer of a video.
pub(super) struct VideoWriter {
    part: PathBuf,
    find_encoder: fn() -> Option<VideoEncoder>,
    speakers: Speakers,
    sound: WavWriter<BufWriter<File>>,
    clock: VideoClock,
    /// The newest picture, which is written when its duration is known.
    newest: Option<Frame>,
    /// Output of pictures, and their size: those of the first one.
    output: Option<(VideoOutput, PixelSize)>,
    written: u64,
}

impl VideoWriter {
    /// A video in the folder `part`.
    pub(super) fn new(
        part: PathBuf,
        speakers: Speakers,
        find_encoder: fn() -> Option<VideoEncoder>,
    ) -> Result<Self> {
        let path = part.join("sound.wav");
        let file = File::create_new(&path).with_context(|| format!("cannot write {}", path.display()))?;
        let sound = WavWriter::new(BufWriter::new(file), speakers)?;
        let clock = VideoClock::default();
        let newest = None;
        let output = None;
        Ok(Self { part, find_encoder, speakers, sound, clock, newest, output, written: 0 })
    }

    fn pictures_file(&self) -> PathBuf {
        self.part.join("pictures.mkv")
    }

    /// Adds a picture that is shown from a guest time on.
    pub(super) fn picture(&mut self, now: GuestTicks, picture: SwapPicture) -> Result<()> {
        // A picture that is lost with its device is left out.
        let Some(frame) = picture.into_frame() else { return Ok(()) };
        if self.output.is_none() {
            let size = PixelSize::new(frame.width, frame.height);
            self.output = Some((self.open(size)?, size));
        }
        let VideoGap { pictures, silence } = self.clock.picture(now);
        self.repeat_newest(pictures)?;
        self.newest = Some(frame);
        let channels = self.speakers.channels();
        let quiet = vec![0; SILENCE * channels];
        let mut left = usize::try_from(silence)? * channels;
        while left > 0 {
            let samples = left.min(quiet.len());
            self.write_samples(&quiet[..samples])?;
            left -= samples;
        }
        Ok(())
    }

    /// Adds samples, interleaved by speaker.
    pub(super) fn sound(&mut self, samples: &[i16]) -> Result<()> {
        if !self.clock.has_begun() {
            return Ok(());
        }
        self.clock.sound((samples.len() / self.speakers.channels()) as u64);
        self.write_samples(samples)
    }

    fn write_samples(&mut self, samples: &[i16]) -> Result<()> {
        if !self.sound.write(samples).context("the sound can't be written")? {
            bail!("the sound has reached the 4 GiB of a WAV file: begin another video");
        }
        Ok(())
    }

    fn open(&self, size: PixelSize) -> Result<VideoOutput> {
        let Some(encoder) = (self.find_encoder)() else { return Ok(VideoOutput::Files) };
        let mut command = encoder.pictures(size, &self.pictures_file());
        let errors = File::create_new(self.part.join("ffmpeg.txt"))?;
        let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(errors).spawn();
        let mut child = child.context("the encoder can't be run")?;
        let stdin = child.stdin.take();
        Ok(VideoOutput::Encoder { child, stdin, encoder })
    }

    /// Writes the newest picture this many times.
    fn repeat_newest(&mut self, times: u64) -> Result<()> {
        let (Some(frame), Some((output, size))) = (&self.newest, &mut self.output) else { return Ok(()) };
        let most = if matches!(output, VideoOutput::Files) { MAX_FILES } else { MAX_PICTURES };
        let times = times.min(most.saturating_sub(self.written));
        let fitted;
        let frame = if PixelSize::new(frame.width, frame.height) == *size {
            frame
        } else {
            fitted = resized(frame, *size);
            &fitted
        };
        for _ in 0..times {
            self.written += 1;
            match output {
                VideoOutput::Encoder { stdin: Some(stdin), .. } => {
                    stdin.write_all(&frame.rgba).context("the encoder has ended")?;
                }
                VideoOutput::Encoder { stdin: None, .. } => bail!("the encoder has no input"),
                VideoOutput::Files => {
                    write_png(&self.part.join(format!("picture-{:06}.png", self.written)), frame)?;
                }
            }
        }
        if self.written >= most {
            bail!("the video has reached its {most} pictures: begin another one");
        }
        Ok(())
    }

    /// Completes the video, and returns its file or folder. A video without pictures is deleted.
    pub(super) fn finish(mut self) -> Result<PathBuf> {
        let last = self.repeat_newest(1);
        if let Err(error) = last {
            tracing::debug!("the last picture of a video is missing: {error:#}");
        }
        let encoded = self.pictures_file();
        self.sound.finish().context("the sound can't be written")?;
        let whole = self.part.with_extension("");
        match self.output.take() {
            None => {
                std::fs::remove_dir_all(&self.part)?;
                bail!("the title has shown no picture meanwhile")
            }
            Some((VideoOutput::Files, _)) => {
                std::fs::rename(&self.part, &whole)?;
                Ok(whole)
            }
            Some((VideoOutput::Encoder { mut child, stdin, encoder }, _)) => {
                // The end of its input is the end of the pictures.
                drop(stdin);
                let status = child.wait()?;
                // The name may contain a dot, so `Path::with_extension` would cut it.
                let mut name = whole.into_os_string();
                name.push(".mp4");
                let file = PathBuf::from(name);
                if !status.success() {
                    bail!("the encoder has failed ({status}): {}", self.part.display());
                }
                let mut join = encoder.join(&encoded, &self.part.join("sound.wav"), &file);
                let errors = File::create(self.part.join("ffmpeg.txt"))?;
                let status = join.stdout(Stdio::null()).stderr(errors).status();
                let status = status.context("the encoder can't be run")?;
                if !status.success() {
                    bail!("pictures and sound are not joined ({status}): {}", self.part.display());
                }
                std::fs::remove_dir_all(&self.part)?;
                Ok(file)
            }
        }
    }
}

/// A picture in another size, by the nearest pixels.
fn resized(frame: &Frame, size: PixelSize) -> Frame {
    let PixelSize { width, height } = size;
    let mut rgba = Vec::with_capacity(width as usize * height as usize * 4);
    let nearest =
        |at: u32, to: u32, from: u32| (u64::from(at) * u64::from(from) / u64::from(to.max(1))) as usize;
    for y in 0..height {
        let row = nearest(y, height, frame.height) * frame.width as usize;
        for x in 0..width {
            let at = (row + nearest(x, width, frame.width)) * 4;
            rgba.extend_from_slice(frame.rgba.get(at..at + 4).unwrap_or(&[0, 0, 0, 255]));
        }
    }
    Frame { width, height, rgba }
}

#[cfg(test)]
mod tests {
    use super::super::encoder;
    use super::*;
    use std::process::Command;
    use xenia_sched::TICKS_PER_SECOND;
    use xenia_testing::{Tool, need};

    fn picture(value: u8, width: u32) -> SwapPicture {
        SwapPicture::Bytes(Frame { width, height: 20, rgba: vec![value; width as usize * 20 * 4] })
    }

    /// Half a second of pictures, and a quarter of sound.
    fn fill(writer: &mut VideoWriter) {
        writer.sound(&[9; 512]).unwrap();
        for at in 0..=15 {
            let width = if at == 7 { 10 } else { 30 };
            writer.picture(at * TICKS_PER_SECOND / 30, picture(at as u8 * 10, width)).unwrap();
        }
        writer.sound(&vec![7; SOUND_RATE as usize / 2]).unwrap();
    }

    #[test]
    fn without_an_encoder_there_are_pictures_and_sound() {
        let folder = tempfile::tempdir().unwrap();
        let part = folder.path().join("title.v1_001.part");
        std::fs::create_dir(&part).unwrap();
        let mut writer = VideoWriter::new(part.clone(), Speakers::Stereo, || None).unwrap();
        fill(&mut writer);
        let path = writer.finish().unwrap();
        assert_eq!((path.file_name().unwrap(), part.exists()), ("title.v1_001".as_ref(), false));
        let count = std::fs::read_dir(&path).unwrap().flatten().count();
        assert_eq!(count, 16 + 1, "half a second of pictures and the last one, and the sound");
        let sound = std::fs::metadata(path.join("sound.wav")).unwrap().len();
        // Three gaps of four pictures, then the sound; two speakers of two bytes.
        assert_eq!(sound, 44 + (3 * 4 * 1600 + u64::from(SOUND_RATE) / 4) * 4);
    }

    #[test]
    fn an_encoder_makes_one_file_that_has_both() {
        if !need(Tool::Ffmpeg) {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let part = folder.path().join("title.v1_001.part");
        std::fs::create_dir(&part).unwrap();
        let mut writer = VideoWriter::new(part.clone(), Speakers::Stereo, encoder::find).unwrap();
        fill(&mut writer);
        let path = writer.finish().unwrap();
        assert_eq!((path.file_name().unwrap(), part.exists()), ("title.v1_001.mp4".as_ref(), false));
        let probe = Command::new("ffprobe")
            .args(["-v", "error", "-show_entries", "stream=codec_type,nb_frames,width,height", "-of", "csv"])
            .arg(&path)
            .output();
        let text = String::from_utf8(probe.unwrap().stdout).unwrap();
        assert!(text.contains("video,30,20,16") && text.contains("audio"), "{text}");
    }

    #[test]
    fn a_video_without_pictures_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let part = folder.path().join("x_001.part");
        std::fs::create_dir(&part).unwrap();
        let writer = VideoWriter::new(part.clone(), Speakers::Surround, || None).unwrap();
        assert!(writer.finish().unwrap_err().to_string().contains("no picture"));
        assert!(!part.exists());
    }

    #[test]
    fn pictures_of_another_size_are_fitted() {
        let small = Frame { width: 2, height: 1, rgba: vec![1, 1, 1, 255, 2, 2, 2, 255] };
        let large = resized(&small, PixelSize::new(4, 2));
        assert_eq!(large.rgba.iter().step_by(4).copied().collect::<Vec<_>>(), [1, 1, 2, 2, 1, 1, 2, 2]);
        assert_eq!(
            resized(&Frame { width: 0, height: 0, rgba: vec![] }, PixelSize::new(1, 1)).rgba,
            [0, 0, 0, 255]
        );
    }
}
