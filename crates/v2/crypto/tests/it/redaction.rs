use hyperfeed_types::FeedKey;
use hyperfeed_v2_crypto::{Entropy, KeyPair, Nonce};

#[test]
fn debug_shows_no_secret() {
    let pair = KeyPair::from_seed(&[0xab; 32]);
    let entropy = Entropy::from_seed([0xab; 32]);
    assert_eq!(format!("{pair:?}"), "KeyPair(..)");
    assert_eq!(format!("{:?}", pair.secret()), "SecretKey(..)");
    assert_eq!(format!("{entropy:?}"), "Entropy(..)");
    assert_eq!(format!("{:?}", FeedKey::new([0xab; 32])), "FeedKey(..)");
    // A nonce travels in the clear.
    let nonce = format!("{:?}", Nonce::new([0xab; 24]));
    assert_eq!(nonce, format!("Nonce({})", "ab".repeat(24)));
}
