use crate::pipe::pipe;
use crate::within::within;
use futures::StreamExt;
use hyperfeed::{Core, FeedEvent};

#[test]
fn what_is_appended_while_connected_arrives() {
    within(async {
        let (writer, reader) = (Core::memory().unwrap(), Core::memory().unwrap());
        let feed = writer.create_feed().await.unwrap();
        let copy = reader.open_feed(&feed.key().unwrap()).await.unwrap();
        let mut events = copy.events();
        let (a, b) = pipe(4096);
        feed.replicate(a).unwrap();
        copy.replicate(b).unwrap();
        for number in 0..20_u64 {
            feed.append(number.to_string()).await.unwrap();
            loop {
                match events.next().await.unwrap() {
                    FeedEvent::Have { range } if range.contains(&number) => break,
                    _ => {}
                }
            }
            assert_eq!(copy.length(), number + 1);
        }
    });
}

#[test]
fn a_live_stream_follows_the_writer() {
    within(async {
        let (writer, reader) = (Core::memory().unwrap(), Core::memory().unwrap());
        let feed = writer.create_feed().await.unwrap();
        feed.append("0").await.unwrap();
        let copy = reader.open_feed(&feed.key().unwrap()).await.unwrap();
        let (a, b) = pipe(4096);
        feed.replicate(a).unwrap();
        copy.replicate(b).unwrap();
        let mut blocks = copy.read_stream(..).live();
        assert_eq!(blocks.next().await.unwrap().unwrap(), "0");
        for number in 1..20_u64 {
            feed.append(number.to_string()).await.unwrap();
            assert_eq!(blocks.next().await.unwrap().unwrap(), number.to_string());
        }
    });
}

#[test]
fn a_live_stream_of_a_range_ends_with_it() {
    within(async {
        let core = Core::memory().unwrap();
        let feed = core.create_feed().await.unwrap();
        let stream = feed.read_stream(1..4).live();
        let (blocks, _) = futures::join!(stream.collect::<Vec<_>>(), async {
            for number in 0..6 {
                feed.append(number.to_string()).await.unwrap();
            }
        });
        let blocks: Vec<_> = blocks.into_iter().map(Result::unwrap).collect();
        assert_eq!(blocks, ["1", "2", "3"]);
    });
}
