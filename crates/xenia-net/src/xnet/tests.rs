//! Tests of the results of name look-ups in guest memory, and of consoles that were heard.

use super::*;
use xenia_memory::{Heap, Protect};

#[test]
fn a_result_has_eight_addresses_at_most() {
    let memory = GuestMemory::new().unwrap();
    let at = memory.alloc(Heap::Virtual4K, 0x1000, 0x1000, Protect::READ_WRITE).unwrap();
    let stored = |result: &Result<Vec<Ipv4Addr>, WsaError>| -> Vec<u32> {
        begin_lookup(&memory, at).unwrap();
        memory.write(at.offset(LOOKUP_SIZE), 77_u32).unwrap();
        store_lookup(&memory, at, result).unwrap();
        (0..=LOOKUP_SIZE / 4).map(|index| memory.read(at.offset(4 * index)).unwrap()).collect()
    };
    let found =
        |count: u32| -> Result<Vec<Ipv4Addr>, WsaError> { Ok((1..=count).map(Ipv4Addr::from).collect()) };
    assert_eq!(stored(&found(7)), [0, 7, 1, 2, 3, 4, 5, 6, 7, 0, 77]);
    for count in [8, 9, 1000] {
        assert_eq!(stored(&found(count)), [0, 8, 1, 2, 3, 4, 5, 6, 7, 8, 77], "{count} addresses");
    }
    let refused = stored(&Err(WsaError::HOST_NOT_FOUND));
    assert_eq!(refused, [11001, 0, 0, 0, 0, 0, 0, 0, 0, 0, 77]);
}

#[test]
fn consoles_that_were_heard_are_forgotten_with_their_session() {
    let ends: [fn(&mut XNet); 2] = [|xnet| xnet.unregister_key([1; 8]).unwrap(), XNet::end];
    for end in ends {
        let mut xnet = XNet::default();
        xnet.register_key([1; 8], [2; 16]).unwrap();
        xnet.heard.insert(Ipv4Addr::LOCALHOST);
        end(&mut xnet);
        assert!(xnet.keys.is_empty() && xnet.heard.is_empty());
    }
}

#[test]
fn a_key_that_replaces_itself_stays() {
    let mut xnet = XNet::default();
    xnet.register_key([1; 8], [2; 16]).unwrap();
    assert_eq!(xnet.replace_key([1; 8], [1; 8]), Ok(()));
    assert_eq!(xnet.register_key([1; 8], [2; 16]), Err(WsaError::INVALID), "it is still there");
    assert_eq!(xnet.replace_key([1; 8], [3; 8]), Err(WsaError::INVALID));
    xnet.register_key([3; 8], [2; 16]).unwrap();
    assert_eq!(xnet.replace_key([1; 8], [3; 8]), Ok(()));
    assert_eq!(xnet.unregister_key([1; 8]), Err(WsaError::INVALID));
}
