//! The system's default output of sound, by the functions `waveOut…` of winmm, which play through
//! WASAPI since Windows Vista.
//!
//! A thread of the value's own has the output from its opening to its end, and refills each buffer
//! that was played. Source: Microsoft, "waveOutOpen function", "WAVEFORMATEXTENSIBLE structure".

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;
use windows_sys::Win32::Media::Audio::{
    CALLBACK_EVENT, HWAVEOUT, WAVE_FORMAT_PCM, WAVE_MAPPER, WAVEFORMATEX, WAVEFORMATEXTENSIBLE,
    WAVEFORMATEXTENSIBLE_0, WAVEHDR, WHDR_DONE, waveOutClose, waveOutOpen, waveOutPrepareHeader,
    waveOutReset, waveOutUnprepareHeader, waveOutWrite,
};
use windows_sys::Win32::Media::KernelStreaming::{KSDATAFORMAT_SUBTYPE_PCM, WAVE_FORMAT_EXTENSIBLE};
use windows_sys::Win32::System::Threading::{CreateEventW, WaitForSingleObject};

/// Number of buffers that are played in turn.
const BUFFERS: usize = 4;
/// Length of a buffer, in milliseconds.
const BUFFER_MS: u32 = 20;
/// Longest wait for a played buffer: so long may the end of the thread take.
const MAX_WAIT_MS: u32 = 50;
/// Speakers in the order of the samples: two in front, the centre, the low one, two behind.
const SURROUND: u32 = 0x3F;
/// Timeout of the opening: a driver may hang.
const TIMEOUT: Duration = Duration::from_secs(3);

/// An output that plays until it is dropped.
pub struct WaveOutput {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl WaveOutput {
    /// Length of all buffers, in milliseconds.
    pub const LATENCY_MS: u32 = BUFFERS as u32 * BUFFER_MS;

    /// Opens the user's default output for `rate` samples a second of 16 bits in 2 or 6 channels.
    /// `fill` is called on a separate thread, with buffers to fill.
    ///
    /// # Errors
    /// The host has no sound output, or the output does not take the format.
    pub fn open(channels: u16, rate: u32, fill: impl FnMut(&mut [i16]) + Send + 'static) -> io::Result<Self> {
        let is_over = Arc::new(AtomicBool::new(false));
        let ended = is_over.clone();
        let (done, answer) = mpsc::channel();
        let thread = std::thread::Builder::new().name("sound".to_owned()).spawn(move || {
            let opened = Opened::new(channels, rate);
            // The caller may have given up.
            match opened {
                Ok(opened) if done.send(Ok(())).is_ok() => opened.play(&ended, fill),
                Ok(_) => {}
                Err(error) => drop(done.send(Err(error))),
            }
        })?;
        // Made first: dropping it ends the thread.
        let output = Self { is_over, thread: Some(thread) };
        match answer.recv_timeout(TIMEOUT) {
            Ok(Ok(())) => Ok(output),
            Ok(Err(error)) => Err(error),
            Err(_) => {
                output.is_over.store(true, Relaxed);
                // It hangs: not waited for.
                std::mem::forget(output);
                Err(io::Error::other("the sound device does not answer"))
            }
        }
    }
}

impl Drop for WaveOutput {
    fn drop(&mut self) {
        self.is_over.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic of `fill` was reported where it happened.
            let _ = thread.join();
        }
    }
}

/// The open output, used by one thread.
struct Opened {
    output: HWAVEOUT,
    /// Set each time that a buffer was played.
    played: OwnedHandle,
    /// Samples in a buffer.
    length: usize,
}

fn succeeded(call: &str, answer: u32) -> io::Result<()> {
    if answer == 0 { Ok(()) } else { Err(io::Error::other(format!("{call} failed with error {answer}"))) }
}

impl Opened {
    fn new(channels: u16, rate: u32) -> io::Result<Self> {
        // SAFETY: makes an object without a name.
        let event = unsafe { CreateEventW(ptr::null(), 0, 0, ptr::null()) };
        if event.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the call returned a handle, which no other code has.
        let played = unsafe { OwnedHandle::from_raw_handle(event) };
        let is_plain = channels <= 2;
        let block = channels * 2;
        let format = WAVEFORMATEX {
            wFormatTag: if is_plain { WAVE_FORMAT_PCM } else { WAVE_FORMAT_EXTENSIBLE } as u16,
            nChannels: channels,
            nSamplesPerSec: rate,
            nAvgBytesPerSec: rate * u32::from(block),
            nBlockAlign: block,
            wBitsPerSample: 16,
            cbSize: if is_plain {
                0
            } else {
                (size_of::<WAVEFORMATEXTENSIBLE>() - size_of::<WAVEFORMATEX>()) as u16
            },
        };
        let format = WAVEFORMATEXTENSIBLE {
            Format: format,
            Samples: WAVEFORMATEXTENSIBLE_0 { wValidBitsPerSample: 16 },
            dwChannelMask: SURROUND,
            SubFormat: KSDATAFORMAT_SUBTYPE_PCM,
        };
        let mut output = ptr::null_mut();
        // SAFETY: the format is read by the call, whose first part determines its length; the event
        // is open as long as the output, which `drop` closes first.
        let answer = unsafe {
            let format = (&raw const format).cast();
            waveOutOpen(&raw mut output, WAVE_MAPPER, format, event as usize, 0, CALLBACK_EVENT)
        };
        succeeded("waveOutOpen", answer)?;
        let length = (rate * BUFFER_MS / 1000) as usize * usize::from(channels);
        Ok(Self { output, played, length })
    }

    /// Plays until `is_over`, or until the output is gone.
    fn play(&self, is_over: &AtomicBool, mut fill: impl FnMut(&mut [i16])) {
        let size = size_of::<WAVEHDR>() as u32;
        let mut samples = vec![0_i16; BUFFERS * self.length];
        let mut headers = [WAVEHDR::default(); BUFFERS];
        let samples = samples.as_mut_ptr();
        let headers = headers.as_mut_ptr();
        // SAFETY: inside the vector.
        let part = |buffer: usize| unsafe { samples.add(buffer * self.length) };
        // SAFETY: inside the array. The driver writes to headers as well, so there are no
        // references to them.
        let header = |buffer: usize| unsafe { headers.add(buffer) };
        let mut is_gone = false;
        for buffer in 0..BUFFERS {
            let header = header(buffer);
            // SAFETY: the buffer's samples and header stay where they are until the end of this
            // function, which first takes both back from the driver.
            is_gone |= unsafe {
                (*header).lpData = part(buffer).cast();
                (*header).dwBufferLength = (self.length * 2) as u32;
                let prepared = waveOutPrepareHeader(self.output, header, size);
                // As if it had been played: it is filled first.
                (*header).dwFlags |= WHDR_DONE;
                prepared != 0
            };
        }
        while !is_gone && !is_over.load(Relaxed) {
            for buffer in 0..BUFFERS {
                let header = header(buffer);
                // SAFETY: the driver may change the flags at any time, so they are read again.
                if unsafe { (&raw const (*header).dwFlags).read_volatile() } & WHDR_DONE == 0 {
                    continue;
                }
                // SAFETY: the driver does not use a buffer that is done.
                fill(unsafe { std::slice::from_raw_parts_mut(part(buffer), self.length) });
                // SAFETY: a prepared header, which the driver has until it sets the flag again.
                is_gone |= unsafe {
                    (*header).dwFlags &= !WHDR_DONE;
                    waveOutWrite(self.output, header, size) != 0
                };
            }
            // SAFETY: the handle is open.
            unsafe { WaitForSingleObject(self.played.as_raw_handle(), MAX_WAIT_MS) };
        }
        // SAFETY: the driver gives all buffers back.
        unsafe { waveOutReset(self.output) };
        for buffer in 0..BUFFERS {
            // SAFETY: prepared above, and given back.
            unsafe { waveOutUnprepareHeader(self.output, header(buffer), size) };
        }
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        // SAFETY: opened by `new`, closed once; it has no buffers any more.
        unsafe { waveOutClose(self.output) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    /// Without a device both formats are refused, and with one both are played.
    #[test]
    fn buffers_are_asked_for_while_an_output_is_open() {
        let mut opened = Vec::new();
        for channels in [2, 6] {
            let (sender, receiver) = mpsc::channel();
            let output = WaveOutput::open(channels, 48_000, move |buffer: &mut [i16]| {
                buffer.fill(0);
                let _ = sender.send(buffer.len());
            });
            opened.push(output.is_ok());
            let Ok(output) = output else { continue };
            let start = Instant::now();
            for _ in 0..3 * BUFFERS {
                let length = receiver.recv_timeout(Duration::from_mins(1)).expect("it plays on");
                assert_eq!(length, 960 * usize::from(channels));
            }
            // The last of these was requested after eight others were played, or were dropped by
            // a driver that plays too fast.
            assert!(start.elapsed() < Duration::from_mins(1));
            drop(output);
            receiver.iter().for_each(drop); // ends: the thread does, and `sender` with it
        }
        assert!(opened[0] == opened[1] || opened[0], "{opened:?}");
    }
}
