//! Replicates over sockets of tokio, on a tokio runtime:
//! `cargo run -p hyperfeed --features tokio --example custom_transport`.

use hyperfeed::{Core, ReplicateOptions};
use std::error::Error;
use tokio::net::{TcpListener, TcpStream};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (writer, reader) = (Core::memory()?, Core::memory()?);
    let feed = writer.create_feed().await?;
    feed.append_batch(["hello", "from", "tokio"]).await?;
    let copy = reader
        .open_feed(&feed.key().ok_or("a live feed has a key")?)
        .await?;

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let connecting = TcpStream::connect(listener.local_addr()?);
    let (accepted, connected) = tokio::try_join!(listener.accept(), connecting)?;

    // The helper spawns the connection on tokio …
    hyperfeed::tokio::replicate(&writer, accepted.0, ReplicateOptions::new())?;

    // … and this is all it does: any runtime, any stream of bytes. The connection is a future; drive it where you like.
    let io = async_compat::Compat::new(connected);
    let (replication, connection) =
        reader.replicate_with(io, ReplicateOptions::new().listed([&copy]).live(false))?;
    let driver = tokio::spawn(connection);

    replication.finished().await?;
    driver.await??;
    for block in 0..copy.length() {
        println!("{}", String::from_utf8_lossy(&copy.get(block).await?));
    }
    Ok(())
}
