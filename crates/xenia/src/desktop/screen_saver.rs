//! Screen saver and lock of the desktop: held off while a title runs, which a pad alone may play.

use super::{DesktopProgram, none_installed, plain, quiet};
use std::io;
use std::process::{Child, Stdio};
use std::thread;
use xenia_host::display::DisplayHold;
use xenia_host::process::apart;

/// Programs that hold them off while the program that they start runs: logind's, which KDE and
/// others respect, GNOME's, whose inhibitors are its own, and macOS's. `cat` ends with its input,
/// and so with this process, whatever ends that. Sources: systemd-inhibit(1),
/// gnome-session-inhibit(1), caffeinate(8).
const HOLDERS: &[DesktopProgram] = &[
    plain(&["systemd-inhibit", "--what=idle", "--who=xenia-rs", "--why=a title runs", "--mode=block", "cat"]),
    plain(&[
        "gnome-session-inhibit",
        "--inhibit",
        "idle",
        "--app-id",
        "xenia-rs",
        "--reason",
        "a title runs",
        "cat",
    ]),
    plain(&["caffeinate", "-d", "cat"]),
];

/// The desktop's screen saver, and the lock that comes with it.
#[derive(Debug, Default)]
pub struct ScreenSaver {
    hold: Option<ScreenHold>,
    /// Whether no program holds it off.
    is_refused: bool,
}

impl ScreenSaver {
    /// Holds the screen saver off, or lets it begin. Missing programs are logged once, programs
    /// that fail when the hold ends.
    pub fn hold_off(&mut self, on: bool) {
        if !on {
            self.hold = None;
        } else if self.hold.is_none() && !self.is_refused {
            match ScreenHold::new(HOLDERS) {
                Ok(hold) => self.hold = Some(hold),
                Err(error) => {
                    self.is_refused = true;
                    tracing::debug!("the screen saver is not held off: {error}");
                }
            }
        }
    }
}

/// Holds the screen saver off until it is dropped.
#[derive(Debug)]
struct ScreenHold {
    /// The system's own request, where it has one.
    _display: Option<DisplayHold>,
    /// Programs that run until their input ends.
    children: Vec<Child>,
}

impl ScreenHold {
    /// Makes the system's own request, else starts all of `programs` that are installed: which one
    /// the desktop respects is unknown.
    fn new(programs: &[DesktopProgram]) -> io::Result<Self> {
        match DisplayHold::new() {
            Ok(display) => Ok(Self { _display: Some(display), children: Vec::new() }),
            Err(_) => Ok(Self { _display: None, children: start(programs)? }),
        }
    }
}

impl Drop for ScreenHold {
    fn drop(&mut self) {
        let mut children = std::mem::take(&mut self.children);
        if children.is_empty() {
            return;
        }
        for child in &mut children {
            drop(child.stdin.take());
        }
        // Without this thread, they are reaped when the process ends.
        let _ = thread::Builder::new().spawn(move || {
            for mut child in children {
                if let Ok(status) = child.wait()
                    && !status.success()
                {
                    tracing::debug!("a program that holds the screen saver off has failed: {status}");
                }
            }
        });
    }
}

/// Starts all programs that are installed, with pipes as their inputs.
fn start(programs: &[DesktopProgram]) -> io::Result<Vec<Child>> {
    let mut children = Vec::new();
    let mut last = None;
    for program in programs {
        match apart(&mut quiet(*program)).stdin(Stdio::piped()).spawn() {
            Ok(child) => children.push(child),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => last = Some(error),
        }
    }
    if children.is_empty() {
        return Err(last.unwrap_or_else(|| io::Error::other(none_installed(programs))));
    }
    Ok(children)
}

#[cfg(test)]
mod tests {
    #[cfg(unix)]
    #[test]
    fn programs_run_until_their_input_ends() {
        use super::{plain, start};
        let missing = plain(&["no-program-of-this-name"]);
        let mut children = start(&[missing, plain(&["cat"])]).unwrap();
        assert_eq!(children.len(), 1);
        let input = children[0].stdin.take().unwrap();
        assert!(children[0].try_wait().unwrap().is_none(), "it ends before its input");
        drop(input);
        assert!(children[0].wait().unwrap().success());
        let error = start(&[missing]).unwrap_err().to_string();
        assert!(error.ends_with("is installed: no-program-of-this-name"), "{error}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn programs_end_and_are_reaped_after_the_hold() {
        use super::{ScreenHold, plain, start};
        use std::time::{Duration, Instant};
        let hold = ScreenHold { _display: None, children: start(&[plain(&["cat"])]).unwrap() };
        let process = std::path::PathBuf::from(format!("/proc/{}", hold.children[0].id()));
        assert!(process.exists());
        drop(hold);
        let begin = Instant::now();
        while process.exists() {
            assert!(begin.elapsed() < Duration::from_mins(1), "it still runs, or is a zombie");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
