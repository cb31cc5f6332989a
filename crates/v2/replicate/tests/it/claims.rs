//! What a peer says that it has is kept up to a limit, and costs nothing to say.

use crate::siege::Siege;
use hyperfeed_v2_replicate::{Config, FeedOptions, PeerError};
use hyperfeed_v2_wire::varint;

#[test]
fn scattered_claims_of_one_feed_or_of_many_are_bounded_together() {
    let config = Config {
        max_remote_memory: 64 << 10,
        ..Config::default()
    };
    let mut siege = Siege::new(config.clone());
    let channel = siege.channel;
    // 576 bytes a page: 113 fit.
    for page in 1..=113 {
        siege.puppet().have(channel, page * 4096, page * 4096 + 1);
    }
    siege.is_borne();
    siege.puppet().have(channel, 200 * 4096, 200 * 4096 + 1);
    assert!(matches!(siege.verdict(), PeerError::RemoteMemory));

    let mut siege = Siege::new(config);
    let (channel, victim, attacker, slot) =
        (siege.channel, siege.victim, siege.attacker, siege.g[1]);
    siege.net.join(victim, attacker, slot);
    let g_key = siege.g_key;
    let other = siege.puppet().open(&g_key);
    for page in 1..=57 {
        siege.puppet().have(channel, page * 4096, page * 4096 + 1);
        siege.puppet().have(other, page * 4096, page * 4096 + 1);
    }
    assert!(matches!(siege.verdict(), PeerError::RemoteMemory));
}

/// Blocks 0, 4096, 8192, …: a page of memory for 6 bytes.
fn scattered(pages: u64) -> Vec<u8> {
    let mut coded = Vec::new();
    varint::encode(pages, &mut coded);
    for _ in 0..pages {
        varint::encode(1, &mut coded);
        varint::encode(4095, &mut coded);
    }
    // One literal bit set, then the bit of the run.
    coded.extend(std::iter::repeat_n(0b1010_1010, pages.div_ceil(4) as usize));
    coded
}

#[test]
fn a_bitfield_that_expands_is_stopped_while_it_does() {
    let mut siege = Siege::new(Config::default());
    let channel = siege.channel;
    // 9 MB of memory; another 500 times as much is in the next one.
    siege.puppet().have_bits(channel, 0, &scattered(16_000));
    siege.is_borne();
    siege.puppet().have_bits(channel, 0, &scattered(1_000_000));
    assert!(matches!(siege.verdict(), PeerError::RemoteMemory));
}

#[test]
fn a_claim_of_everything_costs_nothing_and_stops_nobody() {
    for bits in [false, true] {
        let mut siege = Siege::around(Config::default(), FeedOptions::default());
        let channel = siege.channel;
        if bits {
            let mut coded = vec![1, 0];
            varint::encode(1 << 51, &mut coded);
            coded.push(0x80);
            siege.puppet().have_bits(channel, 0, &coded);
        } else {
            siege.puppet().have(channel, 0, u64::MAX >> 11);
        }
        siege.is_borne();
        // It never delivers: at last nothing is believed of it.
        siege.net.pass(6_000);
        siege.is_borne();
        let state = siege.net.state(siege.victim, siege.f[1]);
        assert_eq!(state.missing_blocks, 0);
        assert!(siege.puppet().asked().len() <= 64);
    }
}
