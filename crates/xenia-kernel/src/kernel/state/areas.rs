//! State of the kernel's areas besides its core (objects, dispatcher, threads) and its files.

use crate::Kernel;
use crate::display::Display;
use crate::imports::ImportsState;
use crate::loader::ModulesState;
use crate::objects::pool::PoolState;
use crate::sockets::hold_event_again;
use crate::sound::{RenderDriverState, XmaContexts};
use crate::title::TitleState;
use crate::user::UserState;
use crate::user::overlapped::RequestsState;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use xenia_net::SocketsState;
use xenia_rtl::crypto::random::Random;
use xenia_rtl::crypto::uniform::Shuffle;
use xenia_sched::GuestTicks;
use xenia_state::{Impossible, StateSection, Unsaveable, check};
use xenia_sync::Mutex;

/// State of a kernel's areas.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AreasState {
    random: Random,
    uniform: Shuffle,
    pool: PoolState,
    requests: RequestsState,
    imports: ImportsState,
    modules: ModulesState,
    title: TitleState,
    display: Display,
    user: UserState,
    net: SocketsState,
    render_driver: RenderDriverState,
    xma_contexts: XmaContexts,
    /// Refusals by the limits, for the report.
    limits_hit: BTreeMap<String, u64>,
}

impl StateSection for AreasState {
    const NAME: &'static str = "kernel/areas";
    const VERSION: u16 = 11;
}

/// A copy of the data behind a lock, which is released at once.
fn copy_of<T: Clone>(lock: &Mutex<T>) -> T {
    lock.lock().clone()
}

impl AreasState {
    /// The state of the areas besides core and files. No guest code runs.
    ///
    /// # Errors
    /// A debugger's breakpoints, which are in the title's code, or sockets of the host.
    pub fn of(kernel: &Kernel) -> Result<Self, Unsaveable> {
        let Kernel {
            // Configuration, the memory and the chips of the machine, and the lent devices.
            config: _,
            memory: _,
            clock: _,
            chips: _,
            devices: _,
            // The core.
            objects: _,
            service_turns: _,
            dispatcher: _,
            listeners: _,
            sections: _,
            spin_locks: _,
            read_write_locks: _,
            threads: _,
            tls: _,
            frame_count: _,
            pending_apcs: _,
            pending_calls: _,
            // Files.
            files: _,
            file_tables: _,
            transfers: _,
            limits,
            breakpoints,
            random,
            uniform,
            pool,
            requests,
            imports,
            modules,
            title,
            display,
            user,
            net,
            render_driver,
            xma_contexts,
        } = kernel;
        breakpoints.check_saveable()?;
        let pool = pool.lock().state();
        let modules = modules.lock().state();
        Ok(Self {
            random: copy_of(random),
            uniform: copy_of(uniform),
            pool,
            requests: requests.state(),
            imports: imports.state(),
            modules,
            title: copy_of(title),
            display: copy_of(display),
            user: user.state(),
            net: net.state()?,
            render_driver: render_driver.state(),
            xma_contexts: copy_of(xma_contexts),
            limits_hit: limits.hits().into_iter().map(|(name, hits)| (name.to_owned(), hits)).collect(),
        })
    }

    /// Replaces the areas by those of a state that was taken at guest time `now`. Memory and core
    /// are restored already.
    ///
    /// # Errors
    /// A state that no machine can be in; this kernel must not run afterwards.
    pub fn restore(self, kernel: &Kernel, now: GuestTicks) -> Result<(), Impossible> {
        let Self {
            random,
            uniform,
            pool,
            requests,
            imports,
            modules,
            title,
            display,
            user,
            net,
            render_driver,
            xma_contexts,
            limits_hit,
        } = self;
        title.check_state()?;
        display.check_state()?;
        kernel.pool.lock().restore(pool)?;
        kernel.requests.restore(requests, &kernel.limits)?;
        kernel.imports.restore(imports)?;
        kernel.modules.lock().restore(modules, &kernel.limits)?;
        kernel.user.restore(user, &kernel.limits)?;
        kernel.net.restore(net, &|event| hold_event_again(&kernel.objects, event))?;
        (0..render_driver.woken()).for_each(|_| kernel.pending_calls.add());
        kernel.render_driver.restore(render_driver, now)?;
        *kernel.random.lock() = random;
        *kernel.uniform.lock() = uniform;
        *kernel.title.lock() = title;
        *kernel.display.lock() = display;
        *kernel.xma_contexts.lock() = xma_contexts;
        check(kernel.limits.set_hits(&limits_hit), "this program lacks a limit")
    }

    /// Shows the open dialog and plays the current song again, after a load of a state at guest
    /// time `now`. The files are restored already.
    pub fn resume_ports(kernel: &Kernel, now: GuestTicks) {
        kernel.dialogs().show();
        kernel.music_control().resume(now);
    }
}
