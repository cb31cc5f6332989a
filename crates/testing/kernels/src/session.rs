//! Messages over a connection without the cipher, from one side to the other.

use hyperfeed_types::{FeedKey, Instant, PeerId};
use hyperfeed_v2_protocol::{Config, Event, Protocol};
use hyperfeed_v2_wire::{Message, Request};

/// Ten requests a round, in one piece.
pub(crate) fn run(rounds: u64) -> u64 {
    let now = Instant::from_millis(0);
    let key = FeedKey::new([7; 32]);
    let side = |id: u8| {
        let mut config = Config::new(PeerId::new([id; 32]));
        config.encrypted = false;
        Protocol::new(config, [id; 32], now)
    };
    let (mut alice, mut bob) = (side(1), side(2));
    let (mut from_alice, mut from_bob) = (Vec::new(), Vec::new());
    let (Ok(channel), Ok(_)) = (
        alice.open(now, &key, &mut from_alice),
        bob.open(now, &key, &mut from_bob),
    ) else {
        return 0;
    };
    alice.handle_input(now, &from_bob);
    while let Ok(Some(_)) = alice.poll_event() {}
    let mut sum = 0_u64;
    for round in 0..rounds {
        for block in 0..10 {
            let request = Message::Request(Request {
                block: round * 10 + block,
                digest: Some(1),
            });
            // It is open for as long as this runs.
            alice.send(now, channel, &request, &mut from_alice).ok();
        }
        bob.handle_input(now, &from_alice);
        from_alice.clear();
        while let Ok(Some(event)) = bob.poll_event() {
            if let Event::Message { kind, body, .. } = event
                && let Ok(Message::Request(request)) = Message::decode(kind, &body)
            {
                sum = sum.wrapping_add(request.block);
            }
        }
    }
    sum
}
