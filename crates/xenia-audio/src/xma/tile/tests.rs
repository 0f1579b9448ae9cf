//! Tests of bands and quantisers.

use super::*;

#[test]
fn bands_are_those_of_the_format() {
    let ends = |code| Bands::of_rate(RateCode(code))[0].ends.clone();
    assert_eq!(ends(0), [4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 68, 84, 100, 128]);
    assert_eq!(ends(1), [4, 8, 12, 16, 20, 24, 28, 36, 44, 52, 60, 76, 96, 124, 128]);
    assert_eq!(ends(2), [4, 8, 12, 16, 20, 24, 32, 36, 44, 56, 68, 88, 120, 128]);
    assert_eq!(ends(3), [4, 8, 12, 16, 20, 24, 28, 36, 40, 52, 64, 84, 112, 128]);
    for code in 0..4 {
        for bands in Bands::of_rate(RateCode(code)) {
            assert!(bands.len() <= MAX_BANDS && bands.ends.is_sorted());
            assert_eq!(
                bands.ranges().map(|range| range.len()).sum::<usize>(),
                usize::from(bands.ends[bands.len() - 1])
            );
        }
    }
}

#[test]
fn bands_of_another_length_are_found_by_their_middle() {
    let all = Bands::of_rate(RateCode::KHZ_48);
    let same = all[0].resampled(128, &all[0], 128);
    assert!((0..all[0].len()).all(|band| usize::from(same[band]) == band), "{same:?}");
    let longer = all[0].resampled(128, &all[2], 512);
    assert!(longer[..all[2].len()].is_sorted() && longer[0] == 0);
    assert_eq!(usize::from(longer[all[2].len() - 1]), all[0].len() - 1);
}

#[test]
fn quantisers_of_each_form_are_read() {
    for (bytes, expected) in [
        (&[0b0000_0000, 0, 0][..], 90),
        (&[0b1111_1100, 0, 0], 89),
        (&[0b0111_1100, 0b0100_0000, 0], 123),
        (&[0b1000_0011, 0b1110_0001, 0], 26),
    ] {
        assert_eq!(read_quantiser(&mut Bits::new(bytes, 24)), Ok(expected), "{bytes:?}");
    }
    assert!(read_quantiser(&mut Bits::new(&[0b0111_1111; 16], 128)).is_ok());
    assert!(read_quantiser(&mut Bits::new(&[0xFF; 16], 128)).is_ok_and(|quantiser| quantiser == 89));
    let mut loud = [0xFF; 32];
    loud[0] = 0x7F;
    assert!(matches!(
        read_quantiser(&mut Bits::new(&loud, 256)),
        Err(XmaError { fault: XmaFault::Quantiser(_), .. })
    ));
}

/// Tiles that send no scale factors have those that were sent last, and their own loudest one.
#[test]
fn tiles_of_other_lengths_resample_what_was_sent() {
    let all = Bands::of_rate(RateCode::KHZ_48);
    let mut sent = [0; MAX_BANDS];
    (0..).zip(&mut sent).for_each(|(band, factor)| *factor = 60 - 7 * (band % 5));
    let mut scales = Scales { factors: sent, sent, sent_for: Some(512), ..Scales::default() };
    let to_128 = all[2].resampled(512, &all[0], 128).map(|band| sent[usize::from(band)]);
    // The flag of each tile is 0: no new ones.
    for (length, expected) in [(128, to_128), (512, sent), (128, to_128)] {
        scales.read(&mut Bits::new(&[0], 1), &all, length, false).unwrap();
        let bands = all[length_index(length)].len();
        assert_eq!(scales.factors[..bands], expected[..bands], "{length}");
        assert_eq!(Some(scales.highest), expected[..bands].iter().copied().max());
    }
}
