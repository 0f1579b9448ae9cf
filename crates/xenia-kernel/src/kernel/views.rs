//! Views of the kernel: the parts that one subsystem works on, without the rest.
//!
//! An operation that spans several parts is a method of a view, in the file of its subject, so its
//! type says which parts it can touch.

use super::Kernel;
use crate::discs::DiscDrive;
use crate::display::VideoEvents;
use crate::thread::apc::ApcQueues;
use crate::thread::holders::LockHolders;
use crate::thread::life::ThreadLife;
use crate::thread::service::ServiceThreads;
use crate::user::gamer_data::GamerData;
use crate::user::notifier::Notifier;

impl Kernel {
    /// Achievements, played titles and pictures of users.
    pub fn gamer_data(&self) -> GamerData<'_> {
        let Self { modules, files, user, config, .. } = self;
        GamerData { modules, files, profiles: &user.profiles, xconfig: &user.xconfig, locale: &config.locale }
    }

    /// Delivery of notifications.
    pub(crate) fn notifier(&self) -> Notifier<'_> {
        let Self { memory, dispatcher, listeners, user, .. } = self;
        Notifier { memory, dispatcher, listeners, notifications: &user.notifications }
    }

    /// The disc drive.
    pub(crate) fn disc_drive(&self) -> DiscDrive<'_> {
        let Self { memory, dispatcher, modules, files, devices, .. } = self;
        DiscDrive { memory, dispatcher, modules, files, drive: &devices.drive }
    }

    /// Creation, look-up and end of threads.
    pub fn thread_life(&self) -> ThreadLife<'_> {
        let Self { memory, limits, clock, pool, objects, dispatcher, threads, tls, frame_count, .. } = self;
        let clock = *clock;
        ThreadLife { memory, limits, clock, pool, objects, dispatcher, threads, tls, frame_count }
    }

    /// APC queues and alerts.
    pub fn apcs(&self) -> ApcQueues<'_> {
        let Self { memory, limits, dispatcher, threads, pending_apcs, pending_calls, .. } = self;
        ApcQueues { memory, limits, dispatcher, threads, pending_apcs, pending_calls }
    }

    /// Service threads, which run interrupt callbacks and DPCs.
    pub fn services(&self) -> ServiceThreads<'_> {
        let Self { memory, threads, service_turns: turns, pending_calls, imports, .. } = self;
        let service_return = imports.own_stubs.service_return;
        ServiceThreads { memory, threads, turns, pending_calls, life: self.thread_life(), service_return }
    }

    /// Look-up of lock holders, for reports.
    pub(crate) fn lock_holders(&self) -> LockHolders<'_> {
        let Self { memory, dispatcher, threads, .. } = self;
        LockHolders { memory, dispatcher, threads }
    }

    /// Events of the graphics chip.
    pub(crate) fn video_events(&self) -> VideoEvents<'_> {
        let Self { memory, display, devices, .. } = self;
        VideoEvents { memory, video: &devices.video, display, services: self.services() }
    }
}
