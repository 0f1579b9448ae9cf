//! Views of the kernel: the parts that one subsystem works on, without the rest.
//!
//! An operation that spans several parts is a method of a view, in the file of its subject, so its
//! type says which parts it can touch.

use super::Kernel;
use crate::discs::DiscDrive;
use crate::display::VideoEvents;
use crate::files::FileRequests;
use crate::loader::{ModuleLoader, Symbolizer};
use crate::sockets::Sockets;
use crate::sound::RenderCallbacks;
use crate::thread::apc::ApcQueues;
use crate::thread::holders::LockHolders;
use crate::thread::life::ThreadLife;
use crate::thread::service::ServiceThreads;
use crate::thread::timer_calls::TimerCalls;
use crate::user::dialogs::DialogControl;
use crate::user::gamer_data::GamerData;
use crate::user::music::MusicControl;
use crate::user::notifier::Notifier;
use crate::user::overlapped::OverlappedRequests;

impl Kernel {
    /// Achievements, played titles and pictures of users.
    pub fn gamer_data(&self) -> GamerData<'_> {
        let Self { modules, files, user, config, .. } = self;
        GamerData { modules, files, profiles: &user.profiles, xconfig: &user.xconfig, locale: &config.locale }
    }

    /// Delivery of notifications.
    pub fn notifier(&self) -> Notifier<'_> {
        let Self { memory, dispatcher, listeners, user, .. } = self;
        Notifier { memory, dispatcher, listeners, notifications: &user.notifications }
    }

    /// View for changing the disc in the drive.
    pub fn disc_drive(&self) -> DiscDrive<'_> {
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
    #[inline]
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
        let Self { memory, display, chips, .. } = self;
        VideoEvents { memory, video: &chips.video, display, services: self.services() }
    }

    /// Expiry of timers.
    pub fn timer_calls(&self) -> TimerCalls<'_> {
        let Self { memory, clock, dispatcher, .. } = self;
        let services = self.services();
        let apcs = self.apcs();
        TimerCalls { memory, clock: *clock, dispatcher, services, apcs }
    }

    /// Requests on open files.
    pub fn file_requests(&self) -> FileRequests<'_> {
        let Self { memory, clock, pool, objects, dispatcher, files, file_tables: tables, transfers, .. } =
            self;
        let clock = *clock;
        let apcs = self.apcs();
        FileRequests { memory, clock, pool, objects, dispatcher, files, tables, transfers, apcs }
    }

    /// Socket calls, and their effects.
    pub fn sockets(&self) -> Sockets<'_> {
        let Self { memory, net, dispatcher, .. } = self;
        Sockets { memory, net, dispatcher, apcs: self.apcs() }
    }

    /// Completion of overlapped structures.
    pub(crate) fn overlapped_requests(&self) -> OverlappedRequests<'_> {
        let Self { memory, requests, objects, dispatcher, .. } = self;
        OverlappedRequests { memory, requests, objects, dispatcher, apcs: self.apcs() }
    }

    /// Callbacks of the render driver's clients.
    pub fn render_callbacks(&self) -> RenderCallbacks<'_> {
        let Self { memory, pool, render_driver: driver, devices, pending_calls, imports, .. } = self;
        RenderCallbacks {
            memory,
            pool,
            driver,
            audio: &devices.audio,
            life: self.thread_life(),
            pending_calls,
            service_return: imports.own_stubs.service_return,
            thread_return: imports.own_stubs.thread_return,
        }
    }

    /// Control of the music player.
    pub fn music_control(&self) -> MusicControl<'_> {
        let Self { user, render_driver: driver, devices, files, config, .. } = self;
        MusicControl {
            player: &user.music,
            notifier: self.notifier(),
            driver,
            audio: &devices.audio,
            files,
            image_path: &config.image_path,
        }
    }

    /// The open dialog.
    pub(crate) fn dialogs(&self) -> DialogControl<'_> {
        let Self { memory, user, files, devices, clock, .. } = self;
        DialogControl {
            memory,
            user,
            files,
            port: &devices.dialogs,
            notifier: self.notifier(),
            drive: self.disc_drive(),
            overlapped: self.overlapped_requests(),
            gamer_data: self.gamer_data(),
            clock: *clock,
        }
    }

    /// Loading and unloading of modules.
    pub fn loader(&self) -> ModuleLoader<'_> {
        let Self { memory, limits, pool, objects, files, imports, modules, config, .. } = self;
        let keys = &config.keys;
        let image_path = config.image_path.as_str();
        let patches = &*config.patches;
        ModuleLoader { memory, limits, pool, objects, files, imports, modules, keys, image_path, patches }
    }

    /// Symbolization of code addresses.
    pub(crate) fn symbolizer(&self) -> Symbolizer<'_> {
        let Self { imports, modules, config, .. } = self;
        Symbolizer { imports, modules, report_name: config.report_name.as_deref() }
    }
}
