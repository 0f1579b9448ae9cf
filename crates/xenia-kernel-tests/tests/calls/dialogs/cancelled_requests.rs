//! Tests of requests for dialogs that the title cancels.

use super::*;

#[test]
fn a_cancelled_request_closes_its_dialog() {
    let answers =
        Scripted { button: Some(0), polls_left: Arc::new(Mutex::new(u32::MAX)), ..Scripted::default() };
    let mut b = harness(&answers);
    let base = u64::from(b.scratch.0);
    let overlapped = base + u64::from(OVERLAPPED);
    for wait in [0, 1] {
        b.memory().write(b.scratch.offset(RESULT), 99_u32).unwrap();
        let arguments = [0, 0, 0, 1, base + 0x80, 0, 0, base + u64::from(RESULT), overlapped];
        assert_eq!(b.xam_call("XamShowMessageBoxUI", &arguments), IO_PENDING);
        b.pass_a_field();
        assert_eq!(b.xam_call("XMsgCancelIORequest", &[overlapped + 0x20, wait]), SUCCESS, "of no dialog");
        assert!(b.kernel.user.dialog.is_open());
        assert_eq!(b.xam_call("XMsgCancelIORequest", &[overlapped, wait]), SUCCESS);
        assert_eq!((b.word(RESULT), u64::from(b.word(OVERLAPPED))), (99, CANCELLED));
        assert!(!b.kernel.user.dialog.is_open() && b.kernel.user.dialog.is_shown());
        (0..=CLOSING_FIELDS).for_each(|_| b.pass_a_field());
        assert_eq!((b.xam_call("XamIsUIActive", &[]), b.word(RESULT)), (0, 99));
    }
}
