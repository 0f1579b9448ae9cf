//! Comparison of the scheduler's observable state with the model's.

use super::*;

impl Case {
    /// Asserts that the observable state of the scheduler equals the model's.
    pub(super) fn compare(&self) {
        let s = &self.scheduler;
        let model = &self.model;
        let mut live = 0;
        for thread in &model.threads {
            let found = match (s.thread(thread.name), thread.state) {
                (Err(error), State::Gone) => {
                    assert_eq!(error, SchedError::Stale(thread.name));
                    continue;
                }
                (found, _) => found.unwrap(),
            };
            assert_eq!((found.reference(), found.id), (thread.name, thread.id));
            assert_eq!(
                (found.slot(), found.context().unwrap().hw_id),
                (thread.slot, thread.slot),
                "{thread:?}"
            );
            assert_eq!(
                (found.affinity(), found.ideal_processor()),
                (thread.affinity, thread.ideal),
                "{thread:?}"
            );
            assert_eq!(
                (found.base_priority(), found.priority()),
                (thread.base, thread.priority),
                "{thread:?}"
            );
            assert_eq!(found.suspend_count(), thread.suspended, "{thread:?}");
            assert_eq!(found.boost_disabled(), thread.boost_disabled, "{thread:?}");
            match (found.state(), thread.state) {
                (ThreadState::Ready, State::Ready) | (ThreadState::Running, State::Running) => {}
                (ThreadState::Waiting { wait, .. }, State::Waiting { asked, .. }) => {
                    assert_eq!(wait.deadline, asked);
                }
                (ThreadState::Exited { code }, State::Exited(expected)) => assert_eq!(*code, expected),
                (state, _) => panic!("{state:?}, and {thread:?}"),
            }
            live += usize::from(!thread.service && !matches!(thread.state, State::Exited(_)));
        }
        assert_eq!(s.live_threads(), live);
        let kept = model.threads.iter().filter(|thread| thread.state != State::Gone).count();
        assert_eq!(s.threads().count(), kept);
        assert_eq!(s.next_deadline(), model.next_deadline());
        assert_eq!(s.counters().switches, model.switches);
        assert_eq!(
            (s.counters().spawn_ok, s.counters().spawn_rejected),
            (model.threads.len() as u64, model.rejected)
        );
        for hw_id in 0..HW_THREADS as u8 {
            let slot = s.slot(hw_id).unwrap();
            let name = |at: usize| model.threads[at].name;
            assert_eq!(slot.running(), model.running(hw_id).map(name), "hw{hw_id}");
            let ready = model.ready(hw_id);
            assert!(slot.ready().eq(ready.iter().copied().map(name)), "hw{hw_id}: {slot:?}, and {ready:?}");
            let spinning = model.spinning(hw_id).map(name);
            assert_eq!(slot.spinning(), spinning, "hw{hw_id}");
            let busy = slot.running().is_some() || spinning.is_none() && !ready.is_empty();
            assert_eq!(s.non_empty_runnable() >> hw_id & 1 == 1, busy, "hw{hw_id}");
        }
    }
}
