//! What becomes of a feed whose disk fails.

use crate::net::Net;
use hyperfeed_storage::{Fault, FaultPlan, Faulty, MemoryStore};
use hyperfeed_v2_replicate::{Config, FeedOptions, Reply, Status};

#[test]
fn a_disk_that_fails_is_named_and_tried_again() {
    let mut net = Net::new();
    let (writer, slot, key) = net.writer(10);
    let plan = FaultPlan::new();
    let disk = Faulty::new(MemoryStore::new(), &plan);
    let reader = net.node_over(Config::default(), Box::new(disk.share()));
    let copy = net.clone_on(reader, key, FeedOptions::default());
    let wire = net.connect(writer, reader);
    net.join(writer, wire.peers[0], slot);
    net.join(reader, wire.peers[1], copy);
    plan.fail(plan.operations(), Fault::Before);
    net.run();
    assert_eq!(net.held(reader, copy), 0);
    assert!(matches!(net.status(reader, copy), Status::DiskError(_)));
    assert!(net.nodes[reader].dropped.is_empty());
    net.pass(10_000);
    assert_eq!(
        (net.held(reader, copy), net.status(reader, copy)),
        (10, Status::Complete)
    );
}

#[test]
fn nothing_is_announced_that_a_failed_commit_took_back() {
    let mut net = Net::new();
    let plan = FaultPlan::new();
    let disk = Faulty::new(MemoryStore::new(), &plan);
    let writer = net.node_over(Config::default(), Box::new(disk.share()));
    let (slot, key) = net.create(writer, 1);
    let reader = net.node(Config::default());
    let copy = net.clone_on(reader, key, FeedOptions::default());
    let wire = net.connect(writer, reader);
    net.join(writer, wire.peers[0], slot);
    net.join(reader, wire.peers[1], copy);
    net.run();
    plan.fail(plan.operations(), Fault::Before);
    let leaf = hyperfeed_v2_replicate::Leaf::new("lost".into());
    net.nodes[writer]
        .replicator
        .append(slot, vec![leaf], None, 1);
    net.run();
    assert!(matches!(
        net.nodes[writer].replies.last(),
        Some(Reply::Failed { token: 1, .. })
    ));
    assert_eq!(net.state(reader, copy).known_blocks, 0);
    net.append(writer, slot, 0..1);
    net.run();
    assert_eq!(net.held(reader, copy), 1);
}
