use crate::within::within;
use hyperfeed::{Core, ErrorKind, ReplicateOptions, tcp};

#[test]
fn a_feed_goes_over_tcp() {
    within(async {
        let (writer, reader) = (Core::memory().unwrap(), Core::memory().unwrap());
        let feed = writer.create_feed().await.unwrap();
        feed.append_batch((0..500).map(|number| vec![number as u8; 3000]))
            .await
            .unwrap();
        let listener = tcp::listen(&writer, "127.0.0.1:0", ReplicateOptions::new())
            .await
            .unwrap();
        let address = listener.local_addr().unwrap();
        async_std::task::spawn(listener.run());
        let copy = reader.open_feed(&feed.key().unwrap()).await.unwrap();
        let options = ReplicateOptions::new().listed([&copy]).live(false);
        let replication = tcp::connect(&reader, address, options).await.unwrap();
        replication.finished().await.unwrap();
        assert_eq!(copy.held_blocks(), 500);
    });
}

#[test]
fn an_address_in_use_is_told() {
    within(async {
        let core = Core::memory().unwrap();
        let first = tcp::listen(&core, "127.0.0.1:0", ReplicateOptions::new())
            .await
            .unwrap();
        let address = first.local_addr().unwrap();
        let error = tcp::listen(&core, address, ReplicateOptions::new())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InUse);
        assert!(error.to_string().contains(&address.to_string()), "{error}");
    });
}

#[test]
fn a_lost_connection_is_made_again() {
    within(async {
        let (writer, reader) = (Core::memory().unwrap(), Core::memory().unwrap());
        let feed = writer.create_feed().await.unwrap();
        let copy = reader.open_feed(&feed.key().unwrap()).await.unwrap();
        let listener = tcp::listen(&writer, "127.0.0.1:0", ReplicateOptions::new())
            .await
            .unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let options = ReplicateOptions::new().listed([&copy]);
        async_std::task::spawn(tcp::Reconnect::new(&reader, address, options).run());
        let (first, _) = listener.accept().await.unwrap();
        feed.append("a").await.unwrap();
        assert_eq!(copy.get(0).await.unwrap(), "a");
        first.close().await;
        let (_second, _) = listener.accept().await.unwrap();
        feed.append("b").await.unwrap();
        assert_eq!(copy.get(1).await.unwrap(), "b");
    });
}
