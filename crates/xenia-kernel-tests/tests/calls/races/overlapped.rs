//! Races of an overlapped structure that is reused as soon as its result is stored.

use super::*;
use xenia_guest::layout::dispatcher_header;
use xenia_kernel::abi::Handle;
use xenia_kernel::user::overlapped::DELAY;

const ROUNDS: usize = 2000;
const PENDING: u32 = 0x3E5;
const NOT_CONNECTED: u32 = 0x48F;
/// Offsets in the scratch memory of a structure and a length.
const OVERLAPPED: u32 = 0x40;
const LENGTH: u32 = 0x80;

#[test]
fn an_event_is_of_the_call_that_is_over() {
    let machine = HostThreads::new(&no_routine);
    let thread = machine.add_thread().0;
    let at = |offset| machine.scratch.offset(offset);
    let ask = |guest: &mut Guest| {
        guest.call("NtCreateEvent", &[u64::from(at(LENGTH).0), 0, 0, 0]);
        let event: Handle = guest.memory().read(at(LENGTH)).unwrap();
        let signal =
            machine.kernel.objects.resolve(event).unwrap().body().offset(dispatcher_header::SIGNAL_STATE);
        let overlapped = u64::from(at(OVERLAPPED).0);
        for round in 0..ROUNDS {
            // Every second call is waited for by its structure, which has no event then.
            let event = if round % 2 == 0 { event } else { Handle::NULL };
            guest.memory().write(at(OVERLAPPED + 0xC), event).unwrap();
            assert_eq!(guest.call("XamContentGetDeviceState", &[9, overlapped]), u64::from(PENDING));
            if event == Handle::NULL {
                let waited = guest.call("XamGetOverlappedResult", &[overlapped, u64::from(at(LENGTH).0), 1]);
                assert_eq!(waited, u64::from(NOT_CONNECTED));
                continue;
            }
            loop {
                let signalled = guest.memory().read::<u32>(signal).unwrap() != 0;
                let result: u32 = guest.memory().read(at(OVERLAPPED)).unwrap();
                if result != PENDING {
                    break;
                }
                assert!(!signalled, "round {round}: the event of the call before");
                thread::yield_now();
            }
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| machine.keep_time(DELAY / 4));
        let _ends = Ends(&machine);
        machine.run(thread, ask);
    });
}
