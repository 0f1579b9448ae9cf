//! Delivery of notifications to the titles' listeners.

use crate::objects::dispatcher::Dispatcher;
use crate::status::failure::Fallible;
use xenia_memory::GuestMemory;
use xenia_sched::Cpu;
use xenia_sync::{Mutex, MutexGuard};
use xenia_user::notifications::{Notification, Notifications};

/// Listeners of notifications, and the signals of their objects.
#[derive(Clone, Copy)]
pub struct Notifier<'k> {
    pub(crate) memory: &'k GuestMemory,
    pub(crate) dispatcher: &'k Dispatcher,
    /// Held while a listener's queue and its signal change together.
    pub(crate) listeners: &'k Mutex<()>,
    pub(crate) notifications: &'k Mutex<Notifications>,
}

impl<'k> Notifier<'k> {
    /// Locks the listeners. A state that changes under the lock is reported in the order of the
    /// changes.
    pub(crate) fn lock(&self) -> MutexGuard<'k, ()> {
        self.listeners.lock()
    }

    /// Notifies all listeners, and wakes the threads that wait for a listener.
    pub fn notify(&self, cpu: &mut dyn Cpu, notification: Notification) -> Fallible<()> {
        // Also held while the listeners' signals change: a listener is signalled while its queue is
        // not empty.
        let _listeners = self.lock();
        self.notify_locked(cpu, notification)
    }

    /// Like [`Self::notify`], for callers that hold the listeners' lock.
    pub(crate) fn notify_locked(&self, cpu: &mut dyn Cpu, notification: Notification) -> Fallible<()> {
        let heard = self.notifications.lock().broadcast(notification);
        for listener in heard {
            self.dispatcher.set_event(self.memory, cpu, listener, 0)?;
        }
        Ok(())
    }
}
