//! The window and its event loop.

use crate::present::Presenter;
use std::sync::Arc;
use winit::application::ApplicationHandler;
use winit::dpi::LogicalSize;
use winit::event::{ElementState, WindowEvent};
use winit::event_loop::{ActiveEventLoop, EventLoop, EventLoopProxy};
use winit::keyboard::{Key, KeyCode, NamedKey, PhysicalKey};
use winit::window::{Fullscreen, Window, WindowId};
use xenia_gpu::Frame;

/// Why there is no window.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The system has no display to open a window on.
    #[error("no display: {0}")]
    NoDisplay(String),
    /// The graphics device can't be used.
    #[error("{what} {reason}")]
    Device {
        /// What is missing.
        what: &'static str,
        /// What the system says.
        reason: String,
    },
}

/// How the window starts.
#[derive(Clone, Debug)]
pub struct WindowConfig {
    /// Text in the title bar.
    pub title: String,
    /// Width in logical pixels.
    pub width: u32,
    /// Height in logical pixels.
    pub height: u32,
}

/// What the window sees of the keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyEvent {
    /// A key went down, or repeats.
    Pressed(KeyCode),
    /// A key went up.
    Released(KeyCode),
    /// The window lost the keyboard: keys that go up now are not seen.
    Lost,
}

enum Message {
    Frame(Frame),
    Ended,
}

/// Sends frames to the window; the window closes when the machine says that it ended.
#[derive(Clone)]
pub struct FrameSender {
    proxy: EventLoopProxy<Message>,
}

impl FrameSender {
    /// Shows `frame`. False if the window is gone.
    pub fn send(&self, frame: Frame) -> bool {
        self.proxy.send_event(Message::Frame(frame)).is_ok()
    }

    /// Closes the window.
    pub fn end(&self) {
        // An error says that it is closed already.
        let _ = self.proxy.send_event(Message::Ended);
    }
}

/// Opens a window, calls `start` with the sender for frames, and runs until the window is closed or
/// [`FrameSender::end`] is called. `start` is called only once there is a window. Must run on the main
/// thread. `keys` is told what is pressed; Escape and F11 are the window's own.
pub fn run(
    config: WindowConfig,
    keys: impl FnMut(KeyEvent) + 'static,
    start: impl FnOnce(FrameSender) + 'static,
) -> Result<(), RenderError> {
    let event_loop = EventLoop::<Message>::with_user_event()
        .build()
        .map_err(|error| RenderError::NoDisplay(error.to_string()))?;
    let sender = FrameSender { proxy: event_loop.create_proxy() };
    let start: (Start, _) = (Box::new(start), sender);
    let mut app = App { config, keys: Box::new(keys), start: Some(start), window: None, error: None };
    event_loop.run_app(&mut app).map_err(|error| RenderError::NoDisplay(error.to_string()))?;
    app.error.map_or(Ok(()), Err)
}

type Start = Box<dyn FnOnce(FrameSender)>;

struct App {
    config: WindowConfig,
    keys: Box<dyn FnMut(KeyEvent)>,
    start: Option<(Start, FrameSender)>,
    window: Option<(Arc<Window>, Presenter)>,
    error: Option<RenderError>,
}

impl App {
    fn open(&mut self, event_loop: &ActiveEventLoop) -> Result<(), RenderError> {
        let attributes = Window::default_attributes()
            .with_title(self.config.title.clone())
            .with_inner_size(LogicalSize::new(self.config.width, self.config.height));
        let window = event_loop
            .create_window(attributes)
            .map_err(|error| RenderError::NoDisplay(error.to_string()))?;
        let window = Arc::new(window);
        let presenter = Presenter::new(window.clone(), event_loop.owned_display_handle())?;
        self.window = Some((window, presenter));
        if let Some((start, sender)) = self.start.take() {
            start(sender);
        }
        Ok(())
    }
}

impl ApplicationHandler<Message> for App {
    fn resumed(&mut self, event_loop: &ActiveEventLoop) {
        if self.window.is_none()
            && let Err(error) = self.open(event_loop)
        {
            self.error = Some(error);
            event_loop.exit();
        }
    }

    fn user_event(&mut self, event_loop: &ActiveEventLoop, message: Message) {
        match (message, &mut self.window) {
            (Message::Frame(frame), Some((window, presenter))) => {
                presenter.upload(&frame);
                window.request_redraw();
            }
            (Message::Ended, _) => event_loop.exit(),
            (Message::Frame(_), None) => {}
        }
    }

    fn window_event(&mut self, event_loop: &ActiveEventLoop, _: WindowId, event: WindowEvent) {
        let Some((window, presenter)) = &mut self.window else { return };
        match event {
            WindowEvent::CloseRequested => event_loop.exit(),
            WindowEvent::Resized(size) => {
                presenter.resize(size.width, size.height);
                window.request_redraw();
            }
            WindowEvent::RedrawRequested => presenter.draw(),
            WindowEvent::Focused(false) => (self.keys)(KeyEvent::Lost),
            WindowEvent::KeyboardInput { event, .. } => {
                let pressed = event.state == ElementState::Pressed;
                match (event.logical_key, event.physical_key) {
                    (Key::Named(NamedKey::F11), _) if pressed => {
                        let next = match window.fullscreen() {
                            None => Some(Fullscreen::Borderless(None)),
                            Some(_) => None,
                        };
                        window.set_fullscreen(next);
                    }
                    (Key::Named(NamedKey::Escape), _) if pressed => event_loop.exit(),
                    (_, PhysicalKey::Code(code)) if pressed => (self.keys)(KeyEvent::Pressed(code)),
                    (_, PhysicalKey::Code(code)) => (self.keys)(KeyEvent::Released(code)),
                    _ => {}
                }
            }
            _ => {}
        }
    }
}
