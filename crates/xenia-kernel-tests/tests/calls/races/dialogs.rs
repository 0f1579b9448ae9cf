//! Races of a dialog that one thread answers while another opens it.

use super::*;
use xenia_sched::TICKS_PER_SECOND;

const ROUNDS: usize = 2000;

#[test]
fn listeners_hear_of_a_dialogs_start_before_its_end() {
    let machine = HostThreads::new(&no_routine);
    let thread = machine.add_thread().0;
    let ask = |guest: &mut Guest| {
        let at = |offset| u64::from(machine.scratch.offset(offset).0);
        let labels = at(0);
        let result = at(8);
        let id = at(0xC);
        let parameter = at(0x10);
        guest.memory().write(machine.scratch, at(0x20) as u32).unwrap();
        let listener = guest.call("XamNotifyCreateListener", &[1, 0]);
        let next = |guest: &mut Guest| {
            let any = guest.call("XNotifyGetNext", &[listener, 0, id, parameter]) != 0;
            any.then(|| {
                [0xC, 0x10].map(|word| guest.memory().read::<u32>(machine.scratch.offset(word)).unwrap())
            })
        };
        while next(guest).is_some() {}
        for round in 0..ROUNDS {
            let message = [0xFF, at(0x20), at(0x20), 1, labels, 0, 0, result, 0];
            assert_eq!(guest.call("XamShowMessageBoxUI", &message), 0);
            let heard = [next(guest), next(guest), next(guest)];
            assert_eq!(heard, [Some([9, 1]), Some([9, 0]), None], "round {round}");
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| machine.keep_time(TICKS_PER_SECOND));
        let _ends = Ends(&machine);
        machine.run(thread, ask);
    });
}
