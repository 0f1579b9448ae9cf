//! System notifications (`XamNotify*`, `XNotify*`).
//!
//! A new listener first gets the present state. All of it but the link is read under the lock of
//! the listeners, so that no later change is lost or comes before it.

use super::input;
use crate::abi::{Call, Handle, OptionalOut, Out, WideText};
use crate::named_objects::make_nameless;
use crate::objects::ObjectKind;
use crate::objects::dispatcher::{initialize, kind};
use crate::status::failure::Fallible;
use xenia_guest::layout::dispatcher_header;
use xenia_guest::{GuestAddr, Win32Error};
use xenia_kernel_macros::exports;
use xenia_user::notifications::{Notification, NotificationState};

/// Exports of notifications.
pub struct Notify;

/// The newest version of notifications.
const NEWEST_VERSION: u32 = 10;

fn create(call: &mut Call, areas: u64, version: u32) -> Fallible<Handle> {
    let size = dispatcher_header::SIZE;
    let handle = make_nameless(call, ObjectKind::Listener, size, |call, listener| {
        call.kernel.user.notifications.lock().listen(listener, areas, version.min(NEWEST_VERSION));
        initialize(call.memory(), listener, kind::MANUAL_EVENT, size, 0)
    })?;
    // Another thread may have guessed the handle and closed it.
    if let Ok(listener) = call.kernel.objects.resolve_kind(handle, ObjectKind::Listener) {
        let user = &call.kernel.user;
        let has_link = call.kernel.net.lock().has_link();
        // State changes are broadcast under this lock, so changes after the state is read here are
        // queued after it.
        let _listeners = call.kernel.listeners.lock();
        let title_plays_music = user.music.is_of_title();
        let shows_ui = user.dialog.is_shown();
        let users = user.profiles.lock().mask();
        let state = NotificationState { shows_ui, users, has_link, title_plays_music };
        if user.notifications.lock().begin(listener.body(), state) {
            call.kernel.dispatcher.set_event(&call.kernel.memory, call.cpu, listener.body(), 0)?;
        }
    }
    Ok(handle)
}

#[exports(xam)]
impl Notify {
    /// Creates a listener for areas (a bit per area), up to a version. Returns null if memory is
    /// exhausted.
    #[export(Done)]
    fn XamNotifyCreateListener(call: &mut Call, areas: u64, version: u32) -> Fallible<Handle> {
        create(call, areas, version)
    }

    /// Like `XamNotifyCreateListener`, also for system listeners.
    #[export(Done)]
    fn XamNotifyCreateListenerInternal(
        call: &mut Call,
        areas: u64,
        _system: bool,
        version: u32,
    ) -> Fallible<Handle> {
        create(call, areas, version)
    }

    /// Returns a listener's oldest notification, or the oldest with an id; false if there is none.
    #[export(Done)]
    fn XNotifyGetNext(
        call: &mut Call,
        listener: Handle,
        wanted: u32,
        id: Option<Out<u32>>,
        parameter: Option<Out<u32>>,
    ) -> Fallible<bool> {
        let memory = call.memory();
        parameter.set(memory, 0)?;
        let Some(id) = id else { return Ok(false) };
        id.set(memory, 0)?;
        input::poll_connections(call)?;
        let Ok(listener) = call.kernel.objects.resolve_kind(listener, ObjectKind::Listener) else {
            return Ok(false);
        };
        let body = listener.body();
        let next = {
            let _listeners = call.kernel.listeners.lock();
            let (next, is_empty) = {
                let mut notifications = call.kernel.user.notifications.lock();
                let next = notifications.take(body, Some(wanted).filter(|&wanted| wanted != 0));
                (next, notifications.is_empty(body))
            };
            if is_empty {
                call.kernel.dispatcher.reset_event(memory, body)?;
            }
            next
        };
        let Some(next) = next else { return Ok(false) };
        id.set(memory, next.id)?;
        parameter.set(memory, next.parameter)?;
        Ok(true)
    }

    /// Notifies all listeners of the notification's area.
    #[export(Done)]
    fn XNotifyBroadcast(call: &mut Call, id: u32, parameter: u32) -> Fallible<u32> {
        call.kernel.notifier().notify(call.cpu, Notification { id, parameter })?;
        Ok(0)
    }

    /// Shows a pop-up: its text is a message in the window and a line of the log. One without a
    /// text shows the number of its kind, because the console's texts are absent.
    #[export(Done)]
    fn XNotifyQueueUI(
        call: &mut Call,
        kind: u32,
        _user: u32,
        _areas: u64,
        text: Option<WideText>,
        _context: GuestAddr,
    ) -> Fallible<Win32Error> {
        let text = text.map(|text| text.text(call.memory())).transpose()?.unwrap_or_default();
        if text.is_empty() {
            tracing::info!(target: "popups", "notification {kind}");
        } else {
            tracing::info!(target: "popups", "{text:?}");
        }
        Ok(Win32Error::SUCCESS)
    }

    /// Delays the system's pop-ups: the window's messages are shown at once, since they cover only
    /// a corner.
    #[export(Constant)]
    fn XNotifyDelayUI(_call: &mut Call, _milliseconds: u32) -> Win32Error {
        Win32Error::SUCCESS
    }

    /// Sets the position of the system's pop-ups: the window's messages have one place.
    #[export(Constant)]
    fn XNotifyPositionUI(_call: &mut Call, _position: u32) {}
}
