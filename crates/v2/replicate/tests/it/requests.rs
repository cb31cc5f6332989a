//! What becomes of a request for a block that is not there, and of one that is taken back.

use crate::net::{Net, SPARSE};
use crate::roles::pair;

#[test]
fn a_peer_that_lacks_a_block_says_so_and_another_is_asked() {
    let (mut net, [_, reader], [_, copy], _) = pair(3, SPARSE);
    let key = *net.feed(reader, copy).key().unwrap();
    let (link, peer) = net.puppet_of(reader);
    net.join(reader, peer, copy);
    let channel = net.puppet(link).open(&key);
    // The writer is away for a moment; the other one claims all.
    net.run();
    net.hold(0, true);
    net.puppet(link).have(channel, 0, 3);
    net.run();
    net.get(reader, copy, 1, 5);
    // The writer had told first, so it may be the one that is asked: then the other one is, once that is late.
    net.pass(7_000);
    assert_eq!(net.puppet(link).asked(), [1]);
    net.puppet(link).have_bits(channel, 0, &[0, 0]);
    net.run();
    assert_eq!(net.puppet(link).asked(), [1]);
    net.hold(0, false);
    net.pass(7_000);
    assert!(net.nodes[reader].got(5));
    assert_eq!(net.puppet(link).asked(), [1]);
}

#[test]
fn a_request_for_a_block_not_held_is_answered_with_what_is() {
    let (mut net, [_, reader], [_, copy], _) = pair(100, SPARSE);
    net.get(reader, copy, 50, 1);
    net.run();
    let key = *net.feed(reader, copy).key().unwrap();
    let (link, peer) = net.puppet_of(reader);
    net.join(reader, peer, copy);
    let channel = net.puppet(link).open(&key);
    net.run();
    let told = net.puppet(link).count(0);
    net.puppet(link).request(channel, 51);
    net.puppet(link).request(channel, 50);
    net.run();
    assert_eq!(net.puppet(link).count(0), told + 1);
    assert_eq!(net.puppet(link).received(), [50]);
    assert!(net.nodes[reader].dropped.is_empty());
}

#[test]
fn a_get_taken_back_is_not_asked_for_and_a_request_taken_back_is_not_answered() {
    let (mut net, [_, reader], [_, copy], wire) = pair(10, SPARSE);
    net.run();
    net.get(reader, copy, 3, 1);
    net.get(reader, copy, 4, 2);
    net.nodes[reader].replicator.cancel(1);
    net.run();
    assert_eq!(net.nodes[reader].downloads(), [4]);
    assert!(net.is_open(wire.link));

    let mut net = Net::new();
    let (writer, slot, key) = net.writer(10);
    let (link, peer) = net.puppet_of(writer);
    net.join(writer, peer, slot);
    let channel = net.puppet(link).open(&key);
    net.run();
    for block in [1, 2, 3] {
        net.puppet(link).request(channel, block);
    }
    let cancel = hyperfeed_v2_wire::Cancel {
        block: 2,
        digest: None,
    };
    net.puppet(link)
        .send(channel, &hyperfeed_v2_wire::Message::Cancel(cancel));
    net.run();
    assert_eq!(net.puppet(link).received(), [1, 3]);
}
