use hmac::{Hmac, KeyInit, Mac};
use hyperfeed_types::{FeedKey, PublicId};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The public id of the feed with this key: what may be shown to those who cannot read it.
///
/// HMAC-SHA256 of the nine bytes `hypercore`, keyed with the feed key (spec section 2).
pub fn public_id(key: &FeedKey) -> PublicId {
    // HMAC fills a key up to a whole block with zeros; doing so here leaves nothing that can fail.
    let mut block = Zeroizing::new([0; 64]);
    for (to, from) in block.iter_mut().zip(key.as_bytes()) {
        *to = *from;
    }
    let mut mac = Hmac::<Sha256>::new((&*block).into());
    mac.update(b"hypercore");
    PublicId::new(mac.finalize().into_bytes().into())
}
