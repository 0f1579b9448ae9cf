//! Streams that nobody wrote.

use proptest::prelude::*;

use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn random_streams_neither_panic_nor_hang(
        words in proptest::collection::vec(prop_oneof![
            any::<u32>(),
            (0u8..128, 1u32..8).prop_map(|(opcode, count)| type3(opcode, count)),
            (0usize..crate::packets::ROWS.len(), 1u32..8).prop_map(|(row, count)| type3(crate::packets::ROWS[row].0, count)),
            0u32..0x1000,
            Just(RING), Just(LIST), Just(DATA_BE),
        ], 1..256),
        size_log2 in any::<u32>(),
        write in any::<u32>(),
    ) {
        let mut m = Machine::new();
        m.list(LIST, &words);
        m.gpu.initialize_ring(RING, size_log2);
        m.gpu.enable_rptr_writeback(write, size_log2);
        m.put(&words);
        m.gpu.store_register(cp::CP_RB_WPTR, write % 300, 0);
        for _ in 0..4 {
            m.pass(5_000);
        }
        crate::packets::disassemble(&words);
    }
}
