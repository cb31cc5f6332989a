//! A node under attack, an honest peer of it, and two feeds that must go on whatever happens.

use crate::net::{Net, block};
use crate::puppet::Puppet;
use hyperfeed_flat_tree::BlockIndex;
use hyperfeed_types::FeedKey;
use hyperfeed_v2_feed::Slot;
use hyperfeed_v2_protocol::ChannelId;
use hyperfeed_v2_replicate::{Config, EdgeConfig, FeedOptions, PeerError, PeerKey};

pub(crate) struct Siege {
    pub(crate) net: Net,
    pub(crate) honest: usize,
    pub(crate) victim: usize,
    /// Written by the honest peer, with three blocks; the victim has a copy.
    pub(crate) f: [Slot; 2],
    /// Written by the victim, empty; the honest peer has a copy.
    pub(crate) g: [Slot; 2],
    pub(crate) f_key: FeedKey,
    pub(crate) g_key: FeedKey,
    /// The attacker's link, and what the victim calls it.
    pub(crate) link: usize,
    pub(crate) attacker: PeerKey,
    /// The attacker's channel for the feed of the honest peer.
    pub(crate) channel: ChannelId,
}

impl Siege {
    /// The victim has all blocks; the attacker has opened the first feed and said nothing else.
    pub(crate) fn new(config: Config) -> Self {
        let mut siege = Self::around(config, FeedOptions::default());
        siege.net.run();
        assert_eq!(siege.net.held(siege.victim, siege.f[1]), 3);
        siege
    }

    /// The victim may still have everything to fetch.
    pub(crate) fn around(config: Config, options: FeedOptions) -> Self {
        let mut net = Net::new();
        let (honest, f_honest, f_key) = net.writer(3);
        let victim = net.node(config);
        let (g_victim, g_key) = net.create(victim, 2);
        let f = [f_honest, net.clone_on(victim, f_key, options)];
        let g = [
            net.clone_on(honest, g_key, FeedOptions::default()),
            g_victim,
        ];
        let wire = net.connect(honest, victim);
        for (slots, at) in [(f, 0), (f, 1), (g, 0), (g, 1)] {
            net.join([honest, victim][at], wire.peers[at], slots[at]);
        }
        let (link, attacker) = net.puppet_with(victim, EdgeConfig::new([0xee; 32].into()));
        net.join(victim, attacker, f[1]);
        let channel = net.puppet(link).open(&f_key);
        Self {
            net,
            honest,
            victim,
            f,
            g,
            f_key,
            g_key,
            link,
            attacker,
            channel,
        }
    }

    pub(crate) fn puppet(&mut self) -> &mut Puppet {
        self.net.puppet(self.link)
    }

    /// Lets the attack happen, and shows that the honest peer and both feeds go on.
    pub(crate) fn goes_on(&mut self) {
        self.net.run();
        for feed in 0..2 {
            let (from, to, slots) = match feed {
                0 => (self.honest, self.victim, self.f),
                _ => (self.victim, self.honest, [self.g[1], self.g[0]]),
            };
            let length = self.net.feed(from, slots[0]).length();
            self.net.append(from, slots[0], length..length + 5);
            self.net.pass(200);
            assert_eq!(self.net.held(to, slots[1]), length + 5, "feed {feed}");
        }
        self.is_unharmed();
        assert!(self.net.nodes[self.honest].dropped.is_empty());
        let dropped = &self.net.nodes[self.victim].dropped;
        assert!(dropped.iter().all(|(peer, _)| *peer == self.attacker));
    }

    /// All that the victim holds of the first feed is what the writer wrote.
    pub(crate) fn is_unharmed(&mut self) {
        let node = &mut self.net.nodes[self.victim].replicator;
        let (feed, store) = node.feed_and_store(self.f[1]).unwrap();
        for index in feed.held().clone().runs(0..u64::MAX).flatten() {
            let found = feed.block(store, BlockIndex::new(index).unwrap()).unwrap();
            assert_eq!(found.unwrap().data, block(index));
        }
    }

    /// Why the attacker was dropped. Everything else goes on.
    pub(crate) fn verdict(&mut self) -> PeerError {
        self.goes_on();
        assert!(!self.net.is_open(self.link));
        let verdict = self.net.nodes[self.victim].verdict(self.attacker);
        verdict.unwrap().clone()
    }

    /// The attacker is still there, and everything goes on.
    pub(crate) fn is_borne(&mut self) {
        self.goes_on();
        let verdict = self.net.nodes[self.victim].verdict(self.attacker);
        assert!(verdict.is_none(), "{verdict:?}");
    }
}
