//! Every target over its corpus, and over what is near to it.

use std::{fs, path::Path};

use roost_fuzz::TARGETS;

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let files = fs::read_dir(folder).expect("a corpus folder for each target");
    files.map(|file| fs::read(file.expect("listed").path()).expect("readable")).collect()
}

#[test]
fn every_seed_keeps_the_laws() {
    for (name, target) in TARGETS {
        let seeds = corpus(name);
        assert!(seeds.len() >= 3, "{name} has a corpus");
        seeds.iter().for_each(|seed| target(seed));
    }
}

#[test]
fn every_seed_cut_short_keeps_the_laws() {
    for (name, target) in TARGETS {
        for seed in corpus(name) {
            (0..seed.len()).for_each(|end| target(&seed[..end]));
        }
    }
}

#[test]
fn every_seed_with_one_byte_changed_keeps_the_laws() {
    for (name, target) in TARGETS {
        for mut seed in corpus(name) {
            for at in 0..seed.len() {
                let kept = seed[at];
                for byte in [b'\n', b'\r', b' ', b'"', b'/', 0, 0xff] {
                    seed[at] = byte;
                    target(&seed);
                }
                seed[at] = kept;
            }
        }
    }
}
