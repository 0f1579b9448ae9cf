//! Fuzz test: any program translates to a valid module, or is refused with a reason.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use xenia_gpu::microcode::{Program, ShaderKind, ShaderObject, assemble, disassemble};
use xenia_scenes::programs;
use xenia_shaders::{Expansion, Interpolators, PixelsOf, Stage, TranslateError, translate};

/// Number of random programs by default; set by `XENIA_SHADER_PROGRAMS`.
const PROGRAMS: u64 = 2000;

fn count() -> u64 {
    xenia_testing::number_in_environment("XENIA_SHADER_PROGRAMS", PROGRAMS)
}

fn stages(kind: ShaderKind) -> [Stage; 2] {
    let interpolators = Interpolators { count: 9, flat: 0b10, centroid: 0b100, ..Interpolators::default() };
    let in_pipeline = match kind {
        ShaderKind::Vertex => Stage::Vertex { interpolators, clip: true, expansion: Expansion::None },
        ShaderKind::Pixel => Stage::Pixel {
            interpolators,
            position_register: Some(11),
            pixels_of: PixelsOf::Points,
            alpha_test: true,
            alpha_to_mask: true,
            anisotropic: 0x5555_5555,
        },
    };
    [in_pipeline, Stage::Compute { kind, inputs: 3 }]
}

/// Translates and validates a program; returns the translation error, if any.
fn check(program: &Program, stage: Stage) -> Result<(), TranslateError> {
    let translation = translate(program, stage)?;
    if let Err(error) = translation.validate() {
        panic!("{stage:?}: {error}\n{}", disassemble(ShaderKind::Pixel, program));
    }
    Ok(())
}

#[test]
fn translations_of_random_programs_are_valid() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for i in 0..count() {
        let kind = if i % 2 == 0 { ShaderKind::Vertex } else { ShaderKind::Pixel };
        let program = Program::decode(&programs::words(&mut rng, kind));
        let stage = stages(kind)[(i / 2 % 4 == 0) as usize];
        check(&program, stage).unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn expanded_vertex_shaders_are_valid() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let expansions = [
        Expansion::Rectangles,
        Expansion::Points { place: Some(3) },
        Expansion::Points { place: None },
        Expansion::Lines,
    ];
    let interpolators = Interpolators { count: 9, flat: 0b10, ..Interpolators::default() };
    for i in 0..count() / 4 {
        let program = Program::decode(&programs::words(&mut rng, ShaderKind::Vertex));
        for expansion in expansions {
            let stage = Stage::Vertex { interpolators, clip: i % 2 == 0, expansion };
            check(&program, stage).unwrap_or_else(|error| panic!("{error}"));
        }
    }
}

#[test]
fn hostile_words_validate_or_are_refused() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut refused = 0;
    for i in 0..count() {
        let mut words: Vec<u32> = (0..rng.random_range(0..200)).map(|_| rng.random()).collect();
        let pairs = rng.random_range(1..6);
        for (i, word) in words.iter_mut().take(pairs * 3).enumerate() {
            *word &= [0xffff_f01f, 0xf01f_ffff, 0xffff_ffff][i % 3];
        }
        let kind = if i % 2 == 0 { ShaderKind::Vertex } else { ShaderKind::Pixel };
        let stage = stages(kind)[(i / 2 % 2) as usize];
        refused += u64::from(check(&Program::decode(&words), stage).is_err());
    }
    assert!(refused > 0 && refused < count() / 2, "{refused} of {}", count());
}

#[test]
fn translations_have_a_text() {
    let text = "vfetch r1, r0.x, vf0, format=57, stride=3, offset=0\nsetp_gt r2._, r1.x\n\
                loop i0, e\nb:\nexec p0\nlog r1.x, r1.y\nendloop i0, b\ne:\nexec\nmax oPos, r1, r1";
    let program = Program::decode(&assemble(text).unwrap());
    for stage in stages(ShaderKind::Vertex) {
        let text = translate(&program, stage).unwrap().wgsl().unwrap();
        for part in ["fn vertex_word(", "fn shader(", "fn main(", "loop {", "log2("] {
            assert!(text.contains(part), "{part} is missing:\n{text}");
        }
    }
}

#[test]
fn the_largest_programs_validate() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    // Clauses that share their instructions; every second one is conditional.
    let mut words = [0x6600, 0x6600_1000, 0x5000_0000].repeat(682);
    words.resize(3 * 0x600, 0);
    // Without exports, because some can't be translated.
    words.extend((0..18).map(|i| if i % 3 == 0 { rng.random::<u32>() & !(1 << 15) } else { rng.random() }));
    let program = Program::decode(&words);
    assert_eq!(program.instructions.len(), 8184);
    for kind in [ShaderKind::Vertex, ShaderKind::Pixel] {
        for stage in stages(kind) {
            check(&program, stage).unwrap();
        }
    }
}

#[test]
fn translation_errors_name_the_unsupported_feature() {
    let program = Program::decode(&assemble("max eM0, r0, r0").unwrap());
    let error = check(&program, stages(ShaderKind::Pixel)[0]).unwrap_err().to_string();
    assert_eq!(error, "an export to memory (eA, eM0 to eM4) has no translation");
    // Clauses that share their instructions make a program of few words large.
    let mut words = [0x6600, 0x6600_1000, 0x1000_0000].repeat(1536);
    words.extend([0; 18]);
    let error = check(&Program::decode(&words), stages(ShaderKind::Pixel)[0]).unwrap_err().to_string();
    assert_eq!(error, "18432 instructions are more than 8192");
}

/// Program of `pairs` pairs of a clause and a conditional jump to anywhere.
fn jumps(pairs: u32) -> Program {
    let mut words = Vec::new();
    for i in 0..pairs {
        let is_last = i + 1 == pairs;
        let low = pairs | 3 << 12;
        let high = if is_last { 0x2000 } else { 0x1000 };
        let target = (i * 7919 + 13) % (2 * pairs);
        let (jump_low, jump_high) = if is_last { (0, 0) } else { (target | 1 << 14, 0xb000 | (i & 1) << 10) };
        words.extend([low, high | (jump_low & 0xffff) << 16, jump_low >> 16 | jump_high << 16]);
    }
    let clause = assemble("setp_gt r1.x, r0.x\nadd r1, r1, r0\nmax oC0, r1, r1").unwrap();
    words.extend(&clause[clause.len() - 9..]);
    Program::decode(&words)
}

#[test]
fn programs_of_many_jumps_are_refused() {
    let stage = stages(ShaderKind::Pixel)[1];
    check(&jumps(100), stage).unwrap();
    let error = check(&jumps(1300), stage).unwrap_err().to_string();
    assert!(error.ends_with("are more than 256"), "{error}");
}

#[test]
fn shaders_of_titles_validate() {
    let Some(files) = xenia_testing::files_of_titles(&["xvu", "xpu"]) else { return };
    for path in files {
        let object = ShaderObject::parse(&std::fs::read(&path).unwrap()).unwrap();
        for stage in stages(object.kind.unwrap()) {
            check(&Program::decode(&object.words), stage).unwrap();
        }
    }
}
