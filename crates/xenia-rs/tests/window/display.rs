//! A private X display, the window on it, and simulated input.

use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use x11rb::connection::Connection;
use x11rb::cookie::VoidCookie;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ClientMessageEvent, ConfigureWindowAux, ConnectionExt as _, EventMask, ImageFormat,
    InputFocus, Window,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

/// Timeout of every operation. A development build draws a frame of the demo in seconds on a
/// machine whose processors are all busy.
const TIMEOUT: Duration = Duration::from_mins(4);
/// Shortest and longest interval of polls.
const INTERVALS: [Duration; 2] = [Duration::from_millis(20), Duration::from_millis(200)];
const KEY_PRESS: u8 = 2;
const KEY_RELEASE: u8 = 3;

/// A key, by the X server's code: the kernel's code plus 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Escape = 9,
    R = 27,
    Enter = 36,
    Period = 60,
    F1 = 67,
    F3 = 69,
    F6 = 72,
    F9 = 75,
    F10 = 76,
    F12 = 96,
    Down = 116,
    Pause = 127,
}

/// An X server without a screen; it ends with the test.
pub(crate) struct Display {
    server: Child,
    pub(crate) name: String,
}

impl Display {
    /// Starts an X server.
    pub(crate) fn start() -> Result<Self> {
        let started = Command::new("Xvfb")
            // A reset, which follows the end of the last client, would end newer connections.
            .args(["-displayfd", "1", "-screen", "0", "1360x800x24", "-nolisten", "tcp", "-noreset"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut server = started.context("Xvfb")?;
        let mut number = String::new();
        let read = server.stdout.take().map(|out| BufReader::new(out).read_line(&mut number));
        let display = Self { server, name: format!(":{}", number.trim()) };
        match read {
            Some(Ok(_)) if !number.trim().is_empty() => Ok(display),
            _ => bail!("Xvfb does not start"),
        }
    }

    /// Ends the X server at once, as a logout does.
    pub(crate) fn end(&mut self) -> Result<()> {
        self.server.kill()?;
        self.server.wait()?;
        Ok(())
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Polls until there is an answer. After each poll the program has three times as long for its
/// work, within [`INTERVALS`]: a poll that compares the window's contents takes as long in a
/// development build as the frame that it waits for.
pub(crate) fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let start = Instant::now();
    loop {
        let asked = Instant::now();
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        if start.elapsed() > TIMEOUT {
            bail!("waited {TIMEOUT:?} for {what}");
        }
        let [shortest, longest] = INTERVALS;
        std::thread::sleep((asked.elapsed() * 3).clamp(shortest, longest));
    }
}

/// The program's window, through a connection of the test.
pub(crate) struct TestWindow {
    connection: RustConnection,
    root: Window,
    window: Window,
    name: Atom,
}

impl TestWindow {
    /// Finds the window whose title ends like this, and gives it the keyboard. `alive` says whether
    /// it may still appear.
    pub(crate) fn find(
        display: &Display,
        title: &str,
        mut alive: impl FnMut() -> bool,
    ) -> Result<Option<Self>> {
        let (connection, screen) = x11rb::connect(Some(&display.name))?;
        let root = connection.setup().roots.get(screen).context("no screen")?.root;
        let name = connection.intern_atom(false, b"_NET_WM_NAME")?.reply()?.atom;
        let mut this = Self { connection, root, window: root, name };
        let found = wait_for("the window", || {
            for window in this.connection.query_tree(root)?.reply()?.children {
                if this.title_of(window)?.ends_with(title) {
                    return Ok(Some(Some(window)));
                }
            }
            Ok((!alive()).then_some(None))
        })?;
        let Some(window) = found else { return Ok(None) };
        this.window = window;
        // There is no window manager that would set the keyboard focus.
        wait_for("the keyboard", || {
            this.connection.set_input_focus(InputFocus::PARENT, window, x11rb::CURRENT_TIME)?.check().ok();
            let has = this.connection.get_input_focus()?.reply()?.focus == window;
            Ok(has.then_some(()))
        })?;
        Ok(Some(this))
    }

    fn title_of(&self, window: Window) -> Result<String> {
        let property =
            self.connection.get_property(false, window, self.name, AtomEnum::ANY, 0, 1000)?.reply()?;
        Ok(String::from_utf8_lossy(&property.value).into_owned())
    }

    /// Text of the title bar.
    pub(crate) fn title(&self) -> Result<String> {
        self.title_of(self.window)
    }

    /// Presses and releases a key. Both are sent at once: the server repeats a key that is held.
    pub(crate) fn press(&self, key: Key) -> Result<()> {
        let sent = [self.send(KEY_PRESS, key)?, self.send(KEY_RELEASE, key)?];
        for request in sent {
            request.check()?;
        }
        Ok(())
    }

    /// Holds a key down.
    pub(crate) fn hold(&self, key: Key) -> Result<()> {
        Ok(self.send(KEY_PRESS, key)?.check()?)
    }

    /// Releases a key that is held down.
    pub(crate) fn release(&self, key: Key) -> Result<()> {
        Ok(self.send(KEY_RELEASE, key)?.check()?)
    }

    fn send(&self, kind: u8, key: Key) -> Result<VoidCookie<'_, RustConnection>> {
        Ok(self.connection.xtest_fake_input(kind, key as u8, 0, self.root, 0, 0, 0)?)
    }

    /// Resizes the window.
    pub(crate) fn resize(&self, width: u32, height: u32) -> Result<()> {
        let size = ConfigureWindowAux::new().width(width).height(height);
        Ok(self.connection.configure_window(self.window, &size)?.check()?)
    }

    /// Contents of the window: width, height, and four bytes a pixel as in [`xenia_gpu::Frame`].
    pub(crate) fn look(&self) -> Result<(u32, u32, Vec<u8>)> {
        let at = self.connection.get_geometry(self.window)?.reply()?;
        let width = at.width;
        let height = at.height;
        let image = self
            .connection
            .get_image(ImageFormat::Z_PIXMAP, self.window, 0, 0, width, height, !0)?
            .reply()
            .context("reading the window")?;
        let mut pixels = image.data;
        for pixel in pixels.as_chunks_mut::<4>().0 {
            *pixel = [pixel[2], pixel[1], pixel[0], 255];
        }
        Ok((u32::from(width), u32::from(height), pixels))
    }

    /// Gives the keyboard to the window.
    pub(crate) fn give_keyboard(&self) -> Result<()> {
        self.set_focus(self.window)
    }

    /// Takes the keyboard from the window and gives it to none.
    pub(crate) fn take_keyboard(&self) -> Result<()> {
        self.set_focus(x11rb::NONE)
    }

    fn set_focus(&self, window: Window) -> Result<()> {
        let set = self.connection.set_input_focus(InputFocus::PARENT, window, x11rb::CURRENT_TIME)?;
        Ok(set.check()?)
    }

    /// Destroys the window without a word to the program.
    pub(crate) fn destroy(&self) -> Result<()> {
        Ok(self.connection.destroy_window(self.window)?.check()?)
    }

    /// Asks the window to close, as its close button does.
    pub(crate) fn close(&self) -> Result<()> {
        let atom =
            |name: &[u8]| -> Result<Atom> { Ok(self.connection.intern_atom(false, name)?.reply()?.atom) };
        let data = [atom(b"WM_DELETE_WINDOW")?, x11rb::CURRENT_TIME, 0, 0, 0];
        let event = ClientMessageEvent::new(32, self.window, atom(b"WM_PROTOCOLS")?, data);
        Ok(self.connection.send_event(false, self.window, EventMask::NO_EVENT, event)?.check()?)
    }
}
