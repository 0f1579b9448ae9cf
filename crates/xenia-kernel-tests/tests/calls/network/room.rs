//! Tests of senders that wait for room in a receive buffer.

use super::*;

/// `SOL_SOCKET`, and its option for the size of the receive buffer.
const SOCKET_LEVEL: u64 = 0xFFFF;
const RECEIVE_BUFFER: u64 = 0x1002;

/// Calls that change buffers.
trait BufferCalls {
    fn set_buffer(&mut self, socket: u64, bytes: u32);
}

impl BufferCalls for Harness {
    fn set_buffer(&mut self, socket: u64, bytes: u32) {
        self.memory().write(self.scratch.offset(TIME), bytes).unwrap();
        let at = self.at(TIME);
        assert_eq!(self.net("NetDll_setsockopt", &[1, socket, SOCKET_LEVEL, RECEIVE_BUFFER, at, 4]), 0);
    }
}

#[test]
fn receive_buffer_growth_wakes_the_sender() {
    let mut b = Harness::online();
    let (client, server) = b.pair();
    b.set_buffer(server, 1024);
    let at = b.at(DATA);
    assert_eq!(b.begin("NetDll_send", &[1, client, at, 2000, 0]), None);
    let second = b.add_thread();
    let first = b.act_as(second);
    b.set_buffer(server, 4096);
    assert_eq!(b.answer(first), Some(2000));
}

#[test]
fn a_later_send_is_queued_after_pending_data() {
    let mut b = Harness::online();
    let (client, server) = b.pair();
    b.set_buffer(server, 1024);
    let size = 0x8_0000_u32;
    let big = b.memory().alloc(Heap::Virtual4K, 2 * size + 0x1_0000, 0x1_0000, Protect::READ_WRITE).unwrap();
    b.memory().fill(big, size, 9).unwrap();
    assert_eq!(b.begin("NetDll_send", &[1, client, u64::from(big.0), u64::from(size), 0]), None);
    let second = b.add_thread();
    let third = b.add_thread();
    let first = b.act_as(second);
    // With `MSG_WAITALL`, and more data than one attempt moves.
    let into = big.offset(size);
    let wanted = u64::from(size - 4 + 8);
    b.memory().fill(into, size, 0).unwrap();
    let begun = b.begin("NetDll_recv", &[1, server, u64::from(into.0), 4, 8]);
    assert_eq!(begun, Some(4));
    assert_eq!(b.begin("NetDll_recv", &[1, server, u64::from(into.0), wanted, 8]), None);
    b.act_as(third);
    assert!(b.kernel.net.next_due().is_some(), "there is more to move");
    let at = b.put_text(DATA, "the last");
    assert_eq!(b.begin("NetDll_send", &[1, client, at, 8, 0]), None);
    let kernel = b.kernel.clone();
    while let Some(due) = kernel.net.next_due() {
        b.scheduler.set_now(due);
        kernel.sockets().poll(&mut b.scheduler);
    }
    assert_eq!((b.answer(first), b.answer(third)), (Some(u64::from(size)), Some(8)));
    assert_eq!(b.answer(second), Some(wanted));
    let mut end = [0; 12];
    b.memory().read_bytes(into.offset(size - 8), &mut end).unwrap();
    assert_eq!(&end, b"\x09\x09\x09\x09the last");
}
