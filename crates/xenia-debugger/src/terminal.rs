//! The debugger on a terminal.
//!
//! A thread reads the keys, so that each key ends the current slice of the run: Esc and Ctrl-C stop
//! the run, other keys are ignored while it runs. The terminal is restored when the session ends,
//! also by a panic.

mod backend;

use crate::draw::draw;
use crate::model::Model;
use crate::scene::{DebugScene, header};
use crate::session::{DebugSession, Watcher};
use anyhow::{Context, Result, bail};
use backend::HostTerminal;
use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use parking_lot::Mutex;
use ratatui_core::layout::Rect;
use ratatui_core::terminal::Terminal;
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use xenia::machine::{Debugged, FrontEnd, MachinePosition};
use xenia::say;
use xenia_gdb::Debuggee;

/// Interval between polls for the end of the session, and between pictures of a run.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// A session on the terminal.
#[derive(Debug, Default)]
pub struct OnTerminal {
    session: DebugSession,
}

/// Checks that there is a terminal.
///
/// # Errors
/// Standard input or output is not a terminal.
pub fn check() -> Result<()> {
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        bail!("the debugger needs a terminal; without one, --script FILE follows commands of a file");
    }
    Ok(())
}

impl OnTerminal {
    /// A session on the terminal.
    pub fn new(session: DebugSession) -> Self {
        Self { session }
    }
}

/// The terminal in the state that the debugger needs, until it is dropped.
struct Screen(Terminal<HostTerminal>);

impl Screen {
    fn open(session: &DebugSession) -> Result<Self> {
        // The message of a panic would be lost on the screen that is left.
        let message = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            backend::close();
            message(panic);
        }));
        let opened = HostTerminal::open().and_then(Terminal::new);
        let screen = Self(opened.context("the terminal can't be used")?);
        let text = session.model.text.clone();
        say::send_messages_to(Some(Box::new(move |message: &str| text.lock().add(message.as_bytes()))));
        Ok(screen)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        say::send_messages_to(None);
        backend::close();
    }
}

/// The keys, read by a separate thread.
struct Keys {
    events: Receiver<Event>,
    /// Set by each key.
    stop: Arc<Mutex<Arc<AtomicBool>>>,
    is_over: Arc<AtomicBool>,
}

impl Keys {
    /// Starts to read keys; each key sets `stop`.
    fn read(stop: Arc<AtomicBool>) -> Result<Self> {
        let (sender, events) = mpsc::channel();
        let is_over = Arc::new(AtomicBool::new(false));
        let ends = is_over.clone();
        let stop = Arc::new(Mutex::new(stop));
        let stopped = stop.clone();
        let read = move || {
            while !ends.load(Relaxed) {
                match event::poll(POLL_INTERVAL) {
                    Ok(false) => continue,
                    Ok(true) => {}
                    Err(_) => return,
                }
                let Ok(event) = event::read() else { return };
                let sent = sender.send(event);
                stopped.lock().store(true, Relaxed);
                if sent.is_err() {
                    return;
                }
            }
        };
        std::thread::Builder::new().name("keys".to_owned()).spawn(read).context("no thread for keys")?;
        Ok(Self { events, stop, is_over })
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.is_over.store(true, Relaxed);
    }
}

/// Whether an event requests that a run stop.
fn stops(event: &Event) -> bool {
    match event {
        Event::Key(KeyEvent { code, modifiers, kind, .. }) if *kind != KeyEventKind::Release => {
            *code == KeyCode::Esc || is_interrupt(*code, *modifiers)
        }
        _ => false,
    }
}

fn is_interrupt(code: KeyCode, modifiers: KeyModifiers) -> bool {
    code == KeyCode::Char('c') && modifiers.contains(KeyModifiers::CONTROL)
}

/// Polls the keys while the machine runs, and shows its position.
struct KeyWatcher<'a> {
    screen: &'a mut Screen,
    keys: &'a Keys,
    /// The screen before the run.
    scene: DebugScene,
    title: String,
    engine: &'static str,
    /// Time of the last change of the screen.
    last_draw: Instant,
}

impl Watcher for KeyWatcher<'_> {
    fn continues(&mut self, model: &Model, position: MachinePosition) -> bool {
        while let Ok(event) = self.keys.events.try_recv() {
            if stops(&event) {
                return false;
            }
        }
        if self.last_draw.elapsed() < POLL_INTERVAL {
            return true;
        }
        self.last_draw = Instant::now();
        self.scene.header = header(&self.title, self.engine, "runs: Esc stops", model, position);
        let Self { screen, scene, .. } = self;
        screen.0.draw(|frame| draw(scene, frame.buffer_mut())).is_ok()
    }
}

impl FrontEnd for OnTerminal {
    fn control(&mut self, machine: &mut Debugged<'_, '_>) -> Result<()> {
        let mut screen = Screen::open(&self.session)?;
        let keys = Keys::read(machine.stop_flag())?;
        self.session.begin(machine);
        while !self.session.model.is_over {
            let size = screen.0.size()?;
            let scene =
                DebugScene::gather(&mut self.session, machine, Rect::new(0, 0, size.width, size.height));
            screen.0.draw(|frame| draw(&scene, frame.buffer_mut()))?;
            let event = loop {
                match keys.events.recv_timeout(POLL_INTERVAL) {
                    Ok(event) => break Some(event),
                    Err(RecvTimeoutError::Disconnected) => bail!("the terminal is gone"),
                    Err(RecvTimeoutError::Timeout) if machine.idle() => {}
                    Err(RecvTimeoutError::Timeout) => break None,
                }
            };
            match event {
                None => break,
                Some(Event::Key(KeyEvent { code, modifiers, kind, .. })) if kind != KeyEventKind::Release => {
                    if is_interrupt(code, modifiers) {
                        break;
                    }
                    let mut watcher = KeyWatcher {
                        screen: &mut screen,
                        keys: &keys,
                        scene,
                        title: machine.title_name().to_owned(),
                        engine: machine.engine_name(),
                        last_draw: Instant::now(),
                    };
                    self.session.key(code, machine, &mut watcher);
                    // A launched title is stopped by another flag.
                    *keys.stop.lock() = machine.stop_flag();
                }
                Some(_) => {}
            }
        }
        Ok(())
    }
}
