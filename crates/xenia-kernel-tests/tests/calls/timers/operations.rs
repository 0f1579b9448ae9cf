//! Operations on timers, applied to the kernel and to the model.

use super::*;

impl Case {
    pub(super) fn create(&mut self) {
        if self.free().is_none() {
            return;
        }
        let kind = self.dice.below(3) as u64;
        let out = u64::from(self.harness.scratch.0 + OUT);
        let status = self.harness.status("NtCreateTimer", &[out, 0, kind]);
        if kind > 1 {
            assert_eq!(status, NtStatus::INVALID_PARAMETER);
            return;
        }
        assert_eq!(status, NtStatus::SUCCESS);
        let handle = self.harness.word(OUT);
        let body = self.harness.kernel.objects.resolve(xenia_kernel::abi::Handle(handle)).unwrap().body();
        self.add(body.0, Some(u64::from(handle)), kind != 0);
    }

    pub(super) fn interval(&mut self) -> i64 {
        let now = self.harness.scheduler.now();
        match self.dice.below(16) {
            0 => 0,
            1 => i64::MIN,
            2 => i64::MAX,
            3 => 1,
            4 => -1,
            5 => START_FILETIME as i64 + self.dice.below(3) as i64 - 1,
            6 => (START_FILETIME as i64).saturating_add(self.dice.next() as i64 >> 1 & i64::MAX),
            7 => -(self.dice.next() as i64 >> 1 & i64::MAX),
            8 | 9 => xenia_sched::filetime(now + 1000 * self.dice.below(100) as u64) as i64,
            // Often due at the same time as another one.
            _ => -10_000 * self.dice.below(8) as i64,
        }
    }

    pub(super) fn period(&mut self) -> u32 {
        match self.dice.below(8) {
            0..=3 => 0,
            4 => u32::MAX,
            5 => 0x8000_0000,
            _ => 1 + self.dice.below(20) as u32,
        }
    }

    pub(super) fn dpc(&mut self) -> u32 {
        match self.dice.below(8) {
            0..=3 => 0,
            4 => 0xFFFF_FF00,
            _ => self.dice.pick(&self.model.known_dpcs).unwrap(),
        }
    }

    /// Returns a random timer that exists.
    pub(super) fn any(&mut self, can_close: bool) -> usize {
        loop {
            let at = self.dice.below(self.model.timers.len());
            let timer = &self.model.timers[at];
            if !timer.closed && (timer.handle.is_none() || !can_close) {
                return at;
            }
        }
    }

    /// Returns a random thread that can make a call.
    pub(super) fn free(&mut self) -> Option<usize> {
        let who = self.dice.below(self.model.threads.len());
        let thread = &mut self.model.threads[who];
        if thread.wait.is_some() || thread.in_apc.is_some() {
            return None;
        }
        thread.result = None;
        let name = thread.name;
        self.harness.act_as(name);
        Some(who)
    }

    pub(super) fn put_time(&self, value: i64) -> u64 {
        self.harness.memory().write(self.harness.scratch.offset(TIMES), value).unwrap();
        u64::from(self.harness.scratch.0 + TIMES)
    }

    pub(super) fn set(&mut self) {
        let Some(who) = self.free() else { return };
        let at = self.any(false);
        let interval = self.interval();
        let period_ms = self.period();
        let due = model::due(self.harness.scheduler.now(), interval);
        let serial = self.model.next_serial();
        let address = u64::from(self.model.timers[at].at);
        let before = self.model.timers[at].set.is_some();
        let state = self.model.timers[at].state;
        let setting = if let Some(handle) = self.model.timers[at].handle {
            let context = self.dice.next() as u32;
            let routine = if self.dice.one_in(2) { 0x8200_0000 } else { 0 };
            let time = self.put_time(interval);
            let out = u64::from(self.harness.scratch.0 + OUT);
            let arguments = [handle, time, routine, 1, u64::from(context), 0, u64::from(period_ms), out];
            let status = self.harness.status("NtSetTimerEx", &arguments);
            if i32::try_from(period_ms).is_err() {
                assert_eq!(status, NtStatus::INVALID_PARAMETER);
                return;
            }
            assert_eq!(status, NtStatus::SUCCESS);
            assert_eq!(self.harness.word(OUT) >> 24, u32::from(state != 0));
            self.model.forget_apc(at);
            Setting { due, serial, period_ms, dpc: 0, apc: (routine != 0).then_some((who, context)) }
        } else {
            let dpc = self.dpc();
            let once = self.dice.one_in(3);
            let (name, period_ms) = if once { ("KeSetTimer", 0) } else { ("KeSetTimerEx", period_ms) };
            let last = if once { [u64::from(dpc), 0] } else { [u64::from(period_ms), u64::from(dpc)] };
            let arguments = [address, interval as u64, last[0], last[1]];
            if self.model.timers[at].hidden {
                assert!(matches!(self.harness.call(Library::xboxkrnl, name, &arguments), Flow::Fault(_)));
                return;
            }
            assert_eq!(self.harness.kernel_call(name, &arguments), u64::from(before));
            Setting { due, serial, period_ms, dpc, apc: None }
        };
        self.model.set(at, setting, self.harness.scheduler.now());
    }

    pub(super) fn cancel(&mut self) {
        if self.free().is_none() {
            return;
        }
        let at = self.any(false);
        let timer = &self.model.timers[at];
        let address = u64::from(timer.at);
        let handle = timer.handle;
        let hidden = timer.hidden;
        let state = timer.state;
        let before = self.model.timers[at].set.take().is_some();
        if let Some(handle) = handle {
            let out = u64::from(self.harness.scratch.0 + OUT);
            assert_eq!(self.harness.status("NtCancelTimer", &[handle, out]), NtStatus::SUCCESS);
            assert_eq!(self.harness.word(OUT) >> 24, u32::from(state != 0));
            self.model.forget_apc(at);
        } else if hidden {
            assert!(matches!(
                self.harness.call(Library::xboxkrnl, "KeCancelTimer", &[address]),
                Flow::Fault(_)
            ));
        } else {
            assert_eq!(self.harness.kernel_call("KeCancelTimer", &[address]), u64::from(before));
        }
    }

    pub(super) fn wait(&mut self) {
        let Some(who) = self.free() else { return };
        let now = self.harness.scheduler.now();
        let interval = if self.dice.one_in(3) { None } else { Some(self.interval()) };
        let timeout = interval.map_or(0, |interval| self.put_time(interval));
        let deadline = interval.map(|interval| model::due(now, interval));
        let alertable = self.dice.one_in(2);
        let flag = u64::from(alertable);
        let serial = self.model.next_serial();
        // A delay of 0 yields, and no other thread is ready.
        let at_once = if interval == Some(0) { u64::from(NtStatus::NO_YIELD_PERFORMED.0) } else { 0 };
        let mut wait =
            Wait { timers: Vec::new(), all: false, deadline, alertable, by_handle: false, at_once, serial };
        let kind = self.dice.below(6);
        let count = if kind < 3 { 1 + self.dice.below(3) } else { 1 };
        if kind < 5 {
            for _ in 0..count {
                let at = self.any(false);
                // A wait for a timer whose page may be unmapped is not tested here.
                let page = self.model.timers[at].alone;
                if page || self.model.timers[at].handle.is_some() && kind != 4 {
                    return;
                }
                wait.timers.push(at);
            }
        }
        let timer = wait.timers.first().map(|&at| &self.model.timers[at]);
        let (name, arguments) = match (timer, kind) {
            (Some(_), 0..=2) => {
                wait.all = kind == 0;
                for (index, &at) in wait.timers.iter().enumerate() {
                    let place = self.harness.scratch.offset(LIST + 4 * index as u32);
                    self.harness.memory().write(place, self.model.timers[at].at).unwrap();
                }
                let list = u64::from(self.harness.scratch.0 + LIST);
                let any = u64::from(kind != 0);
                ("KeWaitForMultipleObjects", vec![count as u64, list, any, 3, 1, flag, timeout, 0])
            }
            (Some(Timer { handle: Some(handle), .. }), _) => {
                wait.by_handle = true;
                ("NtWaitForSingleObjectEx", vec![*handle, 1, flag, timeout])
            }
            (Some(timer), _) => ("KeWaitForSingleObject", vec![u64::from(timer.at), 3, 1, flag, timeout]),
            (None, _) if timeout == 0 => return,
            (None, _) => ("KeDelayExecutionThread", vec![1, flag, timeout]),
        };
        self.model.wait(who, wait, now);
        let answer = self.harness.carry_out(name, &arguments);
        assert_eq!(answer, self.model.threads[who].result, "{name}");
    }

    /// Makes the guest code that a thread was made to call return.
    pub(super) fn apc_returns(&mut self) {
        let who = self.dice.below(self.model.threads.len());
        if self.model.threads[who].in_apc.is_none() {
            return;
        }
        let name = self.model.threads[who].name;
        let ctx = self.harness.scheduler.context_mut(name).unwrap();
        assert_eq!(
            (ctx.pc, ctx.lr as u32),
            (0x8200_0000, self.harness.kernel.imports.own_stubs.call_return.0)
        );
        ctx.pc = (ctx.lr as u32).wrapping_add(4);
        ctx.gpr[3] = 0x5555;
        self.harness.act(name, |cpu, running| self.system.syscall(cpu, running, 2));
        self.model.threads[who].next_apc();
    }

    pub(super) fn service(&self) -> Option<ThreadRef> {
        self.harness.kernel.threads.lock().interrupts.thread(0).map(|service| service.thread)
    }

    pub(super) fn dpc_returns(&mut self) {
        let Some(thread) = self.service().filter(|_| self.model.dpc.is_some()) else { return };
        let ctx = self.harness.scheduler.context_mut(thread).unwrap();
        ctx.pc = (ctx.lr as u32).wrapping_add(4);
        self.harness.act(thread, |cpu, running| self.system.syscall(cpu, running, 2));
        self.model.dpc = self.model.dpcs.pop_front();
    }

    pub(super) fn remove_dpc(&mut self) {
        if self.free().is_some() {
            let dpc = self.dice.pick(&self.model.known_dpcs).unwrap();
            let before = self.model.dpcs.len();
            self.model.dpcs.retain(|&(queued, _)| queued != dpc);
            let removed = u64::from(self.model.dpcs.len() < before);
            assert_eq!(self.harness.kernel_call("KeRemoveQueueDpc", &[u64::from(dpc)]), removed);
        }
    }

    pub(super) fn time_passes(&mut self) {
        let now = self.harness.scheduler.now();
        let next = self.model.next_due().filter(|&due| due < MAX_TICKS).unwrap_or(now);
        let to = match self.dice.below(8) {
            0 => now,
            1..=3 => next,
            4 => next.saturating_sub(1),
            5 if self.dice.one_in(8) => now + (1 << self.dice.below(48)),
            _ => now + self.dice.below(200_000) as u64,
        };
        self.advance(to.clamp(now, MAX_TICKS - 1));
    }

    pub(super) fn advance(&mut self, now: GuestTicks) {
        self.harness.scheduler.set_now(now);
        self.system.advance(&mut self.harness.scheduler);
        while let Some(thread) = self.harness.scheduler.pop_expired(now) {
            self.harness.scheduler.time_out(&mut self.system, thread);
        }
        self.model.advance(now);
    }

    /// Unmaps a timer's memory.
    pub(super) fn hide(&mut self) {
        let at = self.any(true);
        let timer = &mut self.model.timers[at];
        if timer.alone && !timer.hidden {
            timer.hidden = true;
            // The page stays reserved, so that it is not allocated to something else.
            self.harness.memory().decommit(GuestAddr(timer.at), 0).unwrap();
        }
    }

    pub(super) fn end_thread(&mut self) {
        let who = self.dice.below(self.model.threads.len());
        self.harness.kernel.end_thread(&mut self.harness.scheduler, self.model.threads[who].id, 0).unwrap();
        self.harness.kernel.run_deferred_deletions();
        let name = self.harness.add_thread();
        let id = self.harness.scheduler.thread(name).unwrap().id;
        self.model.replace_thread(who, name, id);
    }

    pub(super) fn close(&mut self) {
        let at = self.any(false);
        let timer = &self.model.timers[at];
        if let Some(handle) = timer.handle {
            self.harness.kernel.close(xenia_kernel::abi::Handle(handle as u32)).unwrap();
            self.model.timers[at].closed = true;
            self.model.delete_closed();
        }
    }

    /// Sets more timers than expire in one round, all due at once.
    pub(super) fn many(&mut self) {
        let memory = self.harness.kernel.memory.clone();
        let count = 1000 + self.dice.below(1500) as u32;
        let size = (count * ktimer::SIZE).next_multiple_of(0x1000);
        let first = memory.alloc(Heap::Virtual4K, size, 0x1000, Protect::READ_WRITE).unwrap();
        if self.free().is_none() {
            return;
        }
        let interval = self.interval();
        let due = model::due(self.harness.scheduler.now(), interval);
        for index in 0..count {
            let at = first.0 + 8 + ktimer::SIZE * index;
            self.add_pointer(at);
            let dpc = self.dpc();
            let arguments = [u64::from(at), interval as u64, u64::from(dpc)];
            assert_eq!(self.harness.kernel_call("KeSetTimer", &arguments), 0);
            let serial = self.model.next_serial();
            let at = self.model.timers.len() - 1;
            let now = self.harness.scheduler.now();
            self.model.set(at, Setting { due, serial, period_ms: 0, dpc, apc: None }, now);
        }
    }
}
