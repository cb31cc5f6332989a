use hyperfeed_types::{Instant, PeerId};
use hyperfeed_v2_protocol::{ApiMisuse, Config, Event, Protocol, ProtocolError};
use hyperfeed_v2_wire::KEEP_ALIVE;

use crate::peer::{NOW, Peer, key};

/// A plain session with a timeout in milliseconds, beginning at 1000.
fn protocol(timeout_ms: u64) -> Protocol {
    let mut config = Config::new(PeerId::new([1; 32]));
    config.timeout_ms = timeout_ms;
    Protocol::new(config, [1; 32], at(0))
}

fn at(millis: u64) -> Instant {
    Instant::from_millis(1000 + millis)
}

/// Advances to `until` from one wakeup to the next; gives the times at which keep-alives were sent.
fn run(protocol: &mut Protocol, until: u64) -> Result<Vec<u64>, (u64, ProtocolError)> {
    let mut sent = Vec::new();
    while let Some(next) = protocol.poll_timeout().filter(|next| *next <= at(until)) {
        let mut out = Vec::new();
        let millis = next.as_millis() - 1000;
        protocol
            .handle_timeout(next, &mut out)
            .map_err(|error| (millis, error))?;
        if !out.is_empty() {
            assert_eq!(out, KEEP_ALIVE);
            sent.push(millis);
        }
    }
    Ok(sent)
}

fn hear(protocol: &mut Protocol, bytes: &[u8]) -> Vec<Event> {
    protocol.handle_input(at(0), bytes);
    std::iter::from_fn(|| protocol.poll_event().unwrap()).collect()
}

#[test]
fn a_keep_alive_is_sent_after_the_timeout_without_sending() {
    let mut protocol = protocol(5000);
    assert_eq!(run(&mut protocol, 4999), Ok(vec![]));
    assert_eq!(run(&mut protocol, 5000), Ok(vec![5000]));
    for second in 5..60 {
        hear(&mut protocol, KEEP_ALIVE);
        let sent = run(&mut protocol, second * 1000 + 999).unwrap();
        assert_eq!(!sent.is_empty(), second % 5 == 0 && second > 5, "{second}");
    }
}

#[test]
fn the_connection_is_over_after_one_and_a_half_timeouts_of_silence() {
    let mut protocol = protocol(5000);
    assert_eq!(
        run(&mut protocol, 100_000),
        Err((7500, ProtocolError::TimedOut))
    );
    assert_eq!(protocol.poll_timeout(), None);
    assert_eq!(protocol.poll_event(), Err(ProtocolError::TimedOut));
    let mut out = Vec::new();
    let error = protocol.handle_timeout(at(100_000), &mut out);
    assert_eq!(error, Err(ProtocolError::TimedOut));
    let error = protocol.open(at(100_000), &key(1), &mut out);
    assert_eq!(error, Err(ApiMisuse::ConnectionOver));
    assert!(out.is_empty());
    assert!(!protocol.wants_input());
}

#[test]
fn any_received_frame_puts_the_end_off() {
    // A keep-alive, an overlong one, no handshake, a close of nothing.
    for frame in [&[0][..], &[0x80, 0], &[2, 7, 7], &[1, 0]] {
        let mut protocol = protocol(5000);
        run(&mut protocol, 7499).unwrap();
        hear(&mut protocol, frame);
        run(&mut protocol, 7499 + 6250).unwrap();
        assert_eq!(
            run(&mut protocol, 100_000),
            Err((13_750, ProtocolError::TimedOut))
        );
    }
}

#[test]
fn any_sent_frame_puts_the_keep_alive_off() {
    let mut protocol = protocol(5000);
    let mut out = Vec::new();
    run(&mut protocol, 4999).unwrap();
    let channel = protocol.open(at(4999), &key(1), &mut out).unwrap();
    assert_eq!(run(&mut protocol, 6250), Ok(vec![]));
    hear(&mut protocol, KEEP_ALIVE);
    protocol
        .send_raw(at(6250), channel, 9, b"", &mut out)
        .unwrap();
    assert_eq!(run(&mut protocol, 11_249), Ok(vec![]));
    assert_eq!(run(&mut protocol, 11_250), Ok(vec![11_250]));
    assert_eq!(protocol.stats().frames_out, 3);
    assert_eq!(protocol.stats().last_output, at(11_250));
}

#[test]
fn bytes_that_trickle_in_do_not_put_the_end_off() {
    let mut protocol = protocol(5000);
    let mut frame = [&[100, 0][..], &[0x0a; 99]].concat().into_iter();
    let mut end = None;
    for second in 0..100 {
        hear(&mut protocol, &[frame.next().unwrap()]);
        if let Err(error) = run(&mut protocol, second * 1000) {
            end = Some(error);
            break;
        }
    }
    assert_eq!(end, Some((7500, ProtocolError::TimedOut)));
}

#[test]
fn a_frame_that_waits_to_be_polled_has_been_received() {
    let mut protocol = protocol(5000);
    protocol.handle_input(at(0), &[2, 7, 7, 1]);
    assert!(run(&mut protocol, 100_000).is_ok());
    // Half a frame is left.
    while protocol.poll_event().unwrap().is_some() {}
    assert_eq!(
        run(&mut protocol, 200_000),
        Err((107_500, ProtocolError::TimedOut))
    );
}

#[test]
fn a_full_holding_buffer_with_nothing_open_ends_in_the_timeout() {
    let mut config = Config::new(PeerId::new([1; 32]));
    config.limits.max_held_frames = 0;
    let mut a = Peer::new(Config::new(PeerId::new([2; 32])), 2);
    a.open(&key(1));
    let mut protocol = Protocol::new(config, [1; 32], at(0));
    hear(&mut protocol, &a.sent());
    assert!(!protocol.wants_input());
    assert_eq!(
        run(&mut protocol, 100_000),
        Err((7500, ProtocolError::TimedOut))
    );
}

#[test]
fn missed_ticks_are_not_made_up_for() {
    let mut protocol = protocol(5000);
    let mut out = Vec::new();
    // The machine slept for a day.
    let day = 86_400_000;
    for _ in 0..10 {
        protocol.handle_timeout(at(day), &mut out).unwrap();
    }
    assert!(out.is_empty());
    assert_eq!(protocol.poll_timeout(), Some(at(day + 1250)));
    // A little late is no reason to be late for ever.
    protocol.handle_timeout(at(day + 1300), &mut out).unwrap();
    assert_eq!(protocol.poll_timeout(), Some(at(day + 2500)));
}

#[test]
fn a_call_before_its_time_does_nothing() {
    let mut protocol = protocol(5000);
    let mut out = Vec::new();
    for millis in 0..1250 {
        protocol.handle_timeout(at(millis), &mut out).unwrap();
    }
    assert_eq!(protocol.poll_timeout(), Some(at(1250)));
    assert!(out.is_empty());
}

#[test]
fn the_interval_is_a_quarter_rounded_down_and_0_is_the_default() {
    for (timeout, interval) in [
        (0, 1250),
        (5000, 1250),
        (10_003, 2500),
        (1, 1),
        (u64::MAX, u64::MAX),
    ] {
        let protocol = protocol(timeout);
        let next = protocol.poll_timeout().unwrap().as_millis();
        assert_eq!(next, 1000_u64.saturating_add(interval.min(u64::MAX / 4)));
    }
}

#[test]
fn a_call_for_an_idle_pair_keeps_both_alive_for_ever() {
    let [(mut a, mut b), _] = Peer::pairs();
    a.open(&key(1));
    b.open(&key(1));
    for tick in 1..10_000 {
        let now = Instant::from_millis(NOW.as_millis() + tick * 1250);
        let from_a = a.sent();
        let from_b = b.sent();
        a.receive(&from_b).unwrap();
        b.receive(&from_a).unwrap();
        a.protocol.handle_timeout(now, &mut a.out).unwrap();
        b.protocol.handle_timeout(now, &mut b.out).unwrap();
    }
    assert_eq!(a.protocol.stats().frames_out, 1 + 2499);
}
